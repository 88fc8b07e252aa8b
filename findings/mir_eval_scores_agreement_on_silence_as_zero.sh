#!/usr/bin/env bash
# mir_eval 0.8.2: the onset F-measure of no reference onsets and no estimated onsets is 0, not 1.
# A clip without events, answered rightly with no events, lowers the mean as much as a wrong answer
# does. A warning is issued. Two estimates at the same time are allowed, and one of them is a false
# positive; estimates that are not sorted raise ValueError. Expected of the first: 1, or undefined.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check mir_eval==0.8.2 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import warnings
from importlib.metadata import version

import mir_eval
import numpy as np

warnings.simplefilter("ignore")
nothing = np.array([])
silent = mir_eval.onset.f_measure(nothing, nothing, window=0.1)
double = mir_eval.onset.f_measure(np.array([1.0]), np.array([1.0, 1.0]), window=0.1)
print("mir_eval", version("mir_eval"), silent, double)
assert silent == (0.0, 0.0, 0.0) and abs(double[0] - 2 / 3) < 1e-9
try:
    mir_eval.onset.f_measure(np.array([1.0, 2.0]), np.array([2.0, 1.0]))
except ValueError as error:
    print("ValueError:", error)
else:
    raise AssertionError("unsorted estimates are accepted now")
PYTHON
