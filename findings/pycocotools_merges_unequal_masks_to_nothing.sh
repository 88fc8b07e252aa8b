#!/usr/bin/env bash
# pycocotools 2.0.11: merging masks of different sizes gives an empty mask of size 0 x 0, without an error.
# iou of the same masks is -1, which enters a mean as if it were an overlap. This happens when one
# object of a video was annotated at another resolution. Expected: an error that names the two sizes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pycocotools==2.0.11 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from pycocotools import mask

small = mask.encode(np.asfortranarray(np.ones((4, 6), np.uint8)))
large = mask.encode(np.asfortranarray(np.ones((8, 12), np.uint8)))
merged, overlap = mask.merge([small, large]), mask.iou([small], [large], [0])
print("pycocotools", version("pycocotools"), merged, float(mask.area(merged)), overlap.tolist())
assert merged == {"size": [0, 0], "counts": b""} and mask.area(merged) == 0
assert overlap.tolist() == [[-1.0]]
PYTHON
