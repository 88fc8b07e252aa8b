#!/usr/bin/env bash
# sed_eval 0.2.1 and mir_eval 0.8.2: whether two onsets exactly 0.1 s apart match, with a collar (window)
# of 0.1 s, depends on their place in the file, because distances are compared in binary floating point
# without a margin: sed_eval matches 0.2 and 0.3, but not 1.0 and 1.1. The two packages also disagree on
# which pairs match. With labels on a grid of 10 frames per second, sed_eval loses every second such
# event. Expected: one answer for every pair at the same distance.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  sed_eval==0.2.1 dcase_util==0.2.20 mir_eval==0.8.2 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import mir_eval
import numpy as np
from dcase_util.containers import MetaDataContainer
from sed_eval.sound_event import EventBasedMetrics


def events(onset):
    row = {"filename": "a.wav", "event_label": "jump", "onset": onset, "offset": onset + 0.5}
    return MetaDataContainer([row])


def matched(reference, estimate):
    metrics = EventBasedMetrics(["jump"], t_collar=0.1, evaluate_offset=False)
    metrics.evaluate(events(reference), events(estimate))
    return metrics.results_overall_metrics()["f_measure"]["f_measure"] == 1.0


pairs = [(k / 10, (k + 1) / 10) for k in range(1, 101)]
by_sed_eval = sum(matched(*pair) for pair in pairs)
by_mir_eval = sum(
    mir_eval.onset.f_measure(np.array([a]), np.array([b]), window=0.1)[0] == 1.0 for a, b in pairs
)
print("sed_eval", version("sed_eval"), "matches", by_sed_eval, "of 100 pairs 0.1 s apart,")
print("mir_eval", version("mir_eval"), "matches", by_mir_eval)
assert matched(0.2, 0.3) and not matched(1.0, 1.1)
assert by_sed_eval == 56 and by_mir_eval == 78
PYTHON
