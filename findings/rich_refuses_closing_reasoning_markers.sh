#!/usr/bin/env bash
# Rich 15.0.0: text of a model that is printed without escaping is markup, but only some of it.
# An opening tag must begin with a small letter, a closing one need not: an answer in the markers of
# Magistral, [THINK] ... [/THINK], raises MarkupError, while [THINK] alone is printed. A list of
# names such as [x, y] disappears without a trace; a list of numbers and [B] are printed as they
# are, so a try with ordinary answers does not show it. Expected: both kinds of tag follow one rule.
# Pass rich.text.Text(text) or markup=False.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check rich==15.0.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io
from importlib.metadata import version

from rich.console import Console
from rich.errors import MarkupError


def printed(text):
    file = io.StringIO()
    Console(file=file, width=80).print(text)
    return file.getvalue().strip()


lines = [printed(text) for text in ("[THINK] 0.3 s?", "axes [x, y]", "[0.28, 0.76]", "[B] table")]
print("rich", version("rich"), lines)
assert lines == ["[THINK] 0.3 s?", "axes", "[0.28, 0.76]", "[B] table"], lines
try:
    printed("[THINK] 0.3 s? [/THINK] 0.28")
except MarkupError as error:
    print("MarkupError:", error)
else:
    raise AssertionError("the closing marker raises no MarkupError any more")
PYTHON
