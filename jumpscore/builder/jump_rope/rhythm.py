"""Rhythm: when the rope turns, when the body flies, and the true event times.

Conventions
-----------
*Rope angle* (radians, non-decreasing over the whole clip, never wrapped): 0 is straight down,
under the feet; +90 degrees is behind the jumper's back, 180 overhead, 270 in front, 360 under the
feet again. A rope that is turned forwards, as usual, has an increasing angle.

*Event* = start of a jump = the moment the rope is behind the legs: the angle passes
`EVENT_ANGLE`, 30 degrees past straight down toward the back, at the beginning of the rotation that
leads to that jump (the rope then goes up behind the back, over the head, down in front and under
the feet, which is the jump itself). At that angle the middle of the rope is about half a metre
behind the heels, at the height of the shins.

*One event per completed jump.* A jump is completed when the rope passes under the feet in the air.
A double-under (two rotations in one flight) is one jump: its event belongs to its first rotation.
Every step of an alternating speed step is a jump; the second hop of a slow rebound does not
count, because no rope passes. Arms that cross and legs that change do not move the event.
A miss (the rope stops at the toes, `CATCH_ANGLE`) is not a jump and has no event; the jumper then
steps over the rope on the ground, which is not a jump either. Before and after a run the rope rests
on the ground behind the heels at `REST_ANGLE`; a run's first event is therefore less than
0.1 s after the rope starts to move.

*Body height* (metres): height of the body above its standing position; positive only in flight
(ballistic, so the flight time sets the height), negative while the knees are bent.

Times are seconds from the clip's first frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jumpscore.builder.jump_rope.styles import RECREATIONAL, Kind, Pace

GRAVITY = 9.81
TURN = 2.0 * math.pi
EVENT_ANGLE = math.radians(30.0)
REST_ANGLE = math.radians(20.0)
CATCH_ANGLE = -math.radians(10.0)

_STOP_SPEED = 6.0  # rad/s at the last pass of a run, after which the rope comes to rest
_STOP_TIME = 2.0 * REST_ANGLE / _STOP_SPEED
_CATCH_FROM = -math.radians(60.0)
_CATCH_SPEED = 12.0  # rad/s when the rope comes down to the toes
_CATCH_TIME = 1.6 * (CATCH_ANGLE - _CATCH_FROM) / _CATCH_SPEED
_BEND_TIME = 0.35  # seconds over which the knees absorb a landing or prepare a take-off

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class RunPlan:
    """One planned run.

    Attributes:
        start: Time at which the resting rope starts to move (s).
        kinds: One entry per completed jump.
        gaps: Seconds from each jump to the next, ``len(kinds)`` values: the last one is the gap to
            the missed attempt and is unused without a miss. Gaps too short for the flights are
            stretched.
        miss: Whether the run ends with a missed attempt.
        pace: Flight and contact of the jumps.
        hops: Whether the jumper hops once more, without the rope, in the middle of each gap.
    """

    start: float
    kinds: tuple[Kind, ...]
    gaps: tuple[float, ...]
    miss: bool = False
    pace: Pace = RECREATIONAL
    hops: bool = False

    def __post_init__(self) -> None:
        if not self.kinds or len(self.gaps) != len(self.kinds):
            raise ValueError(
                f"a run needs at least one jump and one gap per jump; "
                f"got {len(self.kinds)} jumps, {len(self.gaps)} gaps"
            )


@dataclass(frozen=True)
class Jump:
    """A completed jump: event time, flight and the rope's passes under the feet, all in seconds."""

    kind: Kind
    start: float
    takeoff: float
    landing: float
    passes: tuple[float, ...]


@dataclass(frozen=True)
class Miss:
    """A missed attempt: no event. The rope stops at `hit`; the jumper steps over it later."""

    hit: float
    takeoff: float
    landing: float
    step_from: float
    step_to: float


@dataclass(frozen=True)
class Run:
    """A run with its times; the rope rests before `start` and after `stop`.

    Attributes:
        start: Time at which the rope starts to move (s).
        stop: Time at which it rests again (s).
        jumps: The completed jumps.
        miss: The missed attempt at the end, if any.
        hops: (take-off, landing) of hops between the jumps, over no rope.
    """

    start: float
    stop: float
    jumps: tuple[Jump, ...]
    miss: Miss | None
    hops: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Rhythm:
    """Rope angle, body height and events of one clip; build it with `from_plans`.

    Attributes:
        duration: Length of the clip (s).
        runs: The runs in order.
        knots: (times, angles, slopes) of the monotone cubic of the rope's angle.
    """

    duration: float
    runs: tuple[Run, ...]
    knots: tuple[FloatArray, FloatArray, FloatArray] = field(repr=False, compare=False)

    @classmethod
    def from_plans(cls, plans: Sequence[RunPlan], duration: float) -> Rhythm:
        """Converts plans to motion; runs must not overlap and must end inside the clip.

        Raises:
            ValueError: A run starts before the previous one is over or ends after the clip.
        """
        builder = _KnotBuilder()
        drafts = [builder.add_run(plan) for plan in plans]
        knots = builder.finish(duration)
        runs = tuple(_with_events(draft, knots) for draft in drafts)
        return cls(duration=duration, runs=runs, knots=knots)

    @cached_property
    def jumps(self) -> tuple[Jump, ...]:
        """All completed jumps in order."""
        return tuple(jump for run in self.runs for jump in run.jumps)

    @property
    def misses(self) -> tuple[Miss, ...]:
        """All missed attempts in order."""
        return tuple(run.miss for run in self.runs if run.miss is not None)

    @property
    def events(self) -> tuple[float, ...]:
        """True start times of the jumps: seconds, exact, strictly increasing, in [0, duration)."""
        return tuple(jump.start for jump in self.jumps)

    def rope_angle(self, t: ArrayLike) -> FloatArray:
        """Rope angle in radians (see the module docstring) at times ``t``, of the same shape."""
        return _hermite(self.knots, np.asarray(t, dtype=np.float64))

    def body_height(self, t: ArrayLike) -> FloatArray:
        """Height of the body above standing in metres at times ``t``, of the same shape."""
        times = np.asarray(t, dtype=np.float64)
        takeoff, landing = self._flights
        if len(takeoff) == 0:
            return np.zeros_like(times)
        index = np.searchsorted(takeoff, times, side="right") - 1
        last, following = np.maximum(index, 0), np.minimum(index + 1, len(takeoff) - 1)
        speed = 0.5 * GRAVITY * (landing - takeoff)
        tau = times - takeoff[last]
        flight = speed[last] * tau - 0.5 * GRAVITY * tau * tau
        # On the ground: dips that leave and enter flight with its speed and fade out in between.
        ground_from = np.where(index >= 0, landing[last], -np.inf)
        ground_to = np.where(index + 1 < len(takeoff), takeoff[following], np.inf)
        span = np.minimum(_BEND_TIME, ground_to - ground_from)
        after = np.clip((times - ground_from) / span, 0.0, 1.0)
        before = np.clip((ground_to - times) / span, 0.0, 1.0)
        dip = speed[last] * np.where(index >= 0, after * (1 - after) ** 2, 0.0)
        dip += speed[following] * before * (1 - before) ** 2
        return np.where((index >= 0) & (times < landing[last]), flight, -span * dip)

    def activity(self, t: ArrayLike) -> FloatArray:
        """0 while the rope rests, 1 while it turns, smooth in between; same shape as ``t``."""
        times = np.asarray(t, dtype=np.float64)
        level = np.zeros_like(times)
        for run in self.runs:
            rise = _smoothstep((times - (run.start - 0.45)) / 0.4)
            end = run.miss.hit if run.miss is not None else run.stop
            level = np.maximum(level, rise * (1.0 - _smoothstep((times - end) / 0.5)))
        return level

    def stepping(self, t: ArrayLike) -> FloatArray:
        """Progress 0..1 of stepping over the rope after a miss, 0 elsewhere; same shape as t."""
        times = np.asarray(t, dtype=np.float64)
        progress = np.zeros_like(times)
        for miss in self.misses:
            inside = (times >= miss.step_from) & (times < miss.step_to)
            share = (times - miss.step_from) / (miss.step_to - miss.step_from)
            progress = np.where(inside, share, progress)
        return progress

    @cached_property
    def _flights(self) -> tuple[FloatArray, FloatArray]:
        """Take-off and landing times of all flights, with those of misses and hops."""
        flights = [(j.takeoff, j.landing) for j in self.jumps]
        flights += [hop for run in self.runs for hop in run.hops]
        flights += [(m.takeoff, m.landing) for m in self.misses]
        table = np.array(sorted(flights), dtype=np.float64).reshape(-1, 2)
        return table[:, 0], table[:, 1]


def startup_time(gap: float) -> float:
    """Seconds from the first movement of the resting rope to its first pass under the feet."""
    return min(max(1.5 * gap, 0.5), 0.75)


class _KnotBuilder:
    """Collects the knots of the angle, run by run. Angles of a run count from its first turn."""

    def __init__(self) -> None:
        self._points: list[tuple[float, float, float]] = []  # time, angle, slope (nan: estimate)
        self._turns = 0

    def add_run(self, plan: RunPlan) -> Run:
        """Appends a run; the jumps' event times are filled in later (`_with_events`)."""
        free = self._points[-1][0] if self._points else 0.0
        if plan.start < free:
            raise ValueError(
                f"run starts at {plan.start:.3f} s, before {free:.3f} s when the rope is at rest "
                f"again; start it later"
            )
        self._add(plan.start, REST_ANGLE, 0.0)
        jumps = self._add_jumps(plan)
        hops = _hops(jumps) if plan.hops else ()
        last = jumps[-1].passes[-1]
        if not plan.miss:
            stop = last + _STOP_TIME
            self._add(stop, REST_ANGLE, 0.0)
            return Run(plan.start, stop, jumps, None, hops)
        miss = self._add_miss(jumps[-1], plan.gaps[-1])
        return Run(plan.start, miss.step_to, jumps, miss, hops)

    def finish(self, duration: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Knots of the whole clip; slopes that are open are set so that the cubic is monotone."""
        if not self._points:
            self._points = [(0.0, REST_ANGLE, 0.0)]
        end = self._points[-1]
        if end[0] > duration:
            raise ValueError(
                f"the last run ends at {end[0]:.3f} s, after the clip's {duration:.3f} s; "
                f"plan fewer jumps"
            )
        table = np.array(
            [(-1.0, self._points[0][1], 0.0), *self._points, (duration + 1.0, end[1], 0.0)]
        )
        times, angles, slopes = table.T
        secant = np.diff(angles) / np.diff(times)
        left, right = np.append(0.0, secant), np.append(secant, 0.0)
        mean = 2.0 * left * right / np.maximum(left + right, 1e-12)
        slopes = np.where(np.isnan(slopes), mean, slopes)
        # At most three times both neighbouring secants: Fritsch and Carlson's monotone region.
        return times, angles, np.minimum(slopes, 3.0 * np.minimum(left, right))

    def _add_jumps(self, plan: RunPlan) -> tuple[Jump, ...]:
        pace, planned = plan.pace, list(zip(plan.kinds, plan.gaps, strict=True))
        flights = [pace.flight_time(kind, gap) for kind, gap in planned]
        split = [pace.split_time(kind, gap) / 2 for kind, gap in planned]
        jumps: list[Jump] = []
        centre = plan.start + startup_time(plan.gaps[0]) + split[0]
        for j, kind in enumerate(plan.kinds):
            if j > 0:
                shortest = (flights[j - 1] + flights[j]) / 2 + pace.contact
                centre += max(plan.gaps[j - 1] + split[j - 1] + split[j], shortest)
            passes = (centre - split[j], centre + split[j]) if kind == "double" else (centre,)
            ends_run = j == len(plan.kinds) - 1 and not plan.miss
            for moment in passes:
                self._turns += 1
                stops = ends_run and moment == passes[-1]
                self._add(moment, 0.0, _STOP_SPEED if stops else math.nan)
            half = flights[j] / 2
            jumps.append(Jump(kind, math.nan, centre - half, centre + half, passes))
        return tuple(jumps)

    def _add_miss(self, previous: Jump, gap: float) -> Miss:
        hit = max(previous.passes[-1] + 0.97 * gap, previous.landing + 0.25)
        self._turns += 1
        self._add(hit - _CATCH_TIME, _CATCH_FROM, _CATCH_SPEED)
        self._add(hit, CATCH_ANGLE, 0.0)
        step_from = hit + 0.55
        step_to = step_from + 0.8
        self._add(step_from, CATCH_ANGLE, 0.0)
        self._add(step_to, REST_ANGLE, 0.0)
        # Too low and too late: the rope arrives when the feet have barely left the ground.
        return Miss(hit, hit - 0.06, hit + 0.08, step_from, step_to)

    def _add(self, time: float, angle: float, slope: float) -> None:
        point = (time, TURN * self._turns + angle, slope)
        if self._points and time <= self._points[-1][0]:
            if point[1] == self._points[-1][1]:  # a run that starts when the last one comes to rest
                return
            raise ValueError(f"knots out of order at {time:.3f} s")
        self._points.append(point)


def _with_events(run: Run, knots: tuple[FloatArray, FloatArray, FloatArray]) -> Run:
    """The run with every jump's event: EVENT_ANGLE of the turn before the jump's first pass."""
    first = np.array([jump.passes[0] for jump in run.jumps])
    goal = _hermite(knots, first) - TURN + EVENT_ANGLE
    low = np.concatenate([[run.start], [jump.passes[-1] for jump in run.jumps[:-1]]])
    high = first.copy()
    for _ in range(60):  # bisection: the angle is monotone, 60 halvings reach the last bit
        middle = 0.5 * (low + high)
        above = _hermite(knots, middle) >= goal
        high, low = np.where(above, middle, high), np.where(above, low, middle)
    jumps = tuple(
        Jump(jump.kind, float(start), jump.takeoff, jump.landing, jump.passes)
        for jump, start in zip(run.jumps, high, strict=True)
    )
    return replace(run, jumps=jumps)


def _hops(jumps: Sequence[Jump]) -> tuple[tuple[float, float], ...]:
    """A low hop in the middle of every stretch on the ground that is long enough for it."""
    hops = []
    for before, after in pairwise(jumps):
        middle, ground = (before.landing + after.takeoff) / 2, after.takeoff - before.landing
        half = min(0.08, 0.5 * (ground / 2 - 0.06))
        if half > 0.04:
            hops.append((middle - half, middle + half))
    return tuple(hops)


def _hermite(knots: tuple[FloatArray, FloatArray, FloatArray], t: FloatArray) -> FloatArray:
    """Cubic Hermite interpolation; constant beyond the outer knots."""
    times, values, slopes = knots
    t = np.clip(t, times[0], times[-1])
    i = np.clip(np.searchsorted(times, t, side="right") - 1, 0, len(times) - 2)
    h = times[i + 1] - times[i]
    x = (t - times[i]) / h
    rise = values[i + 1] - values[i]
    a, b = slopes[i] * h, slopes[i + 1] * h
    result = values[i] + x * (a + x * (3 * rise - 2 * a - b + x * (a + b - 2 * rise)))
    return np.asarray(result, dtype=np.float64)


def _smoothstep(x: FloatArray) -> FloatArray:
    """0 below 0, 1 above 1, smooth between."""
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x), dtype=np.float64)
