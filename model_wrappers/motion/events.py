"""From the height of the body to the times at which jumps start.

What the definition "the rope is behind the legs" means for the body
--------------------------------------------------------------------
The rope passes under the feet while they are highest: for an efficient jumper, the pass is at the
apex of the flight. From there the rope continues behind the legs, up the back, over the head and
down in front. At its nearly constant speed it is behind the legs (about 30 degrees past straight
down) one twelfth of a turn after the apex, and that moment starts the *next* jump. So inside a run

    start of jump k + 1 = apex of jump k + period / 12.

After the last apex of a run no jump starts: the rope stays on the ground. The first jump of a run
has no apex before it: it starts with the rope at rest behind the heels, and swinging it up takes
longer than a turn at full speed. So

    start of the first jump = its apex - lead,

with a lead of about a turn and a quarter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from model_wrappers.motion import body
from model_wrappers.motion.flow import FloatArray, Signal
from model_wrappers.motion.options import MotionOptions
from model_wrappers.motion.peaks import prominent_peaks
from model_wrappers.motion.resampling import resample
from model_wrappers.motion.steps import Steps, find_steps
from model_wrappers.motion.tempo import find_tempo

RATE = 100.0
"""Samples per second of the resampled trajectory."""
SMOOTH = 0.03
"""Seconds (standard deviation) of smoothing against the noise of single frames."""
ARC = 6
"""Samples on each side of an apex for fitting the parabola (0.06 s: still in the air)."""
REBOUND = 0.8
"""Rise of a rebound as a share of the jumps around it, at most."""
SLOW_ROPE = 0.7
"""Seconds per turn from which a jumper has time for a rebound."""
SHORT_RUN = 6
"""Jumps from which a run has a pace that can be judged."""
CLOSE, EVEN = 0.15, 0.7
"""At least this share (second value) of the gaps within runs deviates by at most the first
value from their median. People keep within 5% of their pace, apart from trips."""
FREE_FALL = 5.8
"""Gravity in body heights of 1.7 m per s^2."""
FEWEST_FRAMES = 12
"""Frames below which a clip is too short for a tempo."""
DRIFT = 0.5
"""Seconds (standard deviation) of slow height changes to remove, such as walking or crouching."""


@dataclass(frozen=True, slots=True)
class Bump:
    """One rise and fall of the body.

    Attributes:
        apex: Time of the highest point, s.
        rise: Height above the higher of the two dips next to it, in the unit of the trajectory.
        pull: Downward acceleration around the apex, in that unit per s^2.
        unity: How much the body moves as one, 0..1.
        trust: Confidence, if it does not follow from the other values.
    """

    apex: float
    rise: float
    pull: float
    unity: float = 1.0
    trust: float | None = None


def find_bumps(height: FloatArray, times: FloatArray, shortest: float) -> list[Bump]:
    """Return every rise and fall of a trajectory.

    Args:
        height: Height of the body at ``times``, any unit, [n].
        times: Seconds, increasing, at any spacing, [n].
        shortest: Shortest time between two bumps, s.
    """
    from scipy.ndimage import gaussian_filter1d

    if len(times) < 3:
        return []
    grid = np.arange(times[0], times[-1], 1.0 / RATE)
    track = resample(height, times, grid)
    smooth = gaussian_filter1d(track, SMOOTH * RATE, mode="nearest")
    level = smooth - gaussian_filter1d(track, DRIFT * RATE, mode="nearest")
    # A bump is measured from the dips next to it, not from a crouch seconds away.
    peaks = prominent_peaks(
        level,
        distance=math.ceil(max(1.0, 0.8 * shortest * RATE)),
        window=int(1.2 * RATE),
        least=1e-6,
    )
    bumps = []
    for peak, rise in peaks:
        apex, pull = parabola(level, grid, peak)
        bumps.append(Bump(apex, rise, pull))
    return bumps


def parabola(level: FloatArray, grid: FloatArray, peak: int) -> tuple[float, float]:
    """Return (time of the top, downward acceleration) of the parabola around a peak."""
    arc = np.arange(max(0, peak - ARC), min(len(level), peak + ARC + 1))
    curve, slope, _ = np.polyfit(grid[arc] - grid[peak], level[arc], 2)
    shift = float(np.clip(-slope / (2.0 * curve), -0.02, 0.02)) if curve < 0.0 else 0.0
    return float(grid[peak]) + shift, float(-2.0 * curve)


@dataclass(frozen=True, slots=True)
class Event:
    """The start of one jump.

    Attributes:
        time: Seconds.
        confidence: In (0, 1].
    """

    time: float
    confidence: float


def keep_jumps(bumps: Sequence[Bump], options: MotionOptions) -> list[Bump]:
    """Drop bumps that are not jumps: breathing, steps, waving, and rises too large for a body."""
    lowest = options.least_rise
    bodily = [
        b
        for b in bumps
        if b.rise <= options.most_rise
        and b.unity >= options.least_unity
        and b.pull >= options.least_pull
    ]
    # The hop that ends a run or steps over the rope is much smaller than the jumps.
    median = median_rise([b for b in bodily if b.rise >= lowest])
    least = options.weakest * median if median > 0.0 else lowest
    clear = [b for b in bodily if b.rise >= max(lowest, least)]
    # A low jump counts next to other jumps: fast jumpers hardly leave the floor.
    return [
        b
        for b in bodily
        if b.rise >= least and any(abs(b.apex - s.apex) <= options.longest_period for s in clear)
    ]


def is_high(run: Sequence[Bump], options: MotionOptions) -> bool:
    """Whether all jumps of a run may be double-unders.

    The height of a body is measured less well than the acceleration in its flight is known, so the
    rise is taken in units of free fall. A high single jump is as high as a double-under, and the
    rope is rarely visible: `high_phase` lies between the two.
    """
    rises = [b.rise * FREE_FALL / b.pull for b in run if b.trust is None and b.pull > 0.0]
    return len(rises) >= SHORT_RUN and float(np.median(rises)) >= options.high_rise


def median_rise(bumps: Sequence[Bump]) -> float:
    """Return the median rise, 0 without bumps."""
    return float(np.median([b.rise for b in bumps])) if bumps else 0.0


def is_rhythm(runs: Sequence[Sequence[Bump]], options: MotionOptions) -> bool:
    """Whether the bumps of a clip are jumps with a rope, which sets their pace.

    Balls, steps and a shaking camera lift parts of the picture at irregular times, and their bumps
    are less of one piece than a body's. Uneven bumps have to be clearer.
    """
    bumps = [bump for run in runs for bump in run]
    unity = float(np.median([bump.unity for bump in bumps])) if bumps else 0.0
    steps = [np.diff([bump.apex for bump in run]) for run in runs if len(run) > 2]
    if not steps:
        return unity >= options.lone_unity
    shares = np.concatenate([gaps / np.median(gaps) for gaps in steps])
    even = float(np.mean(np.abs(shares - 1.0) <= CLOSE))
    return unity >= options.clear_unity or (
        unity >= options.least_median and (even >= EVEN or len(shares) < SHORT_RUN)
    )


def is_flight(bumps: Sequence[Bump], options: MotionOptions) -> bool:
    """Whether the bumps of a clip are flights of a body, from their downward acceleration."""
    pull = float(np.median([bump.pull for bump in bumps])) if bumps else options.least_fall
    return options.least_fall <= pull <= options.most_fall


def without_rebounds(run: Sequence[Bump]) -> list[Bump]:
    """Drop the small hops between the jumps of a slow rope.

    Beginners hop twice per turn, and the rope passes under the higher hop. Hops are rebounds if
    they are clearly lower than both neighbours, alternate through the run, and leave gaps that one
    would not cover with one jump.
    """
    low = [
        all(
            bump.rise < REBOUND * other.rise
            for other in (*run[max(0, k - 1) : k], *run[k + 1 : k + 2])
        )
        for k, bump in enumerate(run)
    ]
    spans = [after.apex - before.apex for before, after in zip(run, run[2:], strict=False)]
    if len(run) < 4 or sum(low) < 0.4 * len(run) or float(np.median(spans)) < SLOW_ROPE:
        return list(run)
    return [bump for bump, drop in zip(run, low, strict=True) if not drop]


def split_runs(bumps: Sequence[Bump], longest: float) -> list[list[Bump]]:
    """Group bumps that follow each other within ``longest`` seconds."""
    runs: list[list[Bump]] = []
    for bump in bumps:
        if runs and bump.apex - runs[-1][-1].apex <= longest:
            runs[-1].append(bump)
        else:
            runs.append([bump])
    return runs


def run_starts(
    first_passes: Sequence[float],
    last_passes: Sequence[float],
    *,
    options: MotionOptions,
    duration: float,
    phase: float | None = None,
) -> list[float | None]:
    """Return the start of every jump of one run.

    Args:
        first_passes: Times at which the rope first passes under the feet in each flight, s; at
            least one.
        last_passes: Times at which it last does so, s; the same for single-unders.
        options: Offsets of starts from flights.
        duration: Length of the video, s.
        phase: From a pass to the next start, as a share of the time between jumps; by default
            that of the options.

    Returns:
        One start per flight, ``None`` if it is before the video, and one more if the video ends too
        early to show that the run has ended.
    """
    gaps = [b - a for a, b in zip(last_passes, first_passes[1:], strict=False)]
    period = float(np.median(gaps)) if gaps else options.first_lead
    phase = options.phase if phase is None else phase
    first: float | None = first_passes[0] - options.first_lead
    if first_passes[0] < options.first_lead:
        # The video may start inside the run: then a turn at full speed came before.
        first = first_passes[0] - (1.0 - phase) * period
        first = max(0.0, first) if first > -phase * period else None
    later = [a + phase * gap for a, gap in zip(last_passes, [*gaps, period], strict=True)]
    cut = last_passes[-1] + period > duration
    return [first, *(later if cut else later[:-1])]


def jump_events(
    bumps: Sequence[Bump],
    options: MotionOptions,
    *,
    duration: float,
    steps: Sequence[Steps] = (),
) -> list[Event]:
    """Return the start of every jump, in order.

    Args:
        bumps: All bumps of the clip with rises and pulls in body heights.
        options: Thresholds for jumps, and offsets of starts from flights.
        duration: Length of the video, s.
        steps: Runs of fast jumps, which replace the bumps that they contain.
    """
    slow = [b for b in bumps if not any(run.contains(b.apex) for run in steps)]
    runs = split_runs(keep_jumps(slow, options), options.longest_period)
    jumps = [bump for run in runs for bump in without_rebounds(run)]
    bouncing = [bump for run in runs for bump in run]
    flight = is_flight(bouncing, options)
    if not (flight and is_rhythm(runs, options)):
        jumps = []
    if not flight and len(bouncing) > sum(len(run.apexes) for run in steps):
        steps = ()  # what bounces most of the time is not a body, so neither is its oscillation
    median = median_rise(jumps)
    fast = [
        Bump(float(apex), 0.0, 0.0, trust=run.confidence) for run in steps for apex in run.apexes
    ]
    jumps = sorted([*jumps, *fast], key=lambda b: b.apex)
    events: list[Event] = []
    for run in split_runs(jumps, options.longest_period):
        half = [0.5 * options.double_split * (b.rise > options.double_rise * median) for b in run]
        starts = run_starts(
            [b.apex - h for b, h in zip(run, half, strict=True)],
            [b.apex + h for b, h in zip(run, half, strict=True)],
            options=options,
            duration=duration,
            phase=options.high_phase if is_high(run, options) else None,
        )
        trusts = [confidence(b, options) for b in run]
        # Starts without a confirming flight are less certain: the first of a run is based on a
        # typical lead, one after the last flight on a jump that is not in the video.
        shares = [0.6, *[1.0] * (len(run) - 1), 0.4]
        for start, trust, share in zip(starts, [*trusts, trusts[-1]], shares, strict=False):
            if start is not None and 0.0 <= start < duration:
                events.append(Event(start, share * trust))
    return spread(events)


def confidence(bump: Bump, options: MotionOptions) -> float:
    """Return the confidence that a bump is a jump, in (0, 1), from its margin to the thresholds.

    >>> confidence(Bump(1.0, rise=0.012, pull=1.5, unity=1.0), MotionOptions())
    0.5
    """
    if bump.trust is not None:
        return bump.trust
    margin = min(bump.rise / options.least_rise, bump.pull / options.least_pull)
    return float(bump.unity * margin / (1.0 + margin))


def spread(events: Sequence[Event]) -> list[Event]:
    """Return events in order, at least 0.05 s apart; the more certain of two closer ones."""
    distinct: list[Event] = []
    for event in sorted(events, key=lambda e: e.time):
        if distinct and event.time - distinct[-1].time < 0.05:
            distinct[-1] = max(distinct[-1], event, key=lambda e: e.confidence)
        else:
            distinct.append(event)
    return distinct


def find_jumps(signal: Signal, options: MotionOptions) -> list[Event]:
    """Return the jumps of the main person of a video, in order.

    Args:
        signal: The measured motion.
        options: Thresholds for jumps, and offsets of starts from flights.
    """
    bumps = body_bumps(signal, options)
    if not bumps:
        return []
    steps = find_steps(find_tempo(signal)) if len(signal.times) > FEWEST_FRAMES else []
    return jump_events(bumps, options, duration=signal.duration, steps=steps)


def body_bumps(signal: Signal, options: MotionOptions) -> list[Bump]:
    """Return every rise and fall of the main person, in units of the person's height.

    The list is empty if what bounces is not upright.
    """
    if len(signal.times) < 3 or not signal.up.any():
        return []
    motion = body.band_motion(signal)
    maps = body.body_maps(motion, signal.up.shape[1:])
    scale, width = (float(part) for part in np.median([body.body_size(m) for m in maps], axis=0))
    if scale <= 0.0 or scale < options.least_shape * width:
        return []
    one = body.unity(motion, maps)
    height = body.trajectory(signal, maps) / scale
    bumps = find_bumps(height, signal.times, options.shortest_period)
    start = signal.times[0]
    last = len(one) - 1
    return [
        replace(b, unity=float(one[min(last, int((b.apex - start) * body.RATE))])) for b in bumps
    ]
