"""Which voxels of a scene its visible surface occupies, from one depth map.

A truncated signed distance function (Curless and Levoy, 1996) on voxels around the surface: each
voxel's centre falls on one pixel; its value is how far, along that pixel's ray, the surface lies
behind it. Where the sign changes between two neighbouring centres, the surface crosses; crossings
are the points of the shell, and the voxels of a second grid that hold one are occupied.

The camera looks along z, so in a layer of equal z columns of the image depend on x only, and rows
on y only: a layer is one gather, and only the few centres near the surface are worked on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from evaluators.traces.camera import Camera

Floats = npt.NDArray[np.float64]
Depths = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

VOXEL = 0.02
"""Side of a voxel in metres."""
TRUNCATION = 0.08
"""Metres from the surface within which distances count."""
NEARLY_ONE = 0.98
"""Truncated values beyond this are no surface."""
BLOCK = 16
"""Voxels along the side of a block; only blocks near the sampled surface take part."""
STRIDE = 4
"""Every so many pixels are sampled to find those blocks."""
MOST_VOXELS = 1024
"""Along x or y; a wider field of view is a mistake in the intrinsics."""
_PIXEL_EDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Occupancy:
    """A grid of voxels.

    Attributes:
        origin: float64 [3], lowest corner of the grid in metres.
        filled: bool [x + 2, y + 2, z + 2]; around the grid lies one empty voxel on every side.
    """

    origin: Floats
    filled: npt.NDArray[np.bool_]

    @classmethod
    def of_points(cls, points: Floats) -> Occupancy:
        """Return the voxels that hold a point; the grid starts half a voxel below the lowest."""
        if not len(points):
            return cls(np.zeros(3), np.zeros((2, 2, 2), dtype=np.bool_))
        origin = points.min(axis=0) - VOXEL / 2
        cells = np.floor((points - origin) / VOXEL).astype(np.int64) + 1
        filled = np.zeros(cells.max(axis=0) + 2, dtype=np.bool_)
        filled[tuple(cells.T)] = True
        return cls(origin, filled)

    def holds(self, positions: Floats, around: Floats) -> npt.NDArray[np.bool_]:
        """Return which points of a cloud lie in an occupied voxel when it is moved.

        Args:
            positions: float64 [n, 3] metres.
            around: float64 [m, 3] metres, the cloud about its own centre.

        Returns:
            bool [n, m].
        """
        place = np.zeros((len(positions), len(around)), dtype=np.int64)
        for axis, size in enumerate(self.filled.shape):
            moved = positions[:, axis, None] + (around[:, axis] - self.origin[axis])
            cells = np.clip(np.floor(moved / VOXEL), -1, size - 2)
            place = place * size + (cells.astype(np.int64) + 1)
        return self.filled.ravel()[place]


@dataclass(frozen=True, slots=True)
class _Grid:
    """The voxels that may lie near the surface.

    Attributes:
        low: First voxel along x, y, z.
        blocks: bool [x, y, z], of ``BLOCK`` voxels a side from ``low``; which of them take part.
    """

    low: Indices
    blocks: npt.NDArray[np.bool_]

    def takes_part(self, voxels: Indices) -> npt.NDArray[np.bool_]:
        """Return which voxels [n, 3], counted from ``low``, lie in a block that takes part."""
        x, y, z = (voxels // BLOCK).T
        found: npt.NDArray[np.bool_] = self.blocks[x, y, z]
        return found

    def bounds(self, layer: int) -> tuple[slice, slice] | None:
        """Return the voxels along x and y that hold all blocks of a layer; ``None`` of none."""
        blocks = self.blocks[:, :, layer // BLOCK]
        x, y = (np.flatnonzero(blocks.any(axis=axis)) for axis in (1, 0))
        if not len(x):
            return None
        return (
            slice(int(x[0]) * BLOCK, (int(x[-1]) + 1) * BLOCK),
            slice(int(y[0]) * BLOCK, (int(y[-1]) + 1) * BLOCK),
        )


class _Layer(NamedTuple):
    """The voxels near the surface in one layer, with the values of their next neighbours.

    A voxel without a value is 0, of no sign.
    """

    places: Indices
    values: Depths
    next_x: Depths
    next_y: Depths
    next_z: Depths


def surface_points(depth: Depths, camera: Camera) -> Floats:
    """Return the points where the surface crosses between voxel centres, float64 [n, 3] metres.

    Args:
        depth: float32 [height, width] metres, 0 where there is none.
        camera: Of the depth map.

    Raises:
        ValueError: The field of view needs more than ``MOST_VOXELS`` voxels on a side.
    """
    grid = _grid(depth, camera)
    if grid is None:
        return np.zeros((0, 3))
    # Where there is no depth, the surface is out of reach of every layer.
    reached = np.where(depth > 0, depth, np.float32(np.inf))
    layers = list(_layers(_Image(reached, camera, grid)))
    numbers = np.repeat(np.arange(len(layers)), [len(layer.places) for layer in layers])
    places, values, *beyond = (np.concatenate(parts) for parts in zip(*layers, strict=True))
    width = grid.blocks.shape[0] * BLOCK
    parts = []
    for axis, following in enumerate(beyond):
        change = np.flatnonzero(values * following < 0)
        y, x = np.divmod(places[change], width)
        voxels = np.stack([x, y, numbers[change]], axis=1)
        parts.append(_between(voxels, axis, values[change], following[change], grid))
    return np.concatenate(parts)


def _between(voxels: Indices, axis: int, first: Depths, second: Depths, grid: _Grid) -> Floats:
    """Return the points at which the value is 0 between voxels and the next ones along an axis."""
    beyond = voxels + np.eye(3, dtype=np.int64)[axis]
    taken = grid.takes_part(voxels) & grid.takes_part(beyond)
    near, far = (np.abs(values[taken]).astype(np.float64) for values in (first, second))
    points = ((voxels[taken] + grid.low + 0.5) * VOXEL).astype(np.float64)
    points[:, axis] += VOXEL * near / (near + far)
    return points


def _grid(depth: Depths, camera: Camera) -> _Grid | None:
    """Return the blocks within ``TRUNCATION`` of the sampled surface."""
    z = depth[::STRIDE, ::STRIDE].astype(np.float64)
    rows, columns = np.nonzero(z)
    if not len(rows):
        return None
    z = z[rows, columns]
    x = (columns * STRIDE - camera.cx) * z / camera.fx
    y = (rows * STRIDE - camera.cy) * z / camera.fy
    side = VOXEL * BLOCK
    ends = [
        [np.floor((values + reach) / side).astype(np.int64) for reach in (-TRUNCATION, TRUNCATION)]
        for values in (x, y, z)
    ]
    low = np.array([first.min() for first, _ in ends])
    # One more than needed, so that every voxel's neighbour has a block.
    count = np.array([last.max() for _, last in ends]) - low + 2
    if (count[:2] * BLOCK > MOST_VOXELS).any():
        raise ValueError(
            f"intrinsics with focal lengths {camera.fx:g}, {camera.fy:g} see more than "
            f"{MOST_VOXELS * VOXEL:g} m to a side of a depth map of {depth.shape[::-1]} pixels"
        )
    blocks = np.zeros(count, dtype=np.bool_)
    # The reach is shorter than a block: its ends hold all blocks between.
    for of_x, of_y, of_z in product(*ends):
        blocks[of_x - low[0], of_y - low[1], of_z - low[2]] = True
    return _Grid(low * BLOCK, blocks)


class _Image:
    """A depth map as the layers of a grid see it."""

    def __init__(self, depth: Depths, camera: Camera, grid: _Grid) -> None:
        self.depth, self.grid = depth, grid
        self.width = grid.blocks.shape[0] * BLOCK
        self.center, self.focal = (camera.cx, camera.cy), (camera.fx, camera.fy)
        sizes = (camera.width, camera.height)
        # (u - cx)^2 / fx^2: a pixel's ray is longer than its depth by the root of 1 plus both.
        self.slopes = [
            ((np.arange(size) - center) / focal) ** 2
            for size, center, focal in zip(sizes, self.center, self.focal, strict=True)
        ]
        self.voxels = [
            (np.arange(low, low + count * BLOCK) + 0.5) * VOXEL
            for low, count in zip(grid.low[:2], grid.blocks.shape[:2], strict=True)
        ]

    def layer(self, layer: int) -> tuple[Indices, Depths]:
        """Return places (y * width + x) and truncated distances near the surface in one layer."""
        z = (int(self.grid.low[2]) + layer + 0.5) * VOXEL
        bounds = self.grid.bounds(layer)
        if z <= 0 or bounds is None:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        columns, left = self._pixels(0, bounds[0], z)
        rows, top = self._pixels(1, bounds[1], z)
        # All places are on the image; with "clip" NumPy does not look at each of them again.
        ahead = self.depth.take(rows, axis=0, mode="clip").take(columns, axis=1, mode="clip")
        ahead -= np.float32(z)
        near = np.flatnonzero(np.abs(ahead) < TRUNCATION)
        y, x = np.divmod(near, max(1, len(columns)))
        stretch = np.sqrt(1 + self.slopes[0][columns[x]] + self.slopes[1][rows[y]])
        values = ahead.ravel()[near] * stretch.astype(np.float32) / np.float32(TRUNCATION)
        kept = (values < NEARLY_ONE) & (values >= -NEARLY_ONE)
        return ((y + top) * self.width + x + left)[kept], values[kept]

    def _pixels(self, axis: int, bounds: slice, z: float) -> tuple[Indices, int]:
        """Return the pixels of the voxels in bounds that fall on the image, and the first voxel."""
        at = self.voxels[axis][bounds] * (self.focal[axis] / z) + (self.center[axis] + 0.5)
        ends = (_PIXEL_EDGE, len(self.slopes[axis]) - _PIXEL_EDGE)
        start, stop = np.searchsorted(at, ends)
        return at[start:stop].astype(np.int64), bounds.start + int(start)


def _layers(image: _Image) -> Iterator[_Layer]:
    """Yield every layer, from the camera on."""
    width, height, count = (blocks * BLOCK for blocks in image.grid.blocks.shape)
    here, before = np.zeros((2, width * (height + 1) + 1), dtype=np.float32)
    none = np.zeros(0, dtype=np.float32)
    last = _Layer(np.zeros(0, dtype=np.int64), none, none, none, none)
    for layer in range(count):
        places, values = image.layer(layer)
        here[places] = values
        if layer:
            yield last._replace(next_z=here[last.places])
        before[last.places] = 0
        last = _Layer(places, values, here[places + 1], here[places + width], none)
        here, before = before, here
    yield last._replace(next_z=np.zeros_like(last.values))
