"""The rendered table: pictures that fit their depth, truths that fit both."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from evaluators.traces import Camera
from jumpscore.builder.small_sets.tabletop import Solid, View, render
from jumpscore.builder.small_sets.traces import CUBE, lay_table
from jumpscore.data.layout import read_manifest
from tests.support import render_mini


def spaces(view: View, depth: np.ndarray) -> np.ndarray:
    """The table's coordinates of every pixel."""
    rows, columns = np.mgrid[: view.height, : view.width]
    image = np.stack([columns / view.width, rows / view.height, depth / 1000], axis=-1)
    camera = Camera.from_matrix(view.intrinsics, size=(view.width, view.height))
    return (camera.to_space(image.reshape(-1, 3)) @ view.turn).reshape(*depth.shape, 3)


@pytest.fixture(scope="module")
def scene():
    generator = np.random.default_rng(5)
    table = lay_table("red", generator)
    picture, depth, seen = render(table.view, table.solids, generator)
    return table, picture, depth, seen, spaces(table.view, depth)


def test_render_depth_of_the_table(scene):
    table, _, depth, seen, points = scene
    ground = (seen < 0) & (depth > 0) & (depth < 3000)
    assert ground.sum() > 20_000
    assert np.abs(points[ground][:, 1] - table.view.above).max() < 1e-3


def test_render_points_are_on_their_solid(scene):
    table, _, _, seen, points = scene
    for number, solid in enumerate(table.solids):
        offsets = points[seen == number] - solid.center
        if solid.round:
            off = np.linalg.norm(offsets, axis=1) - solid.half[0]
        else:
            off = (np.abs(offsets) - solid.half).max(axis=1)
        assert np.abs(off).max() < 1.5e-3, number


def test_render_occlusion():
    view = View(64, 48, 60.0, 1.0, 0.5)
    far = Solid(np.array([0.0, 0.5, 2.0]), np.full(3, 0.3), (9, 9, 9))
    near = Solid(np.array([0.0, 0.4, 1.0]), np.full(3, 0.1), (9, 9, 9), round=True)
    seen = [render(view, both, np.random.default_rng(0))[2] for both in ([far, near], [near, far])]
    assert np.array_equal(seen[0] == 1, seen[1] == 0)
    assert (seen[0] == 1).any()


def test_lay_table_path_clears_the_wall():
    for seed in range(20):
        table = lay_table("red", np.random.default_rng(seed))
        cube, wall = table.solids[:2]
        assert table.path[2, 1] + CUBE < wall.center[1] - wall.half[1]  # y points down
        assert table.path[0, 1] + CUBE <= table.view.above
        overlap = np.minimum(cube.center + CUBE, wall.center + wall.half)[1:]
        assert (overlap > np.maximum(cube.center - CUBE, wall.center - wall.half)[1:]).all()


def test_render_is_deterministic(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        render_mini("mini_traces", tmp_path / name, seed=seed)
    files = sorted(file.relative_to(tmp_path / "a") for file in (tmp_path / "a").rglob("*.*"))
    assert len(files) == 14
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
        assert (tmp_path / "a" / file).read_bytes() != (tmp_path / "c" / file).read_bytes()
    assert read_manifest(tmp_path / "a").synthetic
    depth = cv2.imread(str(tmp_path / "a" / "scenes/0/depth.png"), cv2.IMREAD_UNCHANGED)
    assert (depth.dtype, depth.shape) == (np.uint16, (240, 320))
