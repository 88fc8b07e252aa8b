#!/usr/bin/env bash
# pandas 3.1.1: read_json turns a column of presentation time stamps into dates, depending on its name
# and on how long the video is. Columns called timestamp or ending in _time become dates once every
# value is above 31,536,000 (a year in seconds). A time base of 1/90000 reaches that at 350 s, one in
# microseconds at 32 s. A column called time, with the same values, stays a number. Expected: numbers
# stay numbers. Pass convert_dates=False.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pandas==3.1.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io
import json

import pandas

rows = [{"time": k, "start_time": k, "timestamp": k} for k in (31_600_000, 31_690_000)]
kinds = {name: kind.kind for name, kind in pandas.read_json(io.StringIO(json.dumps(rows))).dtypes.items()}
short = [{"start_time": 90_000}, {"start_time": 180_000}]
print("pandas", pandas.__version__, kinds)
assert kinds == {"time": "i", "start_time": "M", "timestamp": "M"}, kinds
assert pandas.read_json(io.StringIO(json.dumps(short))).start_time.dtype.kind == "i"
PYTHON
