"""Bumps of a trajectory to jumps, their runs and starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from model_wrappers.motion import MotionOptions, events
from model_wrappers.motion.steps import Steps
from tests.model_wrappers.motion.films import RUN_A, ballistic, hand_made, true_starts


def test_find_jumps_with_a_late_start() -> None:
    options = MotionOptions()
    signal = hand_made(RUN_A)
    later = replace(signal, times=signal.times + 3.0, duration=signal.duration + 3.0)
    usual = [event.time for event in events.find_jumps(signal, options)]
    moved = [event.time for event in events.find_jumps(later, options)]
    np.testing.assert_allclose(usual, true_starts(RUN_A), atol=0.03)
    np.testing.assert_allclose(moved, np.add(usual, 3.0), atol=0.011)


def test_find_bumps_apexes() -> None:
    rng = np.random.default_rng(5)
    times = np.cumsum(rng.uniform(0.02, 0.06, size=130))
    bumps = [b for b in events.find_bumps(ballistic(times, RUN_A), times, 0.25) if b.rise > 0.02]
    np.testing.assert_allclose([b.apex for b in bumps], RUN_A, atol=0.025)
    assert all(2.0 < b.pull < 9.81 / 1.7 * 1.2 for b in bumps)


def jump(apex: float, rise: float = 0.04, pull: float = 4.0) -> events.Bump:
    return events.Bump(apex, rise, pull)


def test_keep_jumps_drops_other_motion() -> None:
    options = MotionOptions()
    run = [jump(1.0 + 0.4 * k) for k in range(5)]
    low = jump(3.0, rise=0.01)  # below what counts, and below the usual
    floating = jump(3.4, pull=0.5)  # rises and falls too slowly to be a flight
    thrown = jump(3.8, rise=0.4)  # no body jumps that high
    torn = events.Bump(4.2, 0.04, 4.0, unity=0.3)
    assert events.keep_jumps([*run, low, floating, thrown, torn], options) == run
    assert events.keep_jumps([], options) == []


def test_keep_jumps_low_jumps() -> None:
    options = MotionOptions()
    rises = [0.013, 0.011, 0.013, 0.010, 0.014]
    fast = [jump(1.0 + 0.3 * k, rise=rise) for k, rise in enumerate(rises)]
    alone = jump(6.0, rise=0.011)
    assert events.keep_jumps([*fast, alone], options) == fast


def test_split_runs_at_pauses() -> None:
    bumps = [jump(t) for t in (1.0, 1.4, 1.8, 4.0, 5.0)]
    assert [len(run) for run in events.split_runs(bumps, 1.05)] == [3, 2]


def starts(passes: Sequence[float], duration: float = 60.0) -> list[float | None]:
    return events.run_starts(passes, passes, options=MotionOptions(), duration=duration)


def test_run_starts_follow_the_rope() -> None:
    assert starts([2.0, 2.6, 3.2]) == pytest.approx([1.43, 2.05, 2.65])
    assert starts([2.0]) == pytest.approx([1.43])  # one jump


def test_run_starts_of_a_cut_run() -> None:
    # A turn before the first apex the rope was already turning: 0.4 - 11/12 * 0.36 = 0.07.
    assert starts([0.4, 0.76]) == pytest.approx([0.07, 0.43])
    assert starts([0.1, 0.46])[0] is None
    # It ends before the next flight could be: that jump has started all the same.
    assert starts([2.0, 2.36], duration=2.5) == pytest.approx([1.43, 2.03, 2.39])


def test_jump_events_after_a_double_under() -> None:
    singles = [jump(t) for t in (1.0, 1.4, 1.8, 3.0, 3.4)]
    starts = events.jump_events(
        [*singles[:3], jump(2.4, rise=0.12), *singles[3:]],
        MotionOptions(),
        duration=60.0,
    )
    times = [event.time for event in starts]
    # Passes at 2.29 and 2.51: the double-under itself starts after 1.8 as every jump does.
    assert times[3:5] == pytest.approx([1.8 + 0.49 / 12, 2.51 + 0.49 / 12])


def test_spread_order_and_distance() -> None:
    crowd = [events.Event(1.0, 0.3), events.Event(0.5, 0.9), events.Event(1.02, 0.8)]
    assert events.spread(crowd) == [events.Event(0.5, 0.9), events.Event(1.02, 0.8)]


def test_without_rebounds_keeps_the_higher_hops() -> None:
    high, low = (
        [jump(1.0 + k * 0.8 + d, rise=r) for k in range(6)] for d, r in ((0, 0.05), (0.4, 0.03))
    )
    run = sorted([*high, *low], key=lambda bump: bump.apex)
    assert events.without_rebounds(run) == high
    fast = [replace(bump, apex=0.6 * bump.apex) for bump in run]  # no one hops twice in 0.48 s
    assert events.without_rebounds(fast) == fast
    equal = [jump(1.0 + 0.4 * k, rise=0.04 + 0.002 * (k % 2)) for k in range(8)]
    assert events.without_rebounds(equal) == equal


def test_is_rhythm_needs_a_pace() -> None:
    options = MotionOptions()

    def bumps(gaps: Sequence[float], unity: float) -> list[events.Bump]:
        return [replace(jump(float(t)), unity=unity) for t in np.cumsum([1.0, *gaps])]

    steady, ball = [0.45, 0.47, 0.44, 0.46, 0.9], [0.84, 0.56, 0.7, 0.45, 0.65, 0.93]
    assert events.is_rhythm([bumps(steady, 0.85)], options)
    assert not events.is_rhythm([bumps(steady, 0.65)], options)
    assert not events.is_rhythm([bumps(ball, 0.9)], options)
    assert events.is_rhythm([bumps(ball, 0.95)], options)  # clearly one body
    assert events.is_rhythm([bumps([0.6], 0.86)], options)  # two jumps have no pace yet
    assert not events.is_rhythm([bumps([0.6], 0.8)], options)
    assert not events.is_rhythm([], options)


def test_jump_events_of_high_jumps_start_later() -> None:
    # 0.6 s apart: a rise of 0.12 body heights in free fall may be a double-under.
    low, high = ([jump(1.0 + 0.6 * k, rise=r, pull=5.8) for k in range(6)] for r in (0.06, 0.12))
    first, second = (
        [event.time for event in events.jump_events(run, MotionOptions(), duration=60.0)]
        for run in (low, high)
    )
    assert np.subtract(second, first)[1:] == pytest.approx([0.6 * (0.17 - 1 / 12)] * 5)


def test_jump_events_with_steps_between_slow_jumps() -> None:
    steps = Steps(3.0 + 0.15 * np.arange(20), 0.8)
    slow = [jump(t) for t in (1.0, 1.5, 2.0, 2.5, 3.3, 4.1)]  # the last two are inside the steps
    starts = events.jump_events(slow, MotionOptions(), duration=60.0, steps=[steps])
    assert len(starts) == 4 + 20


@pytest.mark.parametrize(("pull", "jumps"), [(2.0, 0), (3.0, 8), (12.0, 8), (20.0, 0)])
def test_jump_events_are_flights_of_a_body(pull: float, jumps: int) -> None:
    # Walkers are never in free flight; a ball is small, so it falls by many of its own sizes.
    run = [jump(1.0 + 0.45 * k, pull=pull) for k in range(8)]
    assert len(events.jump_events(run, MotionOptions(), duration=60.0)) == jumps


def test_jump_events_without_a_body_have_no_steps() -> None:
    ball = [jump(1.0 + 0.5 * k, pull=20.0) for k in range(12)]
    few, many = (Steps(10.0 + 0.2 * np.arange(n), 0.8) for n in (8, 20))
    options = MotionOptions()
    assert events.jump_events(ball, options, duration=60.0, steps=[few]) == []
    assert len(events.jump_events(ball, options, duration=60.0, steps=[many])) == 20


def test_body_bumps_of_two_hands_side_by_side() -> None:
    signal, options = hand_made(RUN_A), MotionOptions()
    assert len(events.body_bumps(signal, options)) >= len(RUN_A)
    flat = replace(signal, up=signal.up.copy())
    flat.up[:, 8:18] = 0.0  # two rows of four cells still move
    assert events.body_bumps(flat, options) == []
    assert events.find_jumps(flat, options) == []
    assert len(events.body_bumps(flat, MotionOptions(least_shape=0.0))) >= len(RUN_A)
