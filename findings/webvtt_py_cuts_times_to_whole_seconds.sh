#!/usr/bin/env bash
# webvtt-py 0.6.0: start_in_seconds and end_in_seconds of a caption are whole seconds, cut, not rounded.
# A cue from 1.28 s to 1.96 s starts and ends at second 1, so it has no length, and every event of a
# second falls on one time. The text of the time (start) keeps its fraction. Expected: 1.28.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check webvtt-py==0.6.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import webvtt

text = "WEBVTT\n\n00:00:01.280 --> 00:00:01.960\njump\n"
[cue] = webvtt.from_string(text)
print("webvtt-py", version("webvtt-py"), cue.start, cue.start_in_seconds, cue.end_in_seconds)
assert (cue.start, cue.start_in_seconds, cue.end_in_seconds) == ("00:00:01.280", 1, 1)
PYTHON
