from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.errors import VideoError
from jumpscore.video.repaired_timeline import _filled, _run_on
from jumpscore.video.timeline import (
    FILLED,
    JOINED,
    WRAP,
    Clock,
    Packets,
    _clock_jumps,
    _restarts,
    _unwrap,
)


def packets(pts, dts=None, key=None) -> Packets:
    """Packets with time stamps, in seconds; all are key frames by default."""
    count = len(pts)
    return Packets(
        pts=np.array(pts, dtype=float),
        dts=np.array(pts if dts is None else dts, dtype=float),
        duration=np.full(count, 0.04),
        size=np.full(count, 100),
        key=np.ones(count, bool) if key is None else np.array(key, bool),
        hidden=np.zeros(count, bool),
        broken=None,
        notes=Counter(),
    )


@given(
    st.lists(st.floats(0.01, 2.0), min_size=5, max_size=40),
    st.sets(st.integers(0, 39), max_size=10),
    st.booleans(),
)
def test_filled_stamps_increase_and_keep_valid_ones(gaps, places, repeat):
    right = np.cumsum(gaps)
    bad = sorted(place for place in places if 0 < place < len(right))[: len(right) // 2 - 1]
    damaged = right.copy()
    for place in bad:
        damaged[place] = damaged[place - 1] if repeat else np.nan
    state = packets(damaged)
    filled = _filled(Path("a.ts"), damaged, state)
    assert (np.diff(filled) > 0).all()
    valid = [place for place in range(len(right)) if place not in bad]
    np.testing.assert_allclose(filled[valid], right[valid])
    assert state.notes[FILLED] == len(bad)


def test_filled_rejects_mostly_missing_stamps():
    stamps = np.array([0.0, np.nan, np.nan, np.nan, 1.0])
    with pytest.raises(VideoError, match=r"3 of 5 frames have missing or repeated time stamps"):
        _filled(Path("a.ts"), stamps, packets(stamps))


@given(st.lists(st.tuples(st.integers(2, 12), st.floats(0, 90_000)), min_size=1, max_size=5))
def test_run_on_joins_recordings_without_gap(parts):
    stamps = np.concatenate([start + np.arange(count) / 25 for count, start in parts])
    state = packets(stamps)
    breaks = _clock_jumps(state)
    run_on = _run_on(state, Clock(by_order=True, breaks=breaks))
    steps = np.diff(run_on)
    assert (steps > 0).all()
    # A step of less than ten seconds may be a pause and is kept.
    assert ((np.abs(steps - 0.04) < 1e-6) | (steps <= 10.0)).all()
    assert state.notes[JOINED] == len(breaks)


@given(st.floats(0.1, 3.0))
def test_unwrap_keeps_clock_increasing(before):
    wrap = WRAP / 90_000
    right = np.arange(wrap - before, wrap + before, 0.04)
    state = packets(np.mod(right, wrap))
    _unwrap(state, wrap)
    np.testing.assert_allclose(state.pts, right, atol=1e-4)
    np.testing.assert_allclose(state.dts, right, atol=1e-4)
    assert not _clock_jumps(state)


def test_restarts_are_key_frames_that_go_back():
    # B-frames after a key frame are shown before it, so this is not a restart.
    one = [0.0, 0.12, 0.04, 0.08, 0.24, 0.16, 0.20]
    key = [True, False, False, False, True, False, False]
    assert _restarts(packets(one, key=key)) == frozenset()
    assert _restarts(packets(one * 3, key=key * 3)) == {7, 14}
