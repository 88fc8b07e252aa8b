"""Rhythm: the events against an independent search on the rope's angle, and cases by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jumpscore.builder.jump_rope.planning import plan_rhythm
from jumpscore.builder.jump_rope.rhythm import EVENT_ANGLE, Rhythm, RunPlan
from jumpscore.builder.jump_rope.specs import Tempo
from tests.jumpscore.builder.jump_rope.rope_events import TURN, crossings, events_from_motion

tempos = st.builds(
    Tempo,
    gap=st.floats(0.32, 0.8),
    jitter=st.floats(0.0, 0.05),
    drift=st.floats(-0.15, 0.15),
    pause=st.one_of(st.none(), st.just((0.7, 6.0))),
    run_jumps=st.tuples(st.integers(1, 4), st.integers(5, 20)),
    double_unders=st.booleans(),
    misses=st.booleans(),
    footwork=st.just("bounce"),
)


@settings(max_examples=40, deadline=None)
@example(  # eight slow jumps and a miss do not fit: jumps give way, the miss stays
    tempo=Tempo(0.75, 0.0, 0.0, None, (1, 7), False, True, "bounce"), duration=8.0, seed=1
)
@given(tempo=tempos, duration=st.floats(8.0, 25.0), seed=st.integers(0, 2**32))
def test_events_at_the_event_angle(tempo: Tempo, duration: float, seed: int) -> None:
    rhythm = plan_rhythm(tempo, duration, np.random.default_rng(seed))
    assert rhythm.events == pytest.approx(events_from_motion(rhythm), abs=1e-6)
    assert len(rhythm.events) >= 1
    assert all(0 <= t < duration for t in rhythm.events)
    assert (np.diff(rhythm.events) > 0.25).all()
    if tempo.double_unders:
        assert any(jump.kind == "double" for jump in rhythm.jumps)
    if tempo.misses:
        assert rhythm.misses


@settings(max_examples=25, deadline=None)
@given(tempo=tempos, seed=st.integers(0, 2**32))
def test_rope_angle_is_monotone_and_continuous(tempo: Tempo, seed: int) -> None:
    rhythm = plan_rhythm(tempo, 12.0, np.random.default_rng(seed))
    t = np.arange(0.0, 12.0, 0.001)
    steps = np.diff(rhythm.rope_angle(t))
    assert (steps >= -1e-12).all()
    assert steps.max() < 0.05, "faster than 50 rad/s"
    assert np.abs(np.diff(rhythm.body_height(t))).max() < 0.0045, "faster than 4.5 m/s"


def test_from_plans_one_run_by_hand() -> None:
    plan = RunPlan(start=1.0, kinds=("single",) * 4, gaps=(0.4,) * 4)
    rhythm = Rhythm.from_plans([plan], 5.0)
    # The first pass comes 1.5 gaps after the rope starts to move, the others every 0.4 s.
    assert [jump.passes[0] for jump in rhythm.jumps] == pytest.approx([1.6, 2.0, 2.4, 2.8])
    first, second, third, fourth = rhythm.events
    assert 1.0 < first < 1.1
    # Turning steadily, the rope needs a twelfth of its 0.4 s turn from 0 to 30 degrees.
    assert third - 2.0 == pytest.approx(0.4 / 12, abs=0.003)
    assert third - second == pytest.approx(0.4, abs=0.01)
    assert fourth < 2.8
    # 0.22 s of flight: g T^2 / 8 = 0.0593 m.
    assert float(rhythm.body_height(2.0)) == pytest.approx(9.81 * 0.22**2 / 8)
    assert float(rhythm.rope_angle(0.0)) == float(rhythm.rope_angle(0.99)) == math.radians(20)


def test_from_plans_double_under() -> None:
    plan = RunPlan(start=0.5, kinds=("single", "double", "single"), gaps=(0.5, 0.5, 0.5))
    rhythm = Rhythm.from_plans([plan], 5.0)
    assert len(rhythm.events) == 3
    assert len(crossings(rhythm, EVENT_ANGLE)) == 4
    turns = float(rhythm.rope_angle(4.9) - rhythm.rope_angle(0.0)) / TURN
    assert turns == pytest.approx(4.0)
    double = rhythm.jumps[1]
    assert len(double.passes) == 2
    assert rhythm.jumps[0].passes[0] < double.start < double.passes[0]
    inside = np.linspace(*double.passes, 50)
    assert (rhythm.body_height(inside) > 0).all(), "both turns in one flight"


def test_from_plans_miss() -> None:
    plan = RunPlan(start=0.5, kinds=("single", "single"), gaps=(0.4, 0.4), miss=True)
    rhythm = Rhythm.from_plans([plan], 6.0)
    behind = crossings(rhythm, EVENT_ANGLE)
    assert len(behind) == 3, "two jumps and the attempt"
    assert rhythm.events == pytest.approx(behind[:2])
    (miss,) = rhythm.misses
    caught = math.degrees(float(rhythm.rope_angle(miss.hit))) % 360
    assert caught == pytest.approx(350.0), "ten degrees before the feet"
    standing = np.linspace(miss.step_from, miss.step_to, 50)
    assert (rhythm.body_height(standing) <= 0).all(), "stepped over, not jumped"
    assert math.degrees(float(rhythm.rope_angle(5.9))) % 360 == pytest.approx(20.0)


def test_from_plans_overlapping_or_late_runs() -> None:
    plan = RunPlan(start=1.0, kinds=("single",) * 3, gaps=(0.4,) * 3)
    with pytest.raises(ValueError, match="start it later"):
        Rhythm.from_plans([plan, RunPlan(1.5, ("single",), (0.4,))], 9.0)
    with pytest.raises(ValueError, match=r"after the clip's 2\.000 s"):
        Rhythm.from_plans([plan], 2.0)
    with pytest.raises(ValueError, match="2 jumps, 1 gaps"):
        RunPlan(1.0, ("single", "single"), (0.4,))


def test_from_plans_without_runs() -> None:
    rhythm = Rhythm.from_plans([], 4.0)
    assert rhythm.events == ()
    assert set(rhythm.rope_angle(np.linspace(0, 4, 9)).tolist()) == {math.radians(20)}
    assert not rhythm.body_height(np.linspace(0, 4, 9)).any()


def test_plan_rhythm_typical_gap() -> None:
    tempo = Tempo(0.37, 0.03, 0.0, None, (3, 9), False, False, "bounce")
    rhythm = plan_rhythm(tempo, 30.0, np.random.default_rng(0))
    assert np.median(np.diff(rhythm.events)) == pytest.approx(0.37, abs=0.01)
