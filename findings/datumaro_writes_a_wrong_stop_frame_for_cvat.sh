#!/usr/bin/env bash
# datumaro 1.13.12: the CVAT export of a few frames of a video states another range of frames than it
# contains. Tags of the frames 8, 19 and 90 are written as images with the ids 8, 19 and 90, but the
# task has size 3, start_frame 0 and stop_frame 3. CVAT's stop_frame is the last frame itself, so 0 to 3
# are four frames, not three, and none of the tagged ones is in that range.
# Expected: a stop_frame of 90, or ids 0 to 2 with a stop_frame of 2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check datumaro==1.13.12
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from datumaro import Dataset, DatasetItem
from datumaro.components.annotation import Label
from datumaro.components.media import Image

picture = Image.from_numpy(np.zeros((4, 4, 3), np.uint8))
items = [
    DatasetItem(f"frame_{n:06d}", media=picture, annotations=[Label(0)], attributes={"frame": n})
    for n in (8, 19, 90)
]
Dataset.from_iterable(items, categories=["jump"]).export("out", "cvat")
[file] = Path("out").rglob("*.xml")
root = ElementTree.parse(file).getroot()
task = {name: int(root.findtext(f"meta/task/{name}")) for name in ("size", "start_frame", "stop_frame")}
ids = [int(image.get("id")) for image in root.iter("image")]
print("datumaro", version("datumaro"), task, "ids", ids)
assert task == {"size": 3, "start_frame": 0, "stop_frame": 3}, task
assert ids == [8, 19, 90], ids
PYTHON
