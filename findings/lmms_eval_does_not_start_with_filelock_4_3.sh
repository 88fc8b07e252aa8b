#!/usr/bin/env bash
# lmms-eval 0.7.3 declares no upper bound for filelock, and its evaluator imports filelock._api, a
# private module that filelock 4.3 no longer has. So a fresh installation ends with "No module named
# 'filelock._api'" before the first question. Expected: an evaluation that runs, or a cap in the
# package's requirements. Until then: pip install 'filelock<4.3'.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check datasets==5.2.0
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps lmms-eval==0.7.3
cd "$folder"
cat > enable.py <<'PYTHON'
import ast
import os
from importlib.metadata import distribution, version
from pathlib import Path

# The one function that every evaluation calls first, since importing its module needs sixty other
# packages.
source = Path(distribution("lmms-eval").locate_file("lmms_eval/evaluator.py")).read_text()
[function] = [
    node
    for node in ast.parse(source).body
    if isinstance(node, ast.FunctionDef) and node.name == "_enable_reentrant_filelocks"
]
namespace = {"os": os}
exec(compile(ast.Module([function], []), "evaluator.py", "exec"), namespace)
try:
    namespace["_enable_reentrant_filelocks"]()
except ModuleNotFoundError as error:
    outcome = str(error)
else:
    outcome = "works"
print("lmms-eval", version("lmms-eval"), "filelock", version("filelock"), outcome)
PYTHON
for filelock in 4.2.12 4.3.1; do
  "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "filelock==$filelock"
  "$folder/venv/bin/python" enable.py | tee -a output
done
grep --quiet "filelock 4.2.12 works" output
grep --quiet "filelock 4.3.1 No module named 'filelock._api'" output
