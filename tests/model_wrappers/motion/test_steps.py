"""Fast jumps: how many, and when."""

from __future__ import annotations

import numpy as np
import pytest

from model_wrappers.motion import MotionOptions, events, flow, tempo
from model_wrappers.motion.steps import find_steps
from tests.model_wrappers.motion.films import stepping


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
@pytest.mark.parametrize("gap", [0.13, 0.21, 0.28])
def test_find_steps_every_foot(gap: float, fps: float) -> None:
    signal, tops = stepping(gap, fps=fps)
    (run,) = find_steps(tempo.find_tempo(signal))
    assert len(run.apexes) == pytest.approx(len(tops), abs=2)
    nearest = np.abs(run.apexes[:, None] - tops).min(axis=1)
    assert np.median(nearest) < 0.02
    assert np.median(np.diff(run.apexes)) == pytest.approx(gap, rel=0.02)


def test_find_steps_without_a_bounce_follows_the_feet() -> None:
    # The feet alone: their common motion at the rate of the steps is the second harmonic.
    signal, tops = stepping(0.2, bounce=0.0)
    (run,) = find_steps(tempo.find_tempo(signal))
    assert len(run.apexes) == pytest.approx(len(tops), abs=2)


def test_find_steps_ends_with_the_motion() -> None:
    signal, _ = stepping(0.16, seconds=12.0)
    up = signal.up.copy()
    up[signal.times[:-1] > 7.0] = np.random.default_rng(0).normal(0, 0.02, up.shape[1:])
    (run,) = find_steps(tempo.find_tempo(flow.Signal(signal.times, up, signal.trust, 12.0)))
    assert run.apexes[-1] == pytest.approx(7.0, abs=0.4)
    assert run.contains(6.5)
    assert not run.contains(8.0)


def test_find_jumps_of_steps_are_as_many_as_the_steps() -> None:
    signal, tops = stepping(0.14)
    starts = [event.time for event in events.find_jumps(signal, MotionOptions())]
    assert len(starts) == pytest.approx(len(tops), abs=3)
    assert np.median(np.diff(starts)) == pytest.approx(0.14, rel=0.03)


def test_find_steps_of_a_ball_and_hands() -> None:
    # Two hands in turn without a bounce of the body, each with the path of a sine: no harmonics.
    times = np.arange(300) / 30.0
    place = np.zeros((300, 24, 40))
    place[:, 10:13, 14:17] = np.sin(2 * np.pi * 1.8 * times)[:, None, None]
    place[:, 10:13, 24:27] = -np.sin(2 * np.pi * 1.8 * times)[:, None, None]
    up = np.diff(place, axis=0) + np.random.default_rng(5).normal(0, 0.02, (299, 24, 40))
    signal = flow.Signal(times, up.astype(np.float32), np.ones((24, 40), np.float32), 10.0)
    assert find_steps(tempo.find_tempo(signal)) == []
