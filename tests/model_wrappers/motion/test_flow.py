"""Motion of cells from pictures, and how far it can be trusted."""

from __future__ import annotations

import numpy as np
import pytest

from model_wrappers.motion import flow


def test_texture_flat_areas_and_upright_edges() -> None:
    picture = np.full((64, 96), 100, np.uint8)
    picture[:, 20:28] = 220  # a lamp post
    picture[40:48, 48:] = 220  # a kerb
    anywhere, rising = flow.texture(flow.finest(picture), flow.finest(picture))
    assert (anywhere.shape, rising.shape) == ((32, 48), (16, 24))
    assert anywhere[8, 10] > 0.9
    assert rising[4, 5] < 0.1  # the post
    assert rising[10, 18] > 0.9  # the kerb
    assert anywhere[8, 36] < 0.1  # flat


def test_texture_of_noise() -> None:
    rng = np.random.default_rng(0)
    first, second = (np.clip(100 + 12 * rng.standard_normal((64, 96)), 0, 255) for _ in range(2))
    _, rising = flow.texture(*(flow.finest(one.astype(np.uint8)) for one in (first, second)))
    assert np.median(rising) < 0.15


def test_cell_motion_weighted_by_trust() -> None:
    motion = np.zeros((8, 8, 2), np.float32)
    motion[:, :2, 0] = 2.0
    trust = np.full((4, 4), 0.01, np.float32)
    trust[:, 0] = 1.0
    cells = flow.cell_motion(motion, trust)
    assert cells.shape == (2, 2, 3)
    assert cells[0, 0, 0] == pytest.approx(2.0 * 1.0 / 1.01, rel=1e-4)
    assert cells[1, 1, 0] == 0.0


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (64, 36), (8, 4)])
def test_analysis_size_is_whole_cells(size: tuple[int, int]) -> None:
    width, height = flow.analysis_size(*size, 96)
    assert width % flow.CELL == height % flow.CELL == 0
    assert min(width, height) <= 96
