#!/usr/bin/env bash
# label-studio-sdk 2.1.2: LabelInterface.validate_task fails on every task that has annotations.
# It calls validate_annotation() without the annotation, so the task of a finished export raises a
# TypeError, valid or not. The same task without annotations validates, and so does the annotation
# itself. Expected: True.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check label-studio-sdk==2.1.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

from label_studio_sdk.label_interface import LabelInterface

interface = LabelInterface(
    '<View><Video name="video" value="$video" frameRate="25"/>'
    '<TimelineLabels name="marks" toName="video"><Label value="jump"/></TimelineLabels></View>'
)
region = interface.get_control("marks").label(["jump"], ranges=[{"start": 9, "end": 9}])._dict()
annotation = {"result": [region]}
data = {"video": "clip.mp4"}
print("label-studio-sdk", version("label-studio-sdk"))
print("task without annotations:", without := interface.validate_task({"data": data}))
print("annotation alone:", alone := interface.validate_annotation(annotation))
try:
    error = None
    interface.validate_task({"data": data, "annotations": [annotation]})
except TypeError as raised:
    error = str(raised)
print("task with annotations:", error)
assert without and alone, (without, alone)
assert error and "missing 1 required positional argument: 'annotation'" in error, error
PYTHON
