#!/usr/bin/env bash
# PyArrow 26.0.1: read_csv takes a column of clock times for times of the day, and minutes for hours.
# 00:12 and 01:02, meant as 12 s and 62 s into a video, become 0 h 12 min and 1 h 2 min. One value with
# a fraction (00:12.5) makes the whole column text instead, so the type of a column of annotations
# depends on whether any event falls between two seconds. Expected: text, unless a type is asked for.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pyarrow==26.0.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io

import pyarrow
from pyarrow.csv import read_csv

whole = read_csv(io.BytesIO(b"video,start\na,00:12\nb,01:02\n"))["start"]
mixed = read_csv(io.BytesIO(b"video,start\na,00:12.5\nb,01:02\n"))["start"]
print("pyarrow", pyarrow.__version__, whole.type, whole.to_pylist(), mixed.type, mixed.to_pylist())
assert str(whole.type) == "time32[s]" and whole.to_pylist()[1].hour == 1
assert str(mixed.type) == "string"
PYTHON
