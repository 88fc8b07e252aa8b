#!/usr/bin/env bash
# pysubs2 1.8.1 adds text to cues and removes text from them. It reads WebVTT like SubRip, where a cue
# ends at the next line of times: the name of the next cue and a NOTE between two cues become text of the
# cue before. A last line of digits is taken for the number of the next cue even if it is not followed by
# a cue, so the count in "jumps:\n12" is lost, also from the last cue of a SubRip file that pysubs2
# itself wrote. Nothing is raised or logged. Expected: the texts that webvtt-py 0.6.0 and srt 3.5.3 read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pysubs2==1.8.1 webvtt-py==0.6.0 srt==3.5.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import pysubs2
import srt
import webvtt

TEXT = """WEBVTT

take-1
00:00:01.000 --> 00:00:02.000
first jump

NOTE checked by hand

take-2
00:00:03.000 --> 00:00:04.000
jumps:
12
"""
expected = [cue.text for cue in webvtt.from_string(TEXT)]
texts = [cue.plaintext for cue in pysubs2.SSAFile.from_string(TEXT)]
print("pysubs2", version("pysubs2"), texts, "webvtt-py", version("webvtt-py"), expected)
assert expected == ["first jump", "jumps:\n12"]
assert texts == ["first jump\n\nNOTE checked by hand\n\ntake-2", "jumps:"]

subtitles = pysubs2.SSAFile()
subtitles.events = [pysubs2.SSAEvent(0, 1000, r"jumps:\N7"), pysubs2.SSAEvent(1000, 2000, r"jumps:\N12")]
written = subtitles.to_string("srt")
expected = [cue.content for cue in srt.parse(written)]
texts = [cue.plaintext for cue in pysubs2.SSAFile.from_string(written)]
print("written and read as SubRip:", texts, "srt", version("srt"), expected)
assert expected == ["jumps:\n7", "jumps:\n12"]
assert texts == ["jumps:\n7", "jumps:"]
PYTHON
