#!/usr/bin/env bash
# srt 3.5.3: compose() deletes each subtitle whose start equals its end, which is how an instant is
# written. parse() reads a file of three jumps at an instant and one interval; compose() returns only the
# interval, numbered 1. Only a message at level INFO is logged. The documentation of compose() describes
# `reindex` as a matter of numbers; the deletion is documented at sort_and_reindex(). With reindex=False
# all four are written. Expected: all four, or an option of compose() for it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check srt==3.5.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from datetime import timedelta
from importlib.metadata import version

import srt

times = [(1.28, 1.28), (1.56, 1.56), (1.84, 1.84), (2.0, 3.0)]
marks = [
    srt.Subtitle(number, timedelta(seconds=start), timedelta(seconds=end), "jump")
    for number, (start, end) in enumerate(times, 1)
]
plain = srt.compose(marks, reindex=False)
assert list(srt.parse(plain)) == marks  # writing and reading instants is possible
again = srt.compose(srt.parse(plain))
print("srt", version("srt"), "with reindex=False:", plain.count("jump"), "by default:", repr(again))
assert again == "1\n00:00:02,000 --> 00:00:03,000\njump\n\n"
PYTHON
