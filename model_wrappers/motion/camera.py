"""Separates the motion of people from the motion of the camera, for many pairs of frames at once.

The camera's own motion (shift, zoom and roll) is fitted robustly to all cells and subtracted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Cells = npt.NDArray[np.float32]

ROUNDS = 8
SCALE = 0.125
"""Deviation from the camera's motion up to which a cell counts fully, analysis pixels per frame."""


def own_rise(cells: Cells) -> Cells:
    """Return the upward motion of the cells relative to the camera and to their row.

    Motion common to half a row of the picture is not a person but the surroundings: a pattern that
    the flow mistook for its neighbour, or a rolling shutter while the camera shook.

    Args:
        cells: (right, down, trust) per cell, [..., rows, columns, 3].

    Returns:
        Analysis pixels, float32 [..., rows, columns].
    """
    rise = camera_motion(cells)[..., 1] - cells[..., 1]
    return np.asarray(rise - np.median(rise, axis=-1, keepdims=True), dtype=np.float32)


def camera_motion(cells: Cells) -> Cells:
    """Return the motion of every cell that the camera alone would cause.

    A shift (a, b), a zoom z and a roll r are fitted by iteratively reweighted least squares
    (Geman-McClure weights), so that cells with other motion, such as the person's, are ignored::

        right = a + z * x - r * y        down = b + z * y + r * x

    The normal equations have four unknowns, and with moments as weighted sums they are solved in
    closed form: z and r decouple once the weighted means are removed.

    Args:
        cells: (right, down, trust) per cell, [..., rows, columns, 3].

    Returns:
        (right, down) per cell, float32 [..., rows, columns, 2].
    """
    rows, columns = cells.shape[-3:-1]
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    x = (x - x.mean()).ravel() / max(columns, 2)
    y = (y - y.mean()).ravel() / max(columns, 2)
    fields = np.stack([np.ones_like(x), x, y, x * x + y * y], axis=1)
    flat = cells.reshape(-1, rows * columns, 3)
    right, down, trust = (np.ascontiguousarray(flat[..., k]) for k in range(3))
    # The middle of the picture usually shows the person; flat walls still count a little,
    # because there may be nothing else around.
    prior = (0.05 + np.sqrt(trust)) * np.where(np.abs(x) < 0.2, np.float32(0.3), np.float32(1.0))
    a, b = (np.median(part, axis=1, keepdims=True) for part in (right, down))
    z = r = np.zeros_like(a)
    for round_ in range(ROUNDS):
        scale = SCALE * 2.0 ** max(0, 3 - round_)  # wide first, to avoid local minima
        off = (right - (a + z * x - r * y)) ** 2 + (down - (b + z * y + r * x)) ** 2
        weight = prior / (1.0 + off / np.float32(scale**2)) ** 2
        a, b, z, r = _solved(weight @ fields, (weight * right) @ fields, (weight * down) @ fields)
    shift = np.stack([a + z * x - r * y, b + z * y + r * x], axis=-1)
    return np.asarray(shift.reshape(*cells.shape[:-1], 2), dtype=np.float32)


def _solved(ones: Cells, right: Cells, down: Cells) -> tuple[Cells, Cells, Cells, Cells]:
    """Return a, b, z, r, each [pairs, 1], from weighted sums of 1, x, y, x^2 + y^2 [pairs, 4]."""
    one, x, y, square = np.moveaxis(ones.astype(np.float64), 1, 0)
    u, ux, uy, _ = np.moveaxis(right.astype(np.float64), 1, 0)
    v, vx, vy, _ = np.moveaxis(down.astype(np.float64), 1, 0)
    one = one + 1e-9
    spread = square - (x * x + y * y) / one + 1e-9
    z = (ux + vy - (x * u + y * v) / one) / spread
    r = (vx - uy - (x * v - y * u) / one) / spread
    a = (u - z * x + r * y) / one
    b = (v - z * y - r * x) / one
    return tuple(part[:, None].astype(np.float32) for part in (a, b, z, r))
