"""Nearest neighbours among the points of a depth map, searched around each point's pixel.

A point at a pixel outside the window is on a ray that keeps a minimum distance. If all neighbours
inside the window are nearer than that, none outside is nearer; the few other points are looked up
in a tree. The result is exact and takes half the time of a tree for all points.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

from evaluators.traces.camera import Camera
from evaluators.traces.clouds import neighbour_means

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

REACH = 3
"""Half width of the window in pixels."""
SPARSE = 4
"""A cloud that fills less than one in this many pixels of its box uses a tree."""
BAND = 1 << 14
"""Pixels to process at once."""
_SAFE = 1 - 1e-9


def pixel_neighbour_means(
    points: Floats, rows: Indices, columns: Indices, camera: Camera, *, neighbours: int
) -> Floats:
    """Return ``neighbour_means`` of the points of a depth map.

    Args:
        points: float64 [n, 3] metres, of different pixels.
        rows: int64 [n].
        columns: int64 [n].
        camera: Camera of the depth map.
        neighbours: Number of neighbours, including the point itself.
    """
    window = (2 * REACH + 1) ** 2
    height, width = (int(np.ptp(at)) + 1 if len(at) else 0 for at in (rows, columns))
    if neighbours >= window or len(points) * SPARSE < height * width or len(points) <= neighbours:
        return neighbour_means(points, neighbours=neighbours)
    y, x = rows - rows.min() + REACH, columns - columns.min() + REACH
    # Missing points are extremely far away: NaN would spread, and so would infinity minus itself.
    padded = np.full((3, height + 2 * REACH, width + 2 * REACH), 1e150)
    padded[:, y, x] = points.T
    means = np.empty((height, width))
    farthest = np.empty((height, width))
    step = max(1, BAND // width)
    for low in range(0, height, step):
        high = min(low + step, height)
        means[low:high], farthest[low:high] = _band(padded, low, high, neighbours)
    y, x = y - REACH, x - REACH
    result: Floats = means[y, x]
    reached = farthest[y, x]
    doubtful = np.flatnonzero(~(reached < _outside(points, camera) * _SAFE))
    if len(doubtful):
        queries = points[doubtful]
        result[doubtful] = neighbour_means(points, neighbours=neighbours, queries=queries)
    return result


def _band(padded: Floats, low: int, high: int, neighbours: int) -> tuple[Floats, Floats]:
    """Return mean and maximum of the smallest distances inside the window."""
    height, width = high - low, padded.shape[2] - 2 * REACH
    side = range(2 * REACH + 1)
    own = padded[:, low + REACH : high + REACH, REACH : REACH + width]
    squares = np.empty((len(side) ** 2, height, width))
    for square, (down, right) in zip(squares, product(side, side), strict=True):
        moved = padded[:, low + down : high + down, right : right + width] - own
        moved *= moved
        np.add(moved[0], moved[1], out=square)
        square += moved[2]
    apart = squares.reshape(len(squares), -1).T.copy()
    apart.partition(neighbours - 1, axis=1)
    nearest = np.sqrt(apart[:, :neighbours])
    shape = (height, width)
    return nearest.mean(axis=1).reshape(shape), nearest[:, -1].reshape(shape)


def _outside(points: Floats, camera: Camera) -> Floats:
    """Return a lower bound of the distance to points outside the window, float64 [n] metres.

    A point at slope s = x / z is z |s - t| / sqrt(1 + t^2) away from the plane of rays of slope t.
    Beyond the edge of the window that grows with t, up to z.
    """
    x, y, z = points.T
    nearest: Floats = z
    for at, focal in ((x, camera.fx), (y, camera.fy)):
        gap = (REACH + 1) / focal
        nearest = np.minimum(nearest, z * gap / np.sqrt(1 + (np.abs(at / z) + gap) ** 2))
    return nearest
