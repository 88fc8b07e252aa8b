"""Score points against a mask."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from evaluators.coordinates import in_mask
from jumpscore.answers.places.points import ParsedPoints, Point, PointStatus, parse_points

__all__ = [
    "ParsedPoints",
    "Point",
    "PointStatus",
    "in_mask",
    "mask_fraction",
    "parse_points",
    "right_count",
]


def mask_fraction(inside: npt.NDArray[np.bool_]) -> float:
    """Return the share of answered points inside; 0 without points.

    >>> mask_fraction(np.array([True, False]))
    0.5
    """
    return float(inside.mean()) if inside.size else 0.0


def right_count(inside: npt.NDArray[np.bool_], expected: int) -> bool:
    """Return whether all answered points are inside and their number is right (PointBench).

    >>> right_count(np.array([True, True]), 2), right_count(np.array([True]), 2)
    (True, False)
    """
    return bool(inside.all()) and len(inside) == expected
