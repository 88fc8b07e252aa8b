#!/usr/bin/env bash
# datumaro 1.13.12: an export in the format cvat cannot be imported again unless the pictures are
# saved, which is not the default. "CVAT for images" without pictures is a normal export of CVAT, and
# annotations are all that a comparison of annotators needs, but the import ends with
# "Cannot find an image which has name=...". The tracks of "CVAT for video" are imported without media.
# Expected: items without media.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check datumaro==1.13.12
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version
from pathlib import Path

import numpy as np
from datumaro import Dataset, DatasetItem
from datumaro.components.annotation import Label
from datumaro.components.errors import DatasetImportError
from datumaro.components.media import Image

picture = Image.from_numpy(np.zeros((4, 4, 3), np.uint8))
item = DatasetItem("frame_000008", media=picture, annotations=[Label(0)])
Dataset.from_iterable([item], categories=["jump"]).export("images", "cvat")
try:
    error = None
    Dataset.import_from("images", "cvat")
except DatasetImportError as raised:
    error = str(raised.__cause__)
print("datumaro", version("datumaro"), "images:", error)
assert error == "Cannot find an image which has name=frame_000008.jpg.", error

Path("video").mkdir()
Path("video/annotations.xml").write_text("""<annotations><version>1.1</version>
<meta><task><name>rope</name><size>20</size><mode>interpolation</mode><labels><label><name>jump</name>
<attributes/></label></labels><original_size><width>4</width><height>4</height></original_size></task></meta>
<track id="0" label="jump"><box frame="8" keyframe="1" outside="0" occluded="0" z_order="0"
xtl="1" ytl="1" xbr="2" ybr="2"/></track></annotations>""")
items = [item.id for item in Dataset.import_from("video", "cvat")]
print("video:", items)
assert items == ["frame_000008"], items
PYTHON
