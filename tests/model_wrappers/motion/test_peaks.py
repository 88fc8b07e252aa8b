from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import find_peaks

from model_wrappers.motion.peaks import prominent_peaks

COARSE = st.integers(0, 4).map(float)
"""Few distinct heights: plateaus and peaks of equal height."""
FINE = st.floats(-1e3, 1e3)


@pytest.mark.filterwarnings("ignore:some peaks have a prominence of 0")
@given(
    arrays(np.float64, st.integers(3, 60), elements=COARSE)
    | arrays(np.float64, st.integers(3, 60), elements=FINE),
    st.integers(1, 8),
    st.integers(2, 30),
)
def test_prominent_peaks_equal_scipy(level, distance, window):
    places, facts = find_peaks(level, distance=distance, prominence=1e-6, wlen=window)
    expected = list(zip(places.tolist(), facts["prominences"].tolist(), strict=True))
    assert prominent_peaks(level, distance=distance, window=window, least=1e-6) == expected


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_prominent_peaks_of_a_long_track_equal_scipy(noise):
    moments = np.arange(6000) / 100
    level = np.sin(2 * np.pi * 2.3 * moments)
    level += noise * np.random.default_rng(0).normal(size=len(level))
    places, facts = find_peaks(level, distance=24, prominence=1e-6, wlen=120)
    expected = list(zip(places.tolist(), facts["prominences"].tolist(), strict=True))
    assert len(expected) > 100
    assert prominent_peaks(level, distance=24, window=120, least=1e-6) == expected


def test_prominent_peaks_of_nothing():
    assert prominent_peaks(np.zeros(1), distance=1, window=2, least=0.0) == []
    assert prominent_peaks(np.arange(9.0), distance=1, window=2, least=0.0) == []


def test_events_import_no_scipy_signal():
    code = (
        "import sys, numpy; from model_wrappers.motion.events import find_bumps\n"
        "find_bumps(numpy.arange(200.0), numpy.arange(200.0), 0.3)\n"
        "print([name for name in ('scipy.signal', 'scipy.stats') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
