"""Distances between two paths of points, in any unit and number of dimensions."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

Floats = npt.NDArray[np.float64]

RESAMPLED = 100
"""Number of points at which TraceSpatial compares two paths."""
DIAGONALS = 64
"""Anti-diagonals whose distances are computed at once."""
DENSE = 1 << 16
"""Pairs of points up to which computing all distances is cheaper than two trees."""
VABENCH_SIDE = 999
"""Largest coordinate of VABench-V's square, to which both traces are scaled."""


@dataclass(frozen=True, slots=True)
class PathErrors:
    """Four distances between two paths; all in the unit of the points.

    Attributes:
        dfd: Discrete Frechet distance.
        hd: Symmetric Hausdorff distance.
        rmse: Root of the mean squared distance of points with equal index.
        mae: Mean absolute difference over coordinates.
    """

    dfd: float
    hd: float
    rmse: float
    mae: float

    def in_image(self) -> dict[str, float | None]:
        """Return the distances by metric name, which ends in ``_2d`` in the image."""
        return {f"{name}_2d": value for name, value in asdict(self).items()}


def checked_path(name: str, points: npt.ArrayLike) -> Floats:
    """Return points as float64 [n, dimensions].

    Raises:
        ValueError: The array is empty, not two-dimensional or not finite.
    """
    array: Floats = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"{name} has shape {array.shape}; it must be [points, dimensions]")
    if not np.isfinite(array).all():
        place = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise ValueError(f"{name}[{place}] = {array[place].tolist()} is not finite")
    return array


def _both(a: npt.ArrayLike, b: npt.ArrayLike) -> tuple[Floats, Floats]:
    first, second = checked_path("a", a), checked_path("b", b)
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"a has {first.shape[1]} dimensions and b has {second.shape[1]}")
    return first, second


def _paired(a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    first, second = _both(a, b)
    if len(first) != len(second):
        raise ValueError(f"a has {len(first)} points and b has {len(second)}; resample them first")
    return first - second


def discrete_frechet(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return the discrete Frechet distance (Eiter and Mannila, 1994).

    It is the shortest leash for two walkers who go from the first to the last points, each stepping
    forward or waiting. The table is filled along its anti-diagonals, whose cells are independent:
    time n * m, memory n + m.

    Args:
        a: [n, dimensions].
        b: [m, dimensions].

    Raises:
        ValueError: A path is empty or not finite, or the dimensions differ.

    >>> discrete_frechet([[0, 0], [3, 0]], [[0, 1], [3, 1]])
    1.0
    """
    short, long = sorted(_both(a, b), key=len)
    n, m = len(short), len(long)
    rows = np.arange(n)
    # Row i is stored at i + 1, and outside the table the leash is infinite, except before its first
    # cell. Squared lengths suffice: the root keeps the order.
    before, diagonal, following = np.full((3, n + 1), np.inf)
    before[0] = 0.0
    for start in range(0, n + m - 1, DIAGONALS):
        columns = np.arange(start, min(start + DIAGONALS, n + m - 1))[:, None] - rows
        apart = short - long.take(columns, axis=0, mode="clip")
        # Added one by one: sums of einsum depend on the processor.
        squares = apart[..., 0] ** 2
        for axis in range(1, apart.shape[-1]):
            squares += apart[..., axis] ** 2
        squares[(columns < 0) | (columns >= m)] = np.inf
        for along in squares:
            here = following[1:]
            np.minimum(diagonal[:-1], diagonal[1:], out=here)
            np.minimum(here, before[:-1], out=here)
            np.maximum(here, along, out=here)
            before, diagonal, following = diagonal, following, before
            following[0] = np.inf
    return math.sqrt(diagonal[n])


def hausdorff(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return the symmetric Hausdorff distance: the largest distance of a point to the other path.

    Raises:
        ValueError: A path is empty or not finite, or the dimensions differ.

    >>> hausdorff([[0, 0], [3, 0]], [[0, 1]])
    3.1622776601683795
    """
    first, second = _both(a, b)
    if len(first) * len(second) <= DENSE:
        apart = cdist(first, second)
        return float(max(apart.min(axis=0).max(), apart.min(axis=1).max()))
    there, _ = cKDTree(second).query(first)
    back, _ = cKDTree(first).query(second)
    return float(max(there.max(), back.max()))


def rmse(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return sqrt(mean ||a_i - b_i||^2); the mean is over points, not coordinates.

    Raises:
        ValueError: The paths differ in length or dimensions, are empty or not finite.

    >>> rmse([[0, 0]], [[3, 4]])
    5.0
    """
    return float(np.sqrt((_paired(a, b) ** 2).sum(axis=1).mean()))


def mae(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return the mean of |a_ik - b_ik| over points and coordinates.

    Raises:
        ValueError: The paths differ in length or dimensions, are empty or not finite.

    >>> mae([[0, 0]], [[3, 4]])
    3.5
    """
    return float(np.abs(_paired(a, b)).mean())


def resample(path: npt.ArrayLike, n: int = RESAMPLED) -> Floats:
    """Return n points at equal steps of arc length, both ends included, float64 [n, dimensions].

    A path without length returns its point n times.

    Raises:
        ValueError: The path is empty or not finite, or n is below 1.

    >>> resample([[0, 0], [1, 0], [4, 0]], 3).tolist()
    [[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]]
    """
    if n < 1:
        raise ValueError(f"n {n} must be at least 1")
    points = checked_path("path", path)
    steps = np.sqrt((np.diff(points, axis=0) ** 2).sum(axis=1))
    along = np.concatenate([[0.0], np.cumsum(steps)])
    targets = np.linspace(0.0, along[-1], n)
    return np.stack([np.interp(targets, along, column) for column in points.T], axis=1)


def errors_between(a: Floats, b: Floats) -> PathErrors:
    """Return all four distances of paths with equal numbers of points."""
    return PathErrors(discrete_frechet(a, b), hausdorff(a, b), rmse(a, b), mae(a, b))


def path_errors(path: npt.ArrayLike, truth: npt.ArrayLike) -> PathErrors:
    """Return the distances after resampling both to 100 points by arc length (TraceSpatial).

    Raises:
        ValueError: A path is empty or not finite, or the dimensions differ.

    >>> path_errors([[0, 0], [3, 0]], [[0, 1], [1, 1], [3, 1]]).mae
    0.5
    """
    return errors_between(resample(path), resample(truth))


def vabench_errors(
    trace: npt.ArrayLike, truth: npt.ArrayLike, *, size: tuple[int, int]
) -> tuple[float, float] | None:
    """Return (RMSE, MAE) of VABench-V, on coordinates scaled to 0-999.

    Both are resampled to the length of the longer one, linearly by point index, not by arc length.
    ``None`` for a trace of fewer than two points, which the public code excludes from its mean:
    count them, and report both means.

    Args:
        trace: [n, 2] pixels.
        truth: [m, 2] pixels.
        size: (width, height) of the image in pixels.

    Raises:
        ValueError: A trace is empty or not finite, or the size is not positive.

    >>> vabench_errors([[0, 0], [640, 480]], [[0, 0], [640, 480]], size=(640, 480))
    (0.0, 0.0)
    """
    if min(size) <= 0:
        raise ValueError(f"size {tuple(size)} must be (width, height) in pixels, both positive")
    scale = VABENCH_SIDE / np.array(size, dtype=np.float64)
    first, second = _both(trace, truth)
    if min(len(first), len(second)) < 2:
        return None
    n = max(len(first), len(second))
    a, b = (resample_by_place(points * scale, n) for points in (first, second))
    return rmse(a, b), mae(a, b)


def resample_by_place(points: Floats, n: int) -> Floats:
    """Return n points at equal steps of the point index, float64 [n, dimensions]."""
    targets = np.linspace(0, len(points) - 1, n)
    return np.stack([np.interp(targets, np.arange(len(points)), row) for row in points.T], axis=1)
