#!/usr/bin/env bash
# OmegaConf 2.3.1: whether a clock time in YAML stays text depends on its first digit.
# 1:30 is read as base 60, so it is the integer 90; 01:30 and 00:01:30 stay text. For minutes and
# seconds the integer happens to be the number of seconds, for 1:30 meant as hours and minutes it is
# not, and a list of time stamps comes back with two types. Expected: one type for one notation.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check omegaconf==2.3.1 PyYAML==6.0.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version
from omegaconf import OmegaConf

values = list(OmegaConf.create("times: [1:30, 01:30, 9:59, 10:00, 00:01:30]")["times"])
print("omegaconf", version("omegaconf"), values)
assert values == [90, "01:30", 599, 600, "00:01:30"], values
PYTHON
