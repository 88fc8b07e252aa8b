from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN

from evaluators.traces import Camera, OrientedBox
from evaluators.traces.clouds import (
    density_clusters,
    down_sampled,
    largest_cluster,
    neighbour_means,
    without_outliers,
)
from evaluators.traces.occupancy import VOXEL, Occupancy, surface_points
from evaluators.traces.pixels import pixel_neighbour_means

MATRIX = [[100.0, 0, 8], [0, 100.0, 6], [0, 0, 1]]


def camera(width: int = 16, height: int = 12) -> Camera:
    return Camera.from_matrix(MATRIX, size=(width, height))


def test_camera_to_space_and_to_image_are_inverse():
    points = np.array([[0.2, 0.3, 1.5], [0.9, 0.1, 4.0]])
    assert camera().to_image(camera().to_space(points)) == pytest.approx(points[:, :2])
    # x = 0.5 of 16 pixels is the principal point's column.
    assert camera().to_space(np.array([[0.5, 1.0, 2.0]]))[0] == pytest.approx([0, 0.12, 2.0])


def test_camera_accepts_homogeneous_intrinsics():
    wide = np.eye(4)
    wide[:3, :3] = MATRIX
    assert Camera.from_matrix(wide, size=(16, 12)) == camera()


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(2), r"intrinsics has shape \(2, 2\)"),
        ([1, 2, 3], r"intrinsics has shape \(3,\)"),
        (np.full((3, 3), np.nan), "intrinsics .* must be finite"),
        (np.diag([-1.0, 1, 1]), "focal lengths -1, 1"),
        (np.diag([1e-300, 1, 1]), "focal lengths 1e-300, 1"),
        ([[1, 0, -1e9], [0, 1, 0], [0, 0, 1]], "principal point at -1e"),
    ],
)
def test_camera_refuses_wrong_intrinsics(matrix, message):
    with pytest.raises(ValueError, match=message):
        Camera.from_matrix(matrix, size=(16, 12))


def test_oriented_box_distances():
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])  # its x axis is the camera's y
    box = OrientedBox(np.zeros(3), np.array([4.0, 2, 2]), turn)
    points = np.array([[0.0, 1.9, 0], [1.5, 0, 0], [1.0 + 3, 2.0 + 4, 0]])
    assert box.distances(points) == pytest.approx([0, 0.5, 5])
    assert np.abs(box.corners()).max(axis=0) == pytest.approx([1, 2, 1])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((np.zeros(2), np.ones(3), np.eye(3)), r"center \[0.0, 0.0\] must have shape \(3,\)"),
        ((np.zeros(3), np.array([1, np.inf, 1]), np.eye(3)), "extent .* be finite"),
        ((np.zeros(3), np.array([1, -1, 1]), np.eye(3)), "extent .* must not be negative"),
        ((np.zeros(3), np.ones(3), 2 * np.eye(3)), "rotation .* is not a rotation"),
    ],
)
def test_oriented_box_refuses_invalid_values(values, message):
    with pytest.raises(ValueError, match=message):
        OrientedBox(*values)


def test_without_outliers_drops_a_far_point():
    grid = np.stack(np.meshgrid(*[np.arange(5.0)] * 3), axis=-1).reshape(-1, 3)
    cloud = np.concatenate([grid, [[50.0, 50, 50]]])
    inliers = without_outliers(cloud, neighbour_means(cloud, neighbours=10), sigmas=1.2)
    assert len(inliers) == 125
    assert not (inliers == 50).any()


def test_without_outliers_of_few_or_equal_points():
    for cloud in (np.zeros((0, 3)), np.zeros((1, 3))):
        assert len(without_outliers(cloud, np.zeros(len(cloud)), sigmas=1.2)) == len(cloud)
    nine = np.zeros((9, 3))
    assert len(without_outliers(nine, neighbour_means(nine, neighbours=10), sigmas=1.2)) == 0
    assert down_sampled(np.zeros((0, 3)), 1.0).shape == (0, 3)
    assert largest_cluster(np.zeros((0, 3)), radius=1, least=1) is None


@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 6))
def test_density_clusters_equal_scikit_learn(seed, n, least):
    points = np.random.default_rng(seed).uniform(0, 1, size=(n, 3))
    result = density_clusters(points, radius=0.3, least=least)
    assert result.tolist() == DBSCAN(eps=0.3, min_samples=least).fit(points).labels_.tolist()


def test_surface_points_of_a_wall():
    depth = np.full((60, 80), 1.0, dtype=np.float32)
    points = surface_points(
        depth, Camera.from_matrix([[100, 0, 40], [0, 100, 30], [0, 0, 1]], size=(80, 60))
    )
    # 0.8 m x 0.6 m of voxels of 0.02 m, whose centres lie on odd multiples of 0.01.
    assert len(points) == 40 * 30
    assert points[:, 2] == pytest.approx(1.0, abs=1e-6)
    assert points[:, 0].min() == pytest.approx(-0.39)


def truncated_distance(depth: np.ndarray, view: Camera, voxel: np.ndarray) -> float:
    """Return the value at a voxel's centre, 0 if undefined."""
    x, y, z = (voxel + 0.5) * VOXEL
    u, v = x * view.fx / z + view.cx + 0.5, y * view.fy / z + view.cy + 0.5
    if not (1e-4 <= u < view.width - 1e-4 and 1e-4 <= v < view.height - 1e-4):
        return 0.0
    u, v = int(u), int(v)
    ray = np.sqrt(1 + ((u - view.cx) / view.fx) ** 2 + ((v - view.cy) / view.fy) ** 2)
    share = (depth[v, u] - z) * ray / 0.08
    return float(share) if depth[v, u] > 0 and -0.98 <= share < 0.98 else 0.0


def brute_force_crossings(depth: np.ndarray, view: Camera) -> set[tuple[float, ...]]:
    """The definition, voxel by voxel, for a small scene whose blocks all take part."""
    result = set()
    for voxel in np.stack(np.mgrid[-7:8, -7:8, 40:62], axis=-1).reshape(-1, 3):
        for axis in np.eye(3, dtype=int):
            a, b = (truncated_distance(depth, view, at) for at in (voxel, voxel + axis))
            if a * b < 0:
                point = (voxel + 0.5 + axis * abs(a) / (abs(a) + abs(b))) * VOXEL
                result.add(tuple(np.round(point, 5)))
    return result


def test_surface_points_equal_the_definition():
    view = Camera.from_matrix([[100, 0, 10], [0, 90, 9], [0, 0, 1]], size=(20, 18))
    depth = np.random.default_rng(3).uniform(0.97, 1.08, size=(18, 20)).astype(np.float32)
    depth[4:7, 5:9] = 0
    result = surface_points(depth, view)
    expected = brute_force_crossings(depth, view)
    assert len(result) == len(expected) > 50
    gaps = np.abs(np.array(sorted(expected))[:, None] - result[None]).max(axis=-1).min(axis=1)
    assert gaps.max() < 2e-5


def test_occupancy_without_points_is_empty():
    points = surface_points(np.zeros((12, 16), dtype=np.float32), camera())
    assert points.shape == (0, 3)
    assert not Occupancy.of_points(points).contains(np.zeros((2, 3)), np.zeros((3, 3))).any()


def test_occupancy_contains_points_of_its_voxels():
    grid = Occupancy.of_points(np.array([[0.0, 0, 1], [0.1, 0, 1]]))
    positions = np.array([[0.0, 0, 1], [0.04, 0, 1], [0.1, 0.005, 1], [9e9, 0, -9e9]])
    assert grid.contains(positions, np.zeros((1, 3)))[:, 0].tolist() == [True, False, True, False]


def test_check_view_refuses_a_wide_view():
    depth = np.full((12, 16), 4.0, dtype=np.float32)
    view = Camera.from_matrix([[1e-3, 0, 8], [0, 1e-3, 6], [0, 0, 1]], size=(16, 12))
    with pytest.raises(ValueError, match=r"focal lengths 0.001, 0.001 see more than 20.48 m"):
        surface_points(depth, view)


@pytest.mark.parametrize("holes", [0.0, 0.1, 0.6, 0.9])
@pytest.mark.parametrize("focal", [3.0, 30.0, 500.0])
@pytest.mark.parametrize("noise", [0.0, 0.003, 0.2])
def test_pixel_neighbour_means_equal_neighbour_means(holes, focal, noise):
    """A narrow and a very wide view, a smooth and a rough surface, with holes."""
    generator = np.random.default_rng([int(1000 * holes), int(focal), int(1000 * noise)])
    depth = 1.5 + 0.5 * np.linspace(0, 1, 60) + generator.normal(0, noise, (40, 60))
    depth[10:20, 10:20] -= 0.4
    rows, columns = np.nonzero(generator.random(depth.shape) >= holes)
    camera = Camera(60, 40, focal, focal, 30.0, 20.0)
    image = (columns / 60, rows / 40, np.maximum(depth[rows, columns], 0.01))
    points = camera.to_space(np.stack(image, axis=1))
    result = pixel_neighbour_means(points, rows, columns, camera, neighbours=10)
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
    assert result == pytest.approx(np.sort(apart, axis=1)[:, :10].mean(axis=1), abs=1e-12)


def test_pixel_neighbour_means_of_few_points():
    camera = Camera(60, 40, 50.0, 50.0, 30.0, 20.0)
    for n in (1, 2, 11):
        rows, columns = np.zeros(n, dtype=np.int64), np.arange(n)
        points = camera.to_space(np.stack([columns / 60, rows / 40, np.ones(n)], axis=1))
        result = pixel_neighbour_means(points, rows, columns, camera, neighbours=10)
        assert result == pytest.approx(neighbour_means(points, neighbours=10), abs=1e-12)
