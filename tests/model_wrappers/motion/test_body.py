"""The position of the jumping body, and whether it moves as one."""

from __future__ import annotations

import numpy as np
import pytest

from model_wrappers.motion import body, flow
from tests.model_wrappers.motion.films import RUN_A, ballistic, clock, hand_made


def test_body_maps_locate_the_jumper() -> None:
    signal = hand_made(RUN_A)
    motion = body.band_motion(signal)
    maps = body.body_maps(motion, (24, 40))
    assert maps.shape == (4, 24, 40)
    assert maps[:, 10:18, 11:13].min() > 0.8  # also in the blocks of the pause
    assert maps[:, :, 25:].max() < 0.2
    height, width = body.body_size(maps[0])
    assert height == pytest.approx(12 * flow.CELL, abs=2 * flow.CELL)
    assert width < 0.6 * height
    track = body.trajectory(signal, maps)
    truth = 12 * flow.CELL * ballistic(signal.times, RUN_A)
    assert np.corrcoef(track - track.mean(), truth)[0, 1] > 0.97
    assert body.unity(motion, maps)[40] > 0.8  # one body, in flight


def test_unity_of_opposing_limbs() -> None:
    times = clock(4.0)
    up = np.zeros((len(times) - 1, 24, 40), np.float32)
    swing = np.diff(4 * np.sin(2 * np.pi * 2 * times))[:, None, None]
    late = np.diff(4 * np.sin(2 * np.pi * 2 * times - 1.4))[:, None, None]
    up[:, 8:14, 10:14], up[:, 14:20, 10:14] = swing, late
    motion = body.band_motion(flow.Signal(times, up, np.ones((24, 40), np.float32), 4.0))
    assert np.median(body.unity(motion, body.body_maps(motion, (24, 40)))) < 0.75


def test_body_size_of_a_plain_shirt() -> None:
    weights = np.zeros((24, 40))
    weights[[5, 6, 15, 16], 10:14] = 0.9  # head and legs; nothing in between shows motion
    assert body.body_size(weights) == (12 * flow.CELL, 4 * flow.CELL)
    assert body.body_size(np.zeros((24, 40))) == (0.0, 0.0)
