"""Fast jumps: a rhythm rather than single flights.

Above three jumps a second a flight lasts two or three frames and lifts the body by a centimetre or
two, less than the noise of a single frame. What can be measured is the oscillation over many jumps:
its rate (see `tempo`), and its phase in a short window. Both come from the cells that take part in
it, so the result is a run of equally spaced jumps whose spacing follows the tempo.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_wrappers.motion.flow import FloatArray
from model_wrappers.motion.tempo import WINDOW, Tempo

FAST = 3.2
"""Jumps per second from which they are taken as an oscillation."""
CYCLES = 8.0
"""Jumps in the window that decides a phase (standard deviation: a quarter of it)."""
PRESENT = 0.35
"""Amplitude, as a share of the median one, below which the oscillation has stopped."""
ROUNDS = 15
"""Rounds of power iteration."""
FEWEST = 4
"""Fewest jumps of a run."""


@dataclass(frozen=True, slots=True)
class Steps:
    """One run of fast jumps.

    Attributes:
        apexes: Times at which the body is highest, s, [jumps].
        confidence: In (0, 1].
    """

    apexes: FloatArray
    confidence: float

    def contains(self, moment: float) -> bool:
        """Whether a moment is inside the run, or less than one jump outside."""
        gap = float(np.median(np.diff(self.apexes)))
        return bool(self.apexes[0] - gap < moment < self.apexes[-1] + gap)


def find_steps(tempo: Tempo) -> list[Steps]:
    """Return the runs of fast jumps."""
    return [run for windows in _stretches(tempo.rates >= FAST) for run in _steps(tempo, windows)]


def _steps(tempo: Tempo, windows: slice) -> list[Steps]:
    """Return the runs of jumps in neighbouring windows with a fast tempo."""
    centres, rates = tempo.times[windows], tempo.rates[windows]
    clock = tempo.start + np.arange(len(tempo.speed)) / tempo.sampling
    inside = (clock >= centres[0] - 0.5 * WINDOW) & (clock <= centres[-1] + 0.5 * WINDOW)
    moments, speed = clock[inside], tempo.speed[inside]
    rate = np.interp(moments, centres, rates)
    turns = np.cumsum(rate) / tempo.sampling
    width = 0.25 * CYCLES / float(np.median(rate)) * tempo.sampling
    whole, half = (_oscillation(speed, turns * share, width) for share in (1.0, 0.5))
    # The body is highest when its upward speed falls through zero, a quarter of a turn after the
    # maximum. Two feet are highest in turn, so that their oscillation has two tops per turn, and
    # an error of its phase counts twice.
    if half.power > 4.0 * whole.power:
        amplitude, progress = half.amplitude, turns + half.phase / np.pi - 0.5
    else:
        amplitude, progress = whole.amplitude, turns + whole.phase / (2.0 * np.pi) - 0.25
    present = amplitude >= PRESENT * np.median(amplitude)
    runs = [_run(moments[part], progress[part]) for part in _stretches(present)]
    return [run for run in runs if run is not None]


def _run(moments: FloatArray, progress: FloatArray) -> Steps | None:
    """Return one jump per whole number of turns, if there are enough."""
    progress = np.maximum.accumulate(progress)
    numbers = np.arange(np.ceil(progress[0]), np.floor(progress[-1]) + 1)
    if len(numbers) < FEWEST:
        return None
    apexes = np.interp(numbers, progress, moments)
    return Steps(apexes, len(apexes) / (len(apexes) + FEWEST))


@dataclass(frozen=True, slots=True)
class _Oscillation:
    """What the cells have in common at one rate.

    Attributes:
        amplitude: [samples].
        phase: Phase of the upward speed relative to the given turns, unwrapped, rad, [samples].
        power: Mean square of the amplitude.
    """

    amplitude: FloatArray
    phase: FloatArray
    power: float


def _oscillation(speed: npt.NDArray[np.float32], turns: FloatArray, width: float) -> _Oscillation:
    """Return the oscillation of the cells that follows ``turns``.

    The cells are shifted to rate 0 and smoothed; the leading eigenvector of what remains gives each
    cell its share and its phase.

    Args:
        speed: [samples, cells].
        turns: Turns of the oscillation since the first sample, [samples].
        width: Standard deviation of the smoothing in samples.
    """
    from scipy.ndimage import gaussian_filter1d

    shifted = speed * np.exp(-2j * np.pi * turns)[:, None]
    shifted = gaussian_filter1d(shifted.real, width, axis=0, mode="constant") + 1j * (
        gaussian_filter1d(shifted.imag, width, axis=0, mode="constant")
    )
    pattern = shifted[int(np.abs(shifted).sum(axis=1).argmax())]
    for _ in range(ROUNDS):
        pattern = (shifted @ pattern.conj()).conj() @ shifted
        pattern = pattern / max(float(np.linalg.norm(pattern)), 1e-12)
    # An eigenvector's phase is arbitrary: it is set so that most of the motion is upward, or, for
    # cells of which one half moves down, so that the cells are as real as possible.
    mean = (np.abs(pattern) * pattern).sum()
    square = (pattern**2).sum()
    turn = np.angle(mean) if abs(mean) > 0.5 else 0.5 * np.angle(square)
    common = shifted @ (pattern.conj() * np.exp(1j * turn))
    amplitude = np.abs(common)
    return _Oscillation(amplitude, np.unwrap(np.angle(common)), float((amplitude**2).mean()))


def _stretches(present: npt.NDArray[np.bool_]) -> list[slice]:
    """Return the stretches that are true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], present.astype(int), [0]])))
    return [slice(first, stop) for first, stop in edges.reshape(-1, 2).tolist()]
