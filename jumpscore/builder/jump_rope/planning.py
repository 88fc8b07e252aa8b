"""Random plans: from a tempo (typical gap, pauses, misses ...) to the runs of one clip."""

from __future__ import annotations

import numpy as np

from jumpscore.builder.jump_rope.rhythm import Rhythm, RunPlan, startup_time
from jumpscore.builder.jump_rope.specs import Tempo
from jumpscore.builder.jump_rope.styles import Kind

_TAIL = 0.5  # seconds of rest before the clip ends
_AFTER_MISS = (1.6, 3.0)  # seconds from the hit to the next run in a clip without pauses
_DOUBLE_PROBABILITY = 0.15
_MISS_PROBABILITY = 0.4


def plan_rhythm(tempo: Tempo, duration: float, rng: np.random.Generator) -> Rhythm:
    """Draws a clip's rhythm.

    A clip of at least 8 s whose tempo has double-unders or misses contains at least one of them, in
    the first run, which is long enough for that.

    Args:
        tempo: Tempo of the jumper.
        duration: Length of the clip in seconds, at least 4.
        rng: Local generator.
    """
    plans: list[RunPlan] = []
    start = float(rng.uniform(0.15, 1.2))
    while True:
        drawn = _draw_run(tempo, start, duration, rng, first=not plans)
        plan = _fit(drawn, duration, keep_miss=not plans)
        if plan is None:
            return Rhythm.from_plans(plans, duration)
        plans.append(plan)
        stop = Rhythm.from_plans([plan], duration).runs[0].stop
        low, high = tempo.pause if tempo.pause is not None else _AFTER_MISS
        if plan.miss:
            low, high = max(0.3, low - 0.9), max(0.6, high - 0.9)  # minus the time of stepping over
        start = stop + float(rng.uniform(low, high))


def _draw_run(
    tempo: Tempo, start: float, duration: float, rng: np.random.Generator, *, first: bool
) -> RunPlan:
    """One run of the jumper's preferred length, even if it does not fit the clip."""
    low, high = tempo.run_jumps
    if tempo.pause is None and not tempo.misses:
        count = max(1, int((duration - start) / (0.8 * tempo.gap)) + 2)
    else:
        # The square makes short runs likelier than long ones, as in filmed practice.
        count = low + int((high - low + 1) * rng.random() ** 2)
    if first and (tempo.misses or tempo.double_unders):
        count = max(count, 4)
    if first and tempo.misses:
        count = min(count, 8)
    kinds: list[Kind] = [
        "double" if tempo.double_unders and rng.random() < _DOUBLE_PROBABILITY else "single"
        for _ in range(count)
    ]
    if first and tempo.double_unders:
        kinds[2] = "double"
    progress = (start + tempo.gap * np.arange(count)) / duration - 0.5
    typical = tempo.gap * (1.0 + tempo.drift * progress)
    jitter = np.clip(rng.standard_normal(count), -2.5, 2.5) * tempo.jitter
    gaps = np.maximum(typical * (1.0 + jitter), 0.3)
    miss = tempo.misses and (first or bool(rng.random() < _MISS_PROBABILITY))
    return RunPlan(start, tuple(kinds), tuple(float(g) for g in gaps), miss)


def _fit(plan: RunPlan, duration: float, *, keep_miss: bool) -> RunPlan | None:
    """The plan without the jumps that do not fit into the clip; ``None`` if none fits.

    A planned miss is dropped with the jumps that are cut; ``keep_miss`` cuts more jumps instead.
    """
    if plan.start + startup_time(plan.gaps[0]) > duration - _TAIL:
        return None
    long_enough = duration + 4.0 * len(plan.kinds) + 10.0  # the uncut plan always fits into this
    run = Rhythm.from_plans([plan], long_enough).runs[0]
    if run.stop <= duration - _TAIL:
        return plan
    if plan.miss and keep_miss:
        for count in range(len(plan.kinds) - 1, 0, -1):
            shorter = RunPlan(plan.start, plan.kinds[:count], plan.gaps[:count], miss=True)
            if Rhythm.from_plans([shorter], long_enough).runs[0].stop <= duration - _TAIL:
                return shorter
    room = duration - _TAIL - 0.2
    count = sum(jump.landing <= room for jump in run.jumps)
    if count == 0:
        return None
    return RunPlan(plan.start, plan.kinds[:count], plan.gaps[:count], miss=False)
