"""Motion of the camera, and who moves against it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from model_wrappers.motion import camera


def cells_of(right: np.ndarray, down: np.ndarray) -> np.ndarray:
    return np.dstack([right, down, np.full(right.shape, 0.5)]).astype(np.float32)


def test_camera_motion_ignores_the_person() -> None:
    y, x = np.mgrid[:24, :43].astype(float)
    right, down = 1.5 + 0.02 * (x - 21), -0.5 + 0.02 * (y - 11.5)  # a shift and a zoom
    person = (abs(x - 21) < 4) & (y > 6)
    motion = camera.camera_motion(cells_of(right, np.where(person, down - 3.0, down)))
    np.testing.assert_allclose(motion[..., 0], right, atol=0.05)
    np.testing.assert_allclose(motion[..., 1], down, atol=0.05)


def test_own_rise_removes_row_motion() -> None:
    y, x = np.mgrid[:24, :43]
    person = (abs(x - 21) < 4) & (y > 6)
    down = np.where(person, -2.0, 0.0) + np.where(y < 5, 1.0, 0.0)  # a pattern misread at the top
    rise = camera.own_rise(cells_of(np.zeros_like(down), down))
    assert rise[person].min() > 1.8
    assert np.abs(rise[~person]).max() < 0.2


def fitted_by_lstsq(cells: np.ndarray) -> np.ndarray:
    """The same robust fit with a design matrix and a solver, for one pair of frames."""
    rows, columns = cells.shape[:2]
    y, x = np.mgrid[:rows, :columns].astype(float)
    x, y = ((part - part.mean()).ravel() / max(columns, 2) for part in (x, y))
    one, none = np.ones_like(x), np.zeros_like(x)
    design = np.vstack([np.column_stack([one, none, x, -y]), np.column_stack([none, one, y, x])])
    motion = cells[..., :2].astype(float).transpose(2, 0, 1).reshape(-1)
    prior = (0.05 + np.sqrt(cells[..., 2].ravel())) * np.where(np.abs(x) < 0.2, 0.3, 1.0)
    guess = np.array([*(np.median(cells[..., k]) for k in (0, 1)), 0.0, 0.0])
    for number in range(camera.ROUNDS):
        scale = camera.SCALE * 2.0 ** max(0, 3 - number)
        off = ((motion - design @ guess) ** 2).reshape(2, -1).sum(0)
        root = np.tile(np.sqrt(prior) / (1.0 + off / scale**2), 2)
        guess = np.linalg.lstsq(design * root[:, None], motion * root, rcond=None)[0]
    return (design @ guess).reshape(2, rows, columns).transpose(1, 2, 0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 9), st.integers(3, 12))
def test_camera_motion_equals_least_squares(seed: int, rows: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = rng.normal(0.0, 0.05, (3, rows, columns, 3)) + rng.normal(0, 1, (3, 1, 1, 3))
    pairs[..., 2] = rng.uniform(0.01, 1.0, pairs.shape[:-1])
    together = camera.camera_motion(pairs.astype(np.float32))
    for pair, motion in zip(pairs, together, strict=True):
        np.testing.assert_allclose(motion, fitted_by_lstsq(pair.astype(np.float32)), atol=2e-3)
