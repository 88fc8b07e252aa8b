"""Coordinate conventions: from fractions, thousandths and pixels to pixels of the image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jumpscore.answers.places.groups import check_convention
from jumpscore.records import Convention

__all__ = ["Floats", "check_convention", "check_size", "to_pixels"]

Floats = npt.NDArray[np.float64]


def check_size(name: str, size: tuple[int, int]) -> None:
    """Refuse a (width, height) that is not positive.

    Raises:
        ValueError: It is not.
    """
    if len(size) != 2 or min(size) <= 0:
        raise ValueError(f"{name} {tuple(size)} must be (width, height) in pixels, both positive")


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
        convention: Declared by the model, never guessed from the size of the numbers.
        size: (width, height) of the image that the truth is drawn on.
        seen: (width, height) of the image that the model saw, for ``pixel``; default ``size``.

    Raises:
        ValueError: The convention is not known or a size is not positive.

    >>> to_pixels([[500, 250]], convention="relative_1000", size=(640, 480)).tolist()
    [[320.0, 120.0]]
    """
    check_convention(convention)
    check_size("size", size)
    check_size("seen", seen or size)
    array: Floats = np.asarray(coordinates, dtype=np.float64)
    full = {"unit": (1, 1), "relative_1000": (1000, 1000), "pixel": seen or size}[convention]
    scale = np.array([size[0] / full[0], size[1] / full[1]])
    with np.errstate(over="ignore"):  # beyond float64 is outside of any image
        scaled: Floats = array * np.tile(scale, array.shape[-1] // 2)
    return scaled
