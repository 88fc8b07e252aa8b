"""Peaks of a trajectory, equal to those of ``scipy.signal.find_peaks``.

Importing ``scipy.signal`` for this one function would take longer, and more memory, than everything
else that the model imports.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model_wrappers.motion.flow import FloatArray

Places = npt.NDArray[np.intp]


def prominent_peaks(
    level: FloatArray, *, distance: int, window: int, least: float
) -> list[tuple[int, float]]:
    """Return the place and the prominence of every peak, in order.

    The prominence of a peak is its height above the higher of two dips, one on each side: the
    lowest value before the first one above the peak, inside the window.

    Args:
        level: Values, [n].
        distance: Fewest samples between two peaks; of closer ones the higher one stays.
        window: Samples in which dips are searched, with the peak in the middle.
        least: Smallest prominence.
    """
    peaks = _highest(level, _maxima(level), distance)
    measured = [(peak, _prominence(level, peak, window // 2)) for peak in peaks.tolist()]
    return [(peak, prominence) for peak, prominence in measured if prominence >= least]


def _maxima(level: FloatArray) -> Places:
    """Return the middle of every stretch of equal values with lower values on both sides."""
    steps = np.sign(np.diff(level))
    moves = np.flatnonzero(steps)
    tops = (steps[moves[:-1]] > 0) & (steps[moves[1:]] < 0)
    return np.asarray((moves[:-1][tops] + 1 + moves[1:][tops]) // 2)


def _highest(level: FloatArray, peaks: Places, distance: int) -> Places:
    """Return the peaks without those that are closer than ``distance`` to a higher one."""
    stays = np.ones(len(peaks), dtype=bool)
    first = np.searchsorted(peaks, peaks - distance, side="right")
    last = np.searchsorted(peaks, peaks + distance)
    for place in np.argsort(level[peaks])[::-1]:
        if stays[place]:
            stays[first[place] : last[place]] = False
            stays[place] = True
    return peaks[stays]


def _prominence(level: FloatArray, peak: int, reach: int) -> float:
    top = level[peak]
    sides = level[max(0, peak - reach) : peak + 1][::-1], level[peak : peak + reach + 1]
    dips = []
    for side in sides:
        higher = np.flatnonzero(side > top)
        dips.append(side[: higher[0] if len(higher) else None].min())
    return float(top - max(dips))
