"""Read points as RoboRefer's script for RefSpatial does (commit d97a995), faults included.

RoboPoint's script for Where2Place reads the same. The script selects a reader by the model's name;
this one is for models that answer with fractions of the image (RoboRefer, RoboPoint, Claude,
GPT-4o). It has others for Qwen and RoboBrain (pixels), Molmo (XML) and Gemini (JSON). The pixels of
boxes are counted without filling them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from jumpscore.scoring.readers import Reader, ReferenceCrashError, Value

_NUMBER = r"[-+]?\d++(?:\.\d*+)?+"
_TUPLE = re.compile(rf"\(({_NUMBER}(?:,\s*+{_NUMBER})*+)\)")
LARGEST = 1 << 63
"""Coordinates from here on cannot index an array."""

Mask = npt.NDArray[np.bool_]
Area = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are exclusive."""


@dataclass(frozen=True, slots=True)
class PointReading:
    """An answer as the rules have read it so far.

    Attributes:
        text: The answer.
        size: (width, height) of the mask in pixels.
        tuples: Numbers as written: a float with a point, otherwise an integer.
        areas: Areas of pixels; that of a point is one pixel.
    """

    text: str
    size: tuple[int, int]
    tuples: tuple[tuple[float, ...], ...] = ()
    areas: tuple[Area, ...] = ()


def tuples_of_numbers(reading: PointReading, mask: Mask) -> PointReading:
    """Read ``(x, y, ...)`` anywhere; spaces are allowed only after commas."""
    try:
        tuples = tuple(
            tuple(float(number) if "." in number else int(number) for number in match.split(","))
            for match in _TUPLE.findall(reading.text)
        )
    except ValueError as error:
        raise ReferenceCrashError(f"an integer has too many digits: {error}") from error
    return replace(reading, tuples=tuples)


def integers_are_pixels(reading: PointReading, mask: Mask) -> PointReading:
    """Read two integers as a pixel; every other rule scales."""
    return _with_areas(reading, lambda row: len(row) == 2 and not _has_float(row), (1, 1))


def fractions_are_scaled(reading: PointReading, mask: Mask) -> PointReading:
    """Read two numbers, at least one with a point, as fractions, rounded towards zero."""
    return _with_areas(reading, lambda row: len(row) == 2 and _has_float(row), reading.size)


def boxes_are_every_pixel(reading: PointReading, mask: Mask) -> PointReading:
    """Read four numbers as a box in fractions, of which every pixel is a point."""
    return _with_areas(reading, lambda row: len(row) == 4, reading.size)


def boxes_have_their_corners_in_order(reading: PointReading, mask: Mask) -> PointReading:
    """Refuse a box whose second corner is left of or above the first.

    Raises:
        ReferenceCrashError: A box is inverted; the script drops the answer from its mean.
    """
    if any(right < left or below < above for left, above, right, below in reading.areas):
        raise ReferenceCrashError("a box has its corners in the other order")
    return reading


def pixels_are_indices(reading: PointReading, mask: Mask) -> PointReading:
    """Refuse pixels beyond 64 bits, which NumPy cannot use as indices.

    Raises:
        ReferenceCrashError: A pixel is too large; the script crashes.
    """
    if any(not -LARGEST <= at < LARGEST for area in reading.areas for at in area):
        raise ReferenceCrashError("a pixel is beyond 64 bits")
    return reading


def share_inside(reading: PointReading, mask: Mask) -> Value[float]:
    """Return the share of points on the mask; points outside of the image count as misses."""
    points = sum((right - left) * (below - above) for left, above, right, below in reading.areas)
    return Value(_inside(mask, reading.areas) / points if points else 0.0)


ROBOREFER: Reader[float] = Reader(
    (
        tuples_of_numbers,
        integers_are_pixels,
        fractions_are_scaled,
        boxes_are_every_pixel,
        boxes_have_their_corners_in_order,
        pixels_are_indices,
        share_inside,
    )
)


def roborefer_accuracy(text: str, mask: npt.NDArray[Any]) -> float:
    """Return the share of the points read that lie on the mask; 0 without points.

    Args:
        text: The whole answer.
        mask: [height, width]; above 0 is inside.

    Raises:
        ReferenceCrashError: The script drops the answer from its mean, or crashes.

    >>> mask = np.zeros((10, 10), dtype=bool)
    >>> mask[:5] = True
    >>> roborefer_accuracy("(0.1, 0.1), (7, 7)", mask), roborefer_accuracy("(0., 0, 1, 1)", mask)
    (0.5, 0.5)
    """
    height, width = mask.shape
    return ROBOREFER.read(PointReading(text, (width, height)), mask > 0) or 0.0


def _has_float(row: tuple[float, ...]) -> bool:
    return any(isinstance(number, float) for number in row)


def _with_areas(
    reading: PointReading, applies: Callable[[tuple[float, ...]], bool], size: tuple[int, int]
) -> PointReading:
    areas = []
    for row in filter(applies, reading.tuples):
        try:
            at = [int(number * size[place % 2]) for place, number in enumerate(row)]
        except (OverflowError, ValueError) as error:
            raise ReferenceCrashError(f"a number is not a pixel: {error}") from error
        areas.append((at[0], at[1], at[0] + 1, at[1] + 1) if len(at) == 2 else tuple(at))
    return replace(reading, areas=(*reading.areas, *areas))  # type: ignore[arg-type]


def _inside(mask: Mask, areas: Sequence[Area]) -> int:
    """Return how many pixels of the areas lie on the mask; overlaps count once per area."""
    # Summed-area table: constant time per area.
    sums = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), dtype=np.int64)
    sums[1:, 1:] = mask.cumsum(axis=0).cumsum(axis=1)
    height, width = mask.shape
    total = 0
    for left, above, right, below in areas:
        x0, x1 = (min(max(at, 0), width) for at in (left, right))
        y0, y1 = (min(max(at, 0), height) for at in (above, below))
        total += int(sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0])
    return total
