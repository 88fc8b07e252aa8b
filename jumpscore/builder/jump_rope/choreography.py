"""Choreography: the runs of a clip in one of the styles; `planning` draws those without one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.rhythm import Rhythm, RunPlan, startup_time
from jumpscore.builder.jump_rope.specs import Tempo
from jumpscore.builder.jump_rope.styles import STYLE, Kind, Style

LEAST_GAP = 0.1205
"""Seconds: no two passes of the rope are planned closer to each other than this."""

_TAIL = 0.5  # seconds of rest before the clip ends
_TRIP_AFTER = (6.0, 14.0)  # seconds of jumping before somebody trips
_AFTER_TRIP = 5.6  # seconds, and two jumps: getting up to speed, the trip, jumping once more
_RESTART = (0.7, 2.0)  # seconds from having stepped over the rope to the next run
_BUILD_UP = 5.0  # jumps over which a run reaches its tempo
_BUILD_UP_GAP = 0.34  # seconds: a fast jumper's first gaps are nearly this long
_DOUBLE_PROBABILITY = 0.12

FloatArray = NDArray[np.float64]


def style_rhythm(tempo: Tempo, duration: float, rng: np.random.Generator) -> Rhythm:
    """Draws the rhythm of a clip whose tempo names a style.

    A clip of at least 8 s with misses has at least one, in its first run, after which the jumper
    starts again. With double-unders there is at least one, in the first run.

    Args:
        tempo: Tempo of the jumper; ``gap`` is the typical time from one event to the next.
        duration: Length of the clip in seconds, at least 6.
        rng: Local generator.
    """
    assert tempo.style is not None
    style = STYLE[tempo.style]
    plans: list[RunPlan] = []
    start = float(rng.uniform(0.2, 1.2))
    while True:
        plan = _fitted(_draw(style, tempo, start, duration, rng, first=not plans), duration)
        if plan is None:
            return Rhythm.from_plans(plans, duration)
        plans.append(plan)
        stop = Rhythm.from_plans([plan], duration).runs[0].stop
        low, high = _RESTART if plan.miss or tempo.pause is None else tempo.pause
        start = stop + float(rng.uniform(low, high))


def _draw(
    style: Style,
    tempo: Tempo,
    start: float,
    duration: float,
    rng: np.random.Generator,
    *,
    first: bool,
) -> RunPlan:
    """One run; without pauses and misses it is longer than the clip."""
    room = duration - start
    if tempo.misses:
        seconds = float(rng.uniform(*_TRIP_AFTER))
        if first:  # early enough in a short clip that the jumper can start again
            seconds = min(seconds, max(room - _AFTER_TRIP - 2 * max(tempo.gap, 0.5), 1.2))
    elif tempo.pause is not None:
        # The square makes short runs likelier than long ones, as in filmed practice.
        low, high = tempo.run_jumps
        seconds = (low + (high - low) * float(rng.random()) ** 2) * max(tempo.gap, 0.25)
    else:
        seconds = room + 2.0
    count = max(3, round(seconds / tempo.gap))
    kinds = _kinds(style, tempo, count, rng, first=first)
    return RunPlan(
        start,
        kinds,
        _gaps(style, tempo, kinds, start / duration, rng),
        miss=tempo.misses and (first or bool(rng.random() < 0.6)),
        pace=style.pace,
        hops=style.name == "rebound",
    )


def _kinds(
    style: Style, tempo: Tempo, count: int, rng: np.random.Generator, *, first: bool
) -> tuple[Kind, ...]:
    """Kinds of a run's jumps: singles to begin with, then the style's own."""
    low, high = style.run_in
    singles = min(int(rng.integers(low, high + 1)), count - 1)
    kinds: list[Kind] = ["single" if j < singles else style.kind for j in range(count)]
    if tempo.double_unders and style.mixes:
        chance = rng.random(count)
        for j in range(2, count):
            if chance[j] < _DOUBLE_PROBABILITY or (first and j == 2):
                kinds[j] = "double"
    return tuple(kinds)


def _gaps(
    style: Style,
    tempo: Tempo,
    kinds: tuple[Kind, ...],
    begin: float,
    rng: np.random.Generator,
) -> tuple[float, ...]:
    """Seconds from each jump's last pass to the next one's first.

    The tempo drifts over the clip and wavers from jump to jump; fast runs build up to it.
    """
    count = len(kinds)
    typical = tempo.gap * (1.0 + tempo.drift * (begin - 0.5))
    jitter = np.clip(rng.standard_normal(count), -2.5, 2.5) * tempo.jitter
    # Neighbouring gaps waver together: half of the jitter is shared by about eight jumps.
    slow = np.convolve(
        np.clip(rng.standard_normal(count + 7), -2.5, 2.5), np.full(8, 1 / 8), "valid"
    )
    gaps = typical * (1.0 + 0.7 * jitter + 2.0 * tempo.jitter * 0.7 * slow)
    excess = max(_BUILD_UP_GAP - typical, 0.0)
    gaps = gaps + excess * np.exp(-np.arange(count) / (_BUILD_UP / 2))
    gaps = np.clip(gaps, max(style.low, LEAST_GAP), style.high)
    doubles = np.array([kind == "double" for kind in kinds])
    share = 1.0 / (1.0 + style.pace.split_share)
    own = np.where(doubles & (style.kind == "double"), share, 1.0)
    return tuple(float(gap) for gap in gaps * own)


def _fitted(plan: RunPlan, duration: float) -> RunPlan | None:
    """The plan without the jumps that do not fit into the clip; ``None`` if none fits.

    A planned miss that does not fit is dropped.
    """
    if plan.start + startup_time(plan.gaps[0]) > duration - _TAIL - 0.4:
        return None
    longer = duration + 4.0 * len(plan.kinds) + 10.0  # the uncut plan always fits into this
    run = Rhythm.from_plans([plan], longer).runs[0]
    if run.stop <= duration - _TAIL:
        return plan
    count = sum(jump.landing <= duration - _TAIL - 0.2 for jump in run.jumps)
    if count == 0:
        return None
    return RunPlan(
        plan.start, plan.kinds[:count], plan.gaps[:count], pace=plan.pace, hops=plan.hops
    )
