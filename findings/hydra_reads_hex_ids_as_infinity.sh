#!/usr/bin/env bash
# Hydra 1.3.8: an id made of hex digits can be a number on the command line.
# The start of a SHA digest such as 12e45678 is valid scientific notation, so the override
# ids=[12e45678] becomes infinity, and its text is lost. 1_000 becomes 1000 in the same way, while 007
# stays text. Expected: a word that cannot be written back from the number stays text. Quote such ids.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check hydra-core==1.3.8
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version
from hydra.core.override_parser.overrides_parser import OverridesParser

parser = OverridesParser.create()
values = parser.parse_override("ids=[12e45678,1_000,007,00d77a68]").value()
print("hydra-core", version("hydra-core"), values)
assert values == [float("inf"), 1000, "007", "00d77a68"], values
PYTHON
