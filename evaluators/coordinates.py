"""Convert coordinates of every convention to pixels, and test whether they lie in a mask."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jumpscore.answers.places.groups import check_convention
from jumpscore.errors import DataError
from jumpscore.records import Convention

Floats = npt.NDArray[np.float64]
EDGE = 1e-9
"""Added to pixels before rounding down, so that 0.29 of 200 pixels is pixel 58 in float64."""
UNSTATED = (
    "the answer contains coordinates of an unknown convention; set task.convention to unit, "
    "relative_1000 or pixel"
)
"""Message of an answer that cannot be placed."""
UNKNOWN_SIZE = "answers in pixels of an image of unknown size, read as the file's size"
"""Note of an answer in pixels whose image size was assumed."""


def stated_convention(name: str) -> Convention | None:
    """Return the convention that a row states; ``None`` if it states none.

    Raises:
        DataError: The convention is unknown.
    """
    try:
        check_convention(name or "unit")
    except ValueError as error:
        raise DataError(str(error)) from None
    return name or None  # type: ignore[return-value]


def check_size(name: str, size: tuple[int, int]) -> None:
    """Check that a (width, height) is positive.

    Raises:
        ValueError: It is not.
    """
    if len(size) != 2 or min(size) <= 0:
        raise ValueError(f"{name} {tuple(size)} must be (width, height) in pixels, both positive")


def full_scale(convention: Convention, size: tuple[int, int]) -> tuple[int, int]:
    """Return the (x, y) of an image's lower right corner; ``size`` is its (width, height)."""
    return {"unit": (1, 1), "relative_1000": (1000, 1000), "pixel": size}[convention]


def to_pixels(
    coordinates: npt.ArrayLike,
    *,
    convention: Convention,
    size: tuple[int, int],
    seen: tuple[int, int] | None = None,
) -> Floats:
    """Return continuous pixel coordinates in an image, float64 of the same shape.

    Args:
        coordinates: [..., 2k] alternating x and y; x to the right, y down, from the top left.
        convention: Declared by the model; never guessed from the numbers.
        size: (width, height) of the image of the ground truth.
        seen: (width, height) of the image that the model saw, for ``pixel``; default ``size``.

    Raises:
        ValueError: The convention is unknown or a size is not positive.

    >>> to_pixels([[500, 250]], convention="relative_1000", size=(640, 480)).tolist()
    [[320.0, 120.0]]
    """
    check_convention(convention)
    check_size("size", size)
    check_size("seen", seen or size)
    array: Floats = np.asarray(coordinates, dtype=np.float64)
    full = full_scale(convention, seen or size)
    scale = np.array([size[0] / full[0], size[1] / full[1]])
    with np.errstate(over="ignore"):  # beyond float64 is outside of any image
        scaled: Floats = array * np.tile(scale, array.shape[-1] // 2)
    return scaled


def in_mask(
    points: npt.ArrayLike,
    mask: npt.NDArray[Any],
    *,
    convention: Convention,
    seen: tuple[int, int] | None = None,
) -> npt.NDArray[np.bool_]:
    """Return which points lie on pixels of the mask, bool [n]; points outside the image do not.

    Args:
        points: [n, 2] x and y.
        mask: [height, width]; above 0 is inside.
        convention: Convention of the points.
        seen: (width, height) of the image that the model saw, for ``pixel``.

    Raises:
        ValueError: The mask is not [height, width], or see ``to_pixels``.

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
    # Compared as floats: NaN is out of range and nothing overflows.
    within = ((pixels >= 0) & (pixels < (width, height))).all(axis=1)
    inside = np.zeros(len(array), dtype=np.bool_)
    columns, rows = pixels[within].astype(np.int64).T
    inside[within] = mask[rows, columns] > 0
    return inside


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
