"""The tempo of the whole clip: rate, octave, and no tempo."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from model_wrappers.motion import flow, tempo
from tests.model_wrappers.motion.films import ballistic, clock, stepping


def rates_inside(signal: flow.Signal) -> np.ndarray:
    result = tempo.find_tempo(signal)
    inside = (result.times > 1.5) & (result.times < signal.duration - 1.5)
    return result.rates[inside]


@pytest.mark.parametrize("side", [False, True])
@pytest.mark.parametrize("gap", [0.13, 0.2, 0.3])
def test_find_tempo_of_alternating_steps(gap: float, side: bool) -> None:
    signal, _ = stepping(gap, side=side)
    np.testing.assert_allclose(rates_inside(signal), 1 / gap, rtol=0.05)


@pytest.mark.parametrize("gap", [0.3, 0.45, 0.6])
def test_find_tempo_of_a_bounce_is_not_doubled(gap: float) -> None:
    times = clock(10.0)
    height = ballistic(times, np.arange(0.5, 9.8, gap).tolist(), flight=0.5 * gap)
    up = np.random.default_rng(0).normal(0, 0.02, (len(times) - 1, 24, 40))
    up[:, 6:20, 18:24] += 48 * np.diff(height)[:, None, None]
    signal = flow.Signal(times, up.astype(np.float32), np.ones((24, 40), np.float32), 10.0)
    np.testing.assert_allclose(rates_inside(signal), 1 / gap, rtol=0.06)


def test_find_tempo_follows_a_change() -> None:
    slow, fast = (stepping(gap)[0] for gap in (0.28, 0.18))
    both = flow.Signal(
        np.concatenate([slow.times, 10.0 + fast.times]),
        np.concatenate([slow.up, fast.up[:1], fast.up]),
        slow.trust,
        20.0,
    )
    result = tempo.find_tempo(both)
    np.testing.assert_allclose(
        np.interp([4.0, 16.0], result.times, result.rates), [3.57, 5.56], rtol=0.06
    )


@pytest.mark.parametrize("still", [True, False])
def test_find_tempo_of_noise(still: bool) -> None:
    times = clock(8.0)
    up = np.random.default_rng(3).normal(0, 0.0 if still else 0.5, (len(times) - 1, 24, 40))
    signal = flow.Signal(times, up.astype(np.float32), np.ones((24, 40), np.float32), 8.0)
    assert not rates_inside(signal).any()


def test_candidate_rates_below_half_the_frame_rate() -> None:
    assert tempo.candidate_rates(30.0)[-1] == pytest.approx(tempo.FASTEST, rel=0.03)
    assert tempo.candidate_rates(12.0)[-1] < 6.0
    assert tempo.candidate_rates(12.0)[0] == tempo.SLOWEST


def test_best_path_by_enumeration() -> None:
    rng = np.random.default_rng(4)
    rates = np.array([1.0, 1.1, 2.0])
    evidence = rng.uniform(0.05, 0.6, (5, 3))
    gain = np.log(np.hstack([evidence, np.full((5, 1), tempo.NO_RHYTHM)]))

    def cost(a: int, b: int) -> float:
        if 3 in (a, b):
            return 0.0 if a == b else tempo.SWITCH
        change = abs(np.log2(rates[a]) - np.log2(rates[b]))
        return min(tempo.CHANGE * tempo.STEPS * 0.25 * change, 2 * tempo.SWITCH)

    def total(path: tuple[int, ...]) -> float:
        steps = sum(cost(a, b) for a, b in pairwise(path))
        return sum(gain[i, state] for i, state in enumerate(path)) - steps

    best = max(np.ndindex(4, 4, 4, 4, 4), key=total)
    assert tuple(tempo.best_path(evidence, rates)) == best
