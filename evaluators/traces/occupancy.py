"""The voxels of a scene that its visible surface occupies, from one depth map.

A truncated signed distance function (Curless and Levoy, 1996) on voxels around the surface: each
voxel's centre projects to one pixel; its value is the distance from it to the surface along that
pixel's ray. The surface crosses where the sign changes between two neighbouring centres. Crossings
are the points of the shell, and voxels of a second grid that contain one are occupied.

Only blocks of voxels near the surface are processed, all blocks at once, voxel by voxel. The camera
looks along z, so the image column of a centre depends on x and z only, and its row on y and z. A
first pass stores one byte per voxel (before the surface, behind it, or neither); distances are
computed only for the few neighbours between which it changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from evaluators.traces.camera import Camera

Floats = npt.NDArray[np.float64]
Depths = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

VOXEL = 0.02
"""Side of a voxel in metres."""
TRUNCATION = 0.08
"""Metres from the surface up to which distances count."""
NEARLY_ONE = 0.98
"""Truncated values beyond this are not surface."""
BLOCK = 16
"""Voxels along the side of a block; only blocks near the sampled surface are processed."""
STRIDE = 4
"""Step in pixels for sampling the surface to find those blocks."""
MOST_VOXELS = 1024
"""Maximum along x or y; a wider field of view means wrong intrinsics."""
BEFORE, BEHIND = 1, 2
"""Sides of the surface; 0 is out of reach, or on it."""
_PIXEL_EDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Occupancy:
    """A grid of voxels.

    Attributes:
        origin: float64 [3], lowest corner of the grid in metres.
        filled: bool [x + 2, y + 2, z + 2]; the grid has a border of one empty voxel.
    """

    origin: Floats
    filled: npt.NDArray[np.bool_]

    @classmethod
    def of_points(cls, points: Floats) -> Occupancy:
        """Return the voxels that contain points; the grid starts half a voxel below the lowest."""
        if not len(points):
            return cls(np.zeros(3), np.zeros((2, 2, 2), dtype=np.bool_))
        lines = np.ascontiguousarray(points.T)
        origin = lines.min(axis=1) - VOXEL / 2
        cells = np.floor((lines - origin[:, None]) / VOXEL).astype(np.int64) + 1
        filled = np.zeros(cells.max(axis=1) + 2, dtype=np.bool_)
        filled[tuple(cells)] = True
        return cls(origin, filled)

    def contains(
        self, positions: Floats, around: Floats, *, towards_zero: bool = False
    ) -> npt.NDArray[np.bool_]:
        """Return which points of a cloud are in an occupied voxel at each position.

        Args:
            positions: float64 [n, 3] metres.
            around: float64 [m, 3] metres, the cloud relative to its position.
            towards_zero: Round to voxels towards zero, as public code does, so that points up to
                one voxel below the grid are in its first voxel.

        Returns:
            bool [n, m].
        """
        place = np.zeros((len(positions), len(around)), dtype=np.int64)
        for axis, size in enumerate(self.filled.shape):
            moved = positions[:, axis, None] + (around[:, axis] - self.origin[axis])
            cells = np.trunc(moved / VOXEL) if towards_zero else np.floor(moved / VOXEL)
            cells = np.clip(cells, -1, size - 2)
            place = place * size + (cells.astype(np.int64) + 1)
        return self.filled.ravel()[place]


@dataclass(frozen=True, slots=True)
class _Grid:
    """The blocks of voxels that may be near the surface.

    Attributes:
        low: First voxel along x, y, z.
        blocks: int64 [n, 3], position of each along x, y, z, in blocks from ``low``.
        numbers: int64 [x, y, z], index of the block at a position; n if it is not processed.
    """

    low: Indices
    blocks: Indices
    numbers: Indices

    def after(self, axis: int) -> Indices:
        """Return the index of the block after each one along an axis, int64 [n]."""
        x, y, z = (self.blocks + np.eye(3, dtype=np.int64)[axis]).T
        following: Indices = self.numbers[x, y, z]
        return following


def surface_points(depth: Depths, camera: Camera) -> Floats:
    """Return the points where the surface crosses between voxel centres, float64 [n, 3] metres.

    Args:
        depth: float32 [height, width] metres, 0 if unknown.
        camera: Camera of the depth map.

    Raises:
        ValueError: The field of view needs more than ``MOST_VOXELS`` voxels on a side.
    """
    grid = _grid(depth, camera)
    if grid is None:
        return np.zeros((0, 3))
    view = _DepthView(depth, camera, grid)
    sides = _sides(view, grid)
    return np.concatenate([_crossings(sides, axis, view, grid) for axis in range(3)])


def check_view(depth: Depths, camera: Camera) -> None:
    """Raise what ``surface_points`` raises, at a fraction of its cost."""
    _grid(depth, camera)


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
    # One more than needed, so that every block has a next position.
    count = np.array([last.max() for _, last in ends]) - low + 2
    if (count[:2] * BLOCK > MOST_VOXELS).any():
        raise ValueError(
            f"intrinsics with focal lengths {camera.fx:g}, {camera.fy:g} see more than "
            f"{MOST_VOXELS * VOXEL:g} m to a side of a depth map of {depth.shape[::-1]} pixels"
        )
    taken = np.zeros(count, dtype=np.bool_)
    # The reach is shorter than a block, so its ends cover all blocks.
    for of_x, of_y, of_z in product(*ends):
        taken[of_x - low[0], of_y - low[1], of_z - low[2]] = True
    blocks = np.argwhere(taken)
    numbers = np.full(taken.shape, len(blocks), dtype=np.int64)
    numbers[taken] = np.arange(len(blocks))
    return _Grid(low * BLOCK, blocks, numbers)


class _DepthView:
    """A depth map projected onto the voxels of a grid.

    Attributes:
        z: float64 [BLOCK, n] metres, depth of the voxels' centres.
        columns: int64 [BLOCK (z), BLOCK (x), n], image columns; the width if outside.
        rows: int64 [BLOCK (z), BLOCK (y), n], image rows; the height if outside.
        depth: float32 [(height + 1) * (width + 1)], infinite if unknown.
    """

    def __init__(self, depth: Depths, camera: Camera, grid: _Grid) -> None:
        height, width = depth.shape
        self.stride = width + 1
        padded = np.full((height + 1, width + 1), np.inf, dtype=np.float32)
        padded[:-1, :-1] = np.where(depth > 0, depth, np.float32(np.inf))
        self.depth = padded.ravel()
        steps = np.arange(BLOCK)[:, None]
        x, y, self.z = (
            (grid.low[axis] + grid.blocks[:, axis] * BLOCK + steps + 0.5) * VOXEL
            for axis in range(3)
        )
        self.columns = _pixels(x, self.z, camera.fx, camera.cx, width)
        self.rows = _pixels(y, self.z, camera.fy, camera.cy, height)
        # (u - cx)^2 / fx^2: a pixel's ray is longer than its depth by the root of 1 plus both.
        self.slopes = [
            ((np.arange(size + 1) - center) / focal) ** 2
            for size, center, focal in (
                (width, camera.cx, camera.fx),
                (height, camera.cy, camera.fy),
            )
        ]

    def ahead(self, layer: int) -> Depths:
        """Return the depth from the centres of a layer to the surface, float32 [y, x, n] metres."""
        places = (self.rows[layer] * self.stride)[:, None] + self.columns[layer]
        # All indices are valid; with "clip" NumPy skips the check.
        ahead: Depths = self.depth.take(places, mode="clip")
        ahead -= self.z[layer].astype(np.float32)
        return ahead

    def distances(self, x: Indices, y: Indices, z: Indices, block: Indices) -> Depths:
        """Return signed distances along the rays in units of ``TRUNCATION``, float32."""
        columns, rows = self.columns[z, x, block], self.rows[z, y, block]
        ahead = self.depth[rows * self.stride + columns] - self.z[z, block].astype(np.float32)
        stretch = np.sqrt(1 + self.slopes[0][columns] + self.slopes[1][rows])
        signed: Depths = ahead * stretch.astype(np.float32) / np.float32(TRUNCATION)
        return signed


def _pixels(at: Floats, z: Floats, focal: float, center: float, size: int) -> Indices:
    """Return the pixels to which centres [BLOCK, n] project, int64 [BLOCK (z), BLOCK, n]."""
    before = z[:, None] > 0
    places = at * (focal / np.where(before, z[:, None], 1.0)) + (center + 0.5)
    within = before & (places >= _PIXEL_EDGE) & (places < size - _PIXEL_EDGE)
    return np.where(within, places, size).astype(np.int64)


def _sides(view: _DepthView, grid: _Grid) -> npt.NDArray[np.uint8]:
    """Return the side of every voxel, uint8 [z, y, x, n + 1].

    Along z, y and x there is one voxel more than in a block, from the next block. The last block
    stands for all that are not processed.
    """
    sides = np.zeros((*[BLOCK + 1] * 3, len(grid.blocks) + 1), dtype=np.uint8)
    for layer in range(BLOCK):
        ahead = view.ahead(layer)
        side = ((ahead > 0) & (ahead < TRUNCATION)).view(np.uint8)
        side += ((ahead < 0) & (ahead > -TRUNCATION)).view(np.uint8) * np.uint8(BEHIND)
        sides[layer, :BLOCK, :BLOCK, :-1] = side
    sides[BLOCK, ..., :-1] = sides[0][..., grid.after(2)]
    sides[:, BLOCK, :, :-1] = sides[:, 0][..., grid.after(1)]
    sides[:, :, BLOCK, :-1] = sides[:, :, 0][..., grid.after(0)]
    return sides


def _crossings(sides: npt.NDArray[np.uint8], axis: int, view: _DepthView, grid: _Grid) -> Floats:
    """Return the points with distance 0 between voxels and the next ones along an axis."""
    ends = [slice(1, BLOCK + 1) if axis == place else slice(BLOCK) for place in (2, 1, 0)]
    changed = (sides[:BLOCK, :BLOCK, :BLOCK] | sides[tuple(ends)]) == BEFORE | BEHIND
    rest, block = np.divmod(np.flatnonzero(changed), changed.shape[-1])
    rest, x = np.divmod(rest, BLOCK)
    z, y = np.divmod(rest, BLOCK)
    here = [x, y, z]
    over = here[axis] == BLOCK - 1
    after = np.where(over, 0, here[axis] + 1)
    there = [after if place == axis else line for place, line in enumerate(here)]
    beyond = np.where(over, grid.after(axis)[block], block)
    first = view.distances(x, y, z, block)
    second = view.distances(there[0], there[1], there[2], beyond)
    # The first pass compares depths only: along a slanted ray the surface may be out of reach.
    taken = _reached(first) & _reached(second)
    voxels = grid.blocks[block] * BLOCK + np.stack(here, axis=1) + grid.low
    points: Floats = (voxels[taken] + 0.5) * VOXEL
    before, behind = (np.abs(values[taken]).astype(np.float64) for values in (first, second))
    points[:, axis] += VOXEL * before / (before + behind)
    return points


def _reached(values: Depths) -> npt.NDArray[np.bool_]:
    within: npt.NDArray[np.bool_] = (values < NEARLY_ONE) & (values >= -NEARLY_ONE)
    return within
