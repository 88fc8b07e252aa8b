"""Ask which of the points that an answer gives lie in a mask."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from evaluators.spatial.coordinates import to_pixels
from jumpscore.answers.places.points import ParsedPoints, Point, PointStatus, parse_points
from jumpscore.records import Convention

__all__ = [
    "ParsedPoints",
    "Point",
    "PointStatus",
    "in_mask",
    "mask_fraction",
    "parse_points",
    "right_count",
]

EDGE = 1e-9
"""Pixels added before rounding down, so that 0.29 of 200 pixels is pixel 58 in float64 too."""


def in_mask(
    points: npt.ArrayLike,
    mask: npt.NDArray[Any],
    *,
    convention: Convention,
    seen: tuple[int, int] | None = None,
) -> npt.NDArray[np.bool_]:
    """Return which points lie on pixels of the mask, bool [n]; what is out of range does not.

    Args:
        points: [n, 2] x and y.
        mask: [height, width]; above 0 is inside.
        convention: Of the points.
        seen: (width, height) of the image that the model saw, for ``pixel``.

    Raises:
        ValueError: The mask is no picture, or see ``to_pixels``.

    >>> in_mask([(0.5, 0.5), (7, 0)], np.ones((2, 2)), convention="unit").tolist()
    [True, False]
    """
    if mask.ndim != 2 or not mask.size:
        raise ValueError(f"mask has shape {mask.shape}; it must be [height, width] and not empty")
    height, width = mask.shape
    array = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    pixels = np.floor(
        to_pixels(array, convention=convention, size=(width, height), seen=seen) + EDGE
    )
    # Compared as floats, where NaN is in no range and nothing overflows.
    within = ((pixels >= 0) & (pixels < (width, height))).all(axis=1)
    inside = np.zeros(len(array), dtype=np.bool_)
    columns, rows = pixels[within].astype(np.int64).T
    inside[within] = mask[rows, columns] > 0
    return inside


def mask_fraction(inside: npt.NDArray[np.bool_]) -> float:
    """Return the share of answered points that are inside; 0 of none.

    >>> mask_fraction(np.array([True, False]))
    0.5
    """
    return float(inside.mean()) if inside.size else 0.0


def right_count(inside: npt.NDArray[np.bool_], expected: int) -> bool:
    """Whether all answered points are inside and there are as many as asked for (PointBench).

    >>> right_count(np.array([True, True]), 2), right_count(np.array([True]), 2)
    (True, False)
    """
    return bool(inside.all()) and len(inside) == expected
