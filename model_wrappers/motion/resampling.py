"""Values at other times: videos may have any frame rate, also a variable one."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from model_wrappers.motion.flow import FloatArray, Signal

Kind = TypeVar("Kind", np.float32, np.float64)


def resample(values: npt.NDArray[Kind], times: FloatArray, grid: FloatArray) -> npt.NDArray[Kind]:
    """Interpolate ``values`` [n, ...] at ``times`` [n] linearly at the times ``grid``."""
    right = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
    left = right - 1
    share = np.clip((grid - times[left]) / (times[right] - times[left]), 0.0, 1.0)
    share = share.reshape(-1, *[1] * (values.ndim - 1)).astype(values.dtype)
    return np.asarray((1.0 - share) * values[left] + share * values[right])


def uniform_speed(signal: Signal, most: float) -> tuple[npt.NDArray[np.float32], float, float]:
    """Return the cells' upward motion at a uniform rate.

    Args:
        signal: Measured motion.
        most: Highest number of samples per second; slower videos keep their own rate.

    Returns:
        Pixels per sample, float32 [samples, cells], the time of the first sample (s) and the number
        of samples per second. Sample k is the motion around its time.
    """
    span = float(signal.times[-1] - signal.times[0])
    sampling = min(most, len(signal.up) / span)
    grid = signal.times[0] + np.arange(max(2, int(span * sampling + 1.5))) / sampling
    moves = (signal.up * signal.trust).reshape(len(signal.up), -1)
    place = np.zeros((len(moves) + 1, moves.shape[1]), np.float32)
    np.cumsum(moves, axis=0, out=place[1:])
    speed: npt.NDArray[np.float32] = np.diff(resample(place, signal.times, grid), axis=0)
    return speed, float(grid[0]) + 0.5 / sampling, sampling
