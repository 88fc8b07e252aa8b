"""TraceSpatial scoring in 2D and 3D at 640 x 480, an object of 6,750 pixels.

The occupied voxels are also computed in the straightforward way, for every voxel of the box at
once, and must be the same.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

from evaluators.traces import OrientedBox, Scene, TraceTruth, parse_trace, score_tracespatial
from evaluators.traces.occupancy import (
    BLOCK,
    NEARLY_ONE,
    TRUNCATION,
    VOXEL,
    Occupancy,
    _grid,
)
from evaluators.traces.pixels import pixel_neighbour_means
from tests.benchmarks.row import Bound, Row, Setting
from tests.benchmarks.timing import cpu_seconds

WIDTH, HEIGHT, FOCAL = 640, 480, 525.0
INTRINSICS = [[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1]]
ANSWER = ", ".join(f"({200 + 60 * k}, {640 - 20 * k}, {1.55 + 0.03 * k})" for k in range(9))


def room(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A slanted floor, a wall at 3.5 m, ten boxes, noise of 3 mm and pixels without depth."""
    generator = np.random.default_rng(seed)
    rows = np.arange(HEIGHT)[:, None] - HEIGHT / 2 + 0.5
    floor = np.where(rows > 0, 1.1 * FOCAL / np.maximum(rows, 1), 9.0)
    depth = np.minimum(np.broadcast_to(floor, (HEIGHT, WIDTH)), 3.5)
    for _ in range(10):
        y, x = generator.integers(0, HEIGHT - 120), generator.integers(0, WIDTH - 120)
        tall, wide = generator.integers(40, 120, size=2)
        depth[y : y + tall, x : x + wide] = generator.uniform(1.5, 3.4)
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    mask[270:345, 95:185] = 255
    depth[mask > 0] = 1.55
    depth = depth + generator.normal(0, 0.003, depth.shape)
    depth[generator.random(depth.shape) < 0.03] = 0
    return (1000 * depth).astype(np.uint16), mask


def every_voxel(scene: Scene) -> Occupancy:
    """Return the occupancy from the distances of all voxels in the box around the blocks."""
    camera = scene.camera
    depth = np.where(~scene.mask & (scene.depth < 5), scene.depth, np.float32(0))
    grid = _grid(depth, camera)
    assert grid is not None
    shape = np.array(grid.numbers.shape) * BLOCK
    x, y, z = (
        ((low + np.arange(size) + 0.5) * VOXEL).reshape(np.roll((-1, 1, 1), axis))
        for axis, (low, size) in enumerate(zip(grid.low, shape, strict=True))
    )
    u = x * (camera.fx / z) + (camera.cx + 0.5)
    v = y * (camera.fy / z) + (camera.cy + 0.5)
    seen = (u >= 1e-4) & (u < WIDTH - 1e-4) & (v >= 1e-4) & (v < HEIGHT - 1e-4)
    column, row = (np.where(seen, at, 0).astype(np.int64) for at in (u, v))
    measured = depth[row, column]
    slope = ((column - camera.cx) / camera.fx) ** 2 + ((row - camera.cy) / camera.fy) ** 2
    stretch = np.sqrt(1 + slope).astype(np.float32)
    values = (measured - z.astype(np.float32)) * stretch / np.float32(TRUNCATION)
    taken = grid.numbers < len(grid.blocks)
    for axis in range(3):
        taken = taken.repeat(BLOCK, axis=axis)
    known = seen & (measured > 0) & (values < NEARLY_ONE) & (values >= -NEARLY_ONE) & taken
    values = np.where(known, values, 0)
    points = []
    for axis in range(3):
        before = np.moveaxis(values, axis, 0)
        places = np.argwhere(before[:-1] * before[1:] < 0)
        first, second = (
            np.abs(before[(places[:, 0] + step, *places.T[1:])]).astype(np.float64)
            for step in (0, 1)
        )
        order = [axis, *(other for other in range(3) if other != axis)]
        cells = places[:, np.argsort(order)]
        crossing = (cells + grid.low + 0.5) * VOXEL
        crossing[:, axis] += VOXEL * first / (first + second)
        points.append(crossing)
    return Occupancy.of_points(np.concatenate(points))


def same_neighbours(scene: Scene) -> float:
    """Return the seconds for the object's nearest neighbours with a tree; they must be the same."""
    rows, columns = np.nonzero(scene.mask & (scene.depth > 0) & (scene.depth < 15))
    z = scene.depth[rows, columns].astype(np.float64)
    points = scene.camera.to_space(np.stack((columns / WIDTH, rows / HEIGHT, z), axis=1))
    before = time.process_time()
    expected = cKDTree(points).query(points, k=10)[0].mean(axis=1)
    taken = time.process_time() - before
    means = pixel_neighbour_means(points, rows, columns, scene.camera, neighbours=10)
    assert np.allclose(means, expected, rtol=0, atol=1e-12)
    return taken


def rows(setting: Setting) -> Iterator[Row]:
    """Measure the parts and the whole; medians over scenes, because scenes differ."""
    truth = TraceTruth(
        np.array([[-0.5, 0.2, 1.55], [0.0, 0.0, 1.6], [0.5, 0.2, 1.8]]),
        OrientedBox(np.array([0.5, 0.2, 1.8]), np.array([0.3, 0.2, 0.2]), np.eye(3)),
    )
    names = ("object", "occupancy", "scores", "every voxel", "tree")
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for seed in range(4 if setting.quick else 12):
        scene = Scene.from_millimetres(*room(seed), INTRINSICS)
        for name, work in (
            ("object", lambda scene=scene: scene.object_points),
            ("occupancy", lambda scene=scene: scene.occupancy),
            ("scores", lambda scene=scene: _score(scene, truth)),
        ):
            seconds[name].append(cpu_seconds(work))
        before = time.process_time()
        expected = every_voxel(scene)
        seconds["every voxel"].append(time.process_time() - before)
        seconds["tree"].append(same_neighbours(scene))
        assert np.array_equal(scene.occupancy.filled, expected.filled)
        assert np.array_equal(scene.occupancy.origin, expected.origin)
    ms = {name: 1000 * statistics.median(values) for name, values in seconds.items()}
    ours = ms["object"] + ms["occupancy"] + ms["scores"]
    slow = ms["tree"] + ms["every voxel"] + ms["scores"]
    size, unit, files = f"{WIDTH}x{HEIGHT}, 9 way-points", "CPU ms", "reading files"
    yield Row(
        "TraceSpatial sample, 2D and 3D", size, unit, ours, "with a tree, over every voxel", slow,
        bound=Bound(ours=1000 / 60), excluded=files,
    )  # fmt: skip
    yield Row("occupied voxels", size, unit, ms["occupancy"], "over every voxel", ms["every voxel"])
    yield Row("object's neighbours", size, unit, ms["object"], "scipy's cKDTree", ms["tree"])


def _score(scene: Scene, truth: TraceTruth) -> None:
    for dimensions in (2, 3):
        score_tracespatial(parse_trace(ANSWER), truth, scene, dimensions=dimensions)
