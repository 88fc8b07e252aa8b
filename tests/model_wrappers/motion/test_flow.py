"""Motion of cells: the camera's, and who moves against it."""

from __future__ import annotations

import numpy as np
import pytest

from model_wrappers.motion import flow


def cells_of(right: np.ndarray, down: np.ndarray) -> np.ndarray:
    return np.dstack([right, down, np.full(right.shape, 0.5)]).astype(np.float32)


def test_camera_motion_ignores_the_person() -> None:
    y, x = np.mgrid[:24, :43].astype(float)
    right, down = 1.5 + 0.02 * (x - 21), -0.5 + 0.02 * (y - 11.5)  # a shift and a zoom
    person = (abs(x - 21) < 4) & (y > 6)
    motion = flow.camera_motion(cells_of(right, np.where(person, down - 3.0, down)))
    np.testing.assert_allclose(motion[..., 0], right, atol=0.05)
    np.testing.assert_allclose(motion[..., 1], down, atol=0.05)


def test_own_rise_removes_row_motion() -> None:
    y, x = np.mgrid[:24, :43]
    person = (abs(x - 21) < 4) & (y > 6)
    down = np.where(person, -2.0, 0.0) + np.where(y < 5, 1.0, 0.0)  # a pattern misread at the top
    rise = flow.own_rise(cells_of(np.zeros_like(down), down))
    assert rise[person].min() > 1.8
    assert np.abs(rise[~person]).max() < 0.2


def test_texture_flat_areas_and_upright_edges() -> None:
    picture = np.full((64, 96), 100, np.uint8)
    picture[:, 20:28] = 220  # a lamp post
    picture[40:48, 48:] = 220  # a kerb
    anywhere, rising = flow.texture(picture, picture)
    assert (anywhere.shape, rising.shape) == ((16, 24), (8, 12))
    assert anywhere[4, 5] > 0.9
    assert rising[2, 2] < 0.1  # the post
    assert rising[5, 9] > 0.9  # the kerb
    assert anywhere[4, 18] < 0.1  # flat


def test_texture_of_noise() -> None:
    rng = np.random.default_rng(0)
    first, second = (np.clip(100 + 12 * rng.standard_normal((64, 96)), 0, 255) for _ in range(2))
    _, rising = flow.texture(first.astype(np.uint8), second.astype(np.uint8))
    assert np.median(rising) < 0.15


def test_cell_motion_weighted_by_trust() -> None:
    motion = np.zeros((16, 16, 2), np.float32)
    motion[:, :4, 0] = 2.0
    trust = np.full((4, 4), 0.01, np.float32)
    trust[:, 0] = 1.0
    cells = flow.cell_motion(motion, trust)
    assert cells.shape == (2, 2, 3)
    assert cells[0, 0, 0] == pytest.approx(2.0 * 1.0 / 1.01, rel=1e-4)
    assert cells[1, 1, 0] == 0.0


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (64, 36), (8, 4)])
def test_analysis_size_is_whole_cells(size: tuple[int, int]) -> None:
    width, height = flow.analysis_size(*size, 192)
    assert width % flow.CELL == height % flow.CELL == 0
    assert min(width, height) <= 192
