"""The tempo of the jumps over the whole clip, from how the parts of the picture move together.

At the rate of the jumps the body moves up and down as one, whatever the feet do. Feet that
alternate move against each other at *half* that rate. Each window of the clip therefore gives two
spectra of the vertical motion: what moves in unison and what moves apart. A rate f is supported by
motion in unison at f and its multiples (a flight is a short pulse) and by motion apart at f / 2.
The same evidence settles the octave: a bounce has no motion apart at half its rate, and a step does
not have its motion in unison there.

The most likely path through all windows then decides, so that a tempo may change within a clip but
does not jump, and that windows without a rhythm have none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_wrappers.motion.flow import FloatArray, Signal
from model_wrappers.motion.resampling import uniform_speed

WINDOW = 2.56
"""Seconds per window: 8 jumps at a usual tempo, 20 at the fastest."""
HOP = 0.32
"""Seconds from one window to the next."""
MOST_RATE = 30.0
"""Highest number of samples per second (the fastest jumps are at 8.3 Hz)."""
BINS = 256
"""Length of the transform: bins of about 0.1 Hz."""
SLOWEST, FASTEST = 0.8, 8.6
"""Jumps per second."""
STEPS = 24
"""Rates per octave."""
HARMONICS = (1.0, 0.8, 0.6, 0.5)
"""Weights of a rate and its multiples. They decrease, because otherwise half of a rate would be as
good as the rate."""
NO_RHYTHM = 0.2
"""Share of the motion that a rate has to explain."""
CHANGE = 1.5
"""Cost of a change of tempo by one octave between two windows, per window (log-likelihood)."""
SWITCH = 1.0
"""Cost of starting or stopping."""
ACTIVE = 0.02
"""A cell is used if it has this share of the power of the strongest one."""

STEP_SHARE = 2.0
"""Motion apart counts up to this multiple of the motion in unison at twice its rate: two feet that
rise one after the other have it, a leg that swings or a ball has not."""
JOINS = 2.0
"""The trunk joins a motion if its share of the power is at least half of its usual one."""

Speeds = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tempo:
    """The tempo of a clip.

    Attributes:
        times: Middles of the windows, s, [windows].
        rates: Jumps per second, 0 without a rhythm, [windows].
        speed: Upward speed of the active cells, uniform in time, float32 [samples, cells].
        start: Time of the first sample, s.
        sampling: Samples per second.
        cells: Which cells are active, bool [rows, columns].
    """

    times: FloatArray
    rates: FloatArray
    speed: Speeds
    start: float
    sampling: float
    cells: npt.NDArray[np.bool_]


def find_tempo(signal: Signal) -> Tempo:
    """Return the tempo of a clip."""
    speed, start, sampling = uniform_speed(signal, MOST_RATE)
    power = np.einsum("tc,tc->c", speed, speed)
    active = power > ACTIVE * power.max(initial=1e-12)
    speed = np.ascontiguousarray(speed[:, active])
    upper = upper_half(active.reshape(signal.trust.shape))[active]
    length = round(WINDOW * sampling)
    padded = np.pad(speed, ((length // 2, length // 2 + 1), (0, 0)))
    centres = np.arange(0, max(1, len(speed)), max(1, round(HOP * sampling)))
    rates = candidate_rates(sampling)
    evidence = np.array(
        [rate_evidence(padded[c : c + length], upper, sampling, rates) for c in centres.tolist()]
    )
    path = best_path(evidence, rates)
    return Tempo(
        times=start + centres / sampling,
        rates=np.append(rates, 0.0)[path],
        speed=speed,
        start=start,
        sampling=sampling,
        cells=active.reshape(signal.trust.shape),
    )


def upper_half(active: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return whether each cell is above the middle of the active ones, flat [rows * columns]."""
    rows = np.flatnonzero(active.any(axis=1))
    middle = 0.5 * (rows[0] + rows[-1]) if len(rows) else 0.0
    return np.repeat(np.arange(len(active)) < middle, active.shape[1])


def candidate_rates(sampling: float) -> FloatArray:
    """Return the candidate rates (Hz): a fixed number per octave, below half the sampling rate."""
    top = min(FASTEST, 0.48 * sampling)
    return np.asarray(SLOWEST * 2.0 ** (np.arange(int(STEPS * np.log2(top / SLOWEST)) + 1) / STEPS))


def spectra(window: Speeds, upper: npt.NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Return how much moves in unison and how much moves apart, per bin, in one window.

    The mean direction of the cells' phasors, weighted by their squares, is 1 if all cells move in
    phase and 0 if each has a partner in the opposite phase. A leg that hides the other one has no
    partner; then the trunk, which does not join its motion, reveals that it moves apart.

    Args:
        window: Speeds [samples, cells].
        upper: Which cells are in the upper half of the person.

    Returns:
        Shares of the window's power, [BINS / 2 + 1] each.
    """
    taper = np.hanning(len(window)).astype(np.float32)[:, None]
    phasors = np.fft.rfft((window - window.mean(axis=0)) * taper, BINS, axis=0)
    size = np.abs(phasors)
    powers = size**2
    power = np.maximum(powers.sum(axis=1), 1e-12)
    unity = np.abs((size * phasors).sum(axis=1)) / power
    if 0 < upper.sum() < len(upper):
        trunk, legs = powers[:, upper].sum(axis=1), powers[:, ~upper].sum(axis=1)
        usual = trunk.sum() / max(float(legs.sum()), 1e-12)
        unity *= np.minimum(1.0, JOINS * trunk / np.maximum(usual * legs, 1e-12))
    share = power / float(power.sum())
    return np.asarray(unity * share), np.asarray((1.0 - unity) * share)


def rate_evidence(
    window: Speeds, upper: npt.NDArray[np.bool_], sampling: float, rates: FloatArray
) -> FloatArray:
    """Return the share of a window's motion that each rate explains, [rates]."""
    if window.shape[1] == 0 or not window.any():
        return np.zeros(len(rates))
    unison, apart = (_around(part) for part in spectra(window, upper))
    bin_ = sampling / BINS
    grid = np.arange(len(unison)) * bin_
    # Motion below the slowest step, such as walking past, is not counted against a rate.
    total = max(1e-12, float((unison + apart)[grid > 0.4 * SLOWEST].sum() / _LOBE))
    bounce = np.interp(rates, grid, unison)
    support = np.minimum(np.interp(0.5 * rates, grid, apart), STEP_SHARE * bounce)
    for multiple, weight in enumerate(HARMONICS, start=1):
        support = support + weight * np.interp(multiple * rates, grid, unison, right=0.0)
    return np.asarray(support / total)


_LOBE = 7
"""Bins over which a pure tone of a tapered window spreads at half of its height."""


def _around(power: FloatArray) -> FloatArray:
    """Return the sum over a tone's bins around each bin."""
    return np.convolve(power, np.ones(_LOBE), mode="same")


def best_path(evidence: FloatArray, rates: FloatArray) -> npt.NDArray[np.intp]:
    """Return the most likely state per window by dynamic programming (Viterbi).

    Args:
        evidence: `rate_evidence` [windows, rates].
        rates: Candidate rates, Hz.

    Returns:
        Index of the rate, ``len(rates)`` for no rhythm, [windows].
    """
    none = np.full((len(evidence), 1), NO_RHYTHM)
    gain = np.log(np.maximum(np.hstack([evidence, none]), 1e-3))
    octaves = np.log2(rates)
    cost = np.full((len(rates) + 1, len(rates) + 1), SWITCH)
    cost[:-1, :-1] = np.minimum(
        CHANGE * STEPS * 0.25 * np.abs(octaves[:, None] - octaves), 2 * SWITCH
    )
    cost[-1, -1] = 0.0
    best = gain[0]
    back = np.zeros(gain.shape, dtype=np.intp)
    for step in range(1, len(gain)):
        options = best[None, :] - cost
        back[step] = options.argmax(axis=1)
        best = options[np.arange(len(options)), back[step]] + gain[step]
    path = np.zeros(len(gain), dtype=np.intp)
    path[-1] = int(best.argmax())
    for step in range(len(gain) - 1, 0, -1):
        path[step - 1] = back[step, path[step]]
    return path
