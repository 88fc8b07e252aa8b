#!/usr/bin/env bash
# lmms-eval 0.7.3, CV-Bench: the option of an answer is its first letter, of any word and any case.
# "The answer is B" is read as T, and "Based on the picture, A"
# as B. An answer that begins with a word starting with the right option's letter scores 1, so a
# model that writes sentences is scored by how they begin. The comment of the function shows letters
# only. Expected: a letter that stands alone, or no option.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps lmms-eval==0.7.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import distribution, version
from importlib.util import module_from_spec, spec_from_file_location

# The one file, since importing the package needs sixty others.
file = distribution("lmms-eval").locate_file("lmms_eval/tasks/cv_bench/utils.py")
spec = spec_from_file_location("cv_bench", file)
task = module_from_spec(spec)
spec.loader.exec_module(task)

texts = ["The answer is B", "Based on the picture, A", "(B)"]
letters = [task._extract_answer_letter(text) for text in texts]
print("lmms-eval", version("lmms-eval"), dict(zip(texts, letters)))
assert letters == ["T", "B", "B"], letters
PYTHON
