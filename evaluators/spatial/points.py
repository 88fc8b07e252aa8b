"""Read points in an answer, and ask which of them lie in a mask."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from evaluators.spatial.coordinates import (
    NUMBER,
    answer_of,
    check_convention,
    is_cut,
    to_pixels,
    written_lists,
)
from jumpscore.records import Convention, FinishReason

Point = tuple[float, float]
PointStatus = Literal["ok", "empty", "partial", "unparseable"]

EDGE = 1e-9
"""Pixels added before rounding down, so that 0.29 of 200 pixels is pixel 58 in float64 too."""

_AXIS = r"[\"']?\s?[:=]\s?[\"']?"
_KEYS = re.compile(
    rf"\b(?:x\d{{0,4}}{_AXIS}(?P<x>{NUMBER})[\"']?[,;]?\s{{0,9}}[\"']?y\d{{0,4}}{_AXIS}(?P<y>{NUMBER})"
    rf"|y\d{{0,4}}{_AXIS}(?P<y2>{NUMBER})[\"']?[,;]?\s{{0,9}}[\"']?x\d{{0,4}}{_AXIS}(?P<x2>{NUMBER}))",
    re.IGNORECASE,
)
_BARE = re.compile(rf"(?<![\w.+-]){NUMBER}(?![\w])")
_PAIR = re.compile(rf"(?<![\w.+-])({NUMBER})\s{{0,9}},\s{{0,9}}({NUMBER})(?!\w)")
_EMPTY = re.compile(r"[\[(]\s{0,9}[\])]")


@dataclass(frozen=True, slots=True)
class ParsedPoints:
    """What the strict parser read in an answer.

    Attributes:
        status: ``ok``, ``empty`` (an explicit empty list), ``partial`` (cut off at the token limit;
            the whole points are kept) or ``unparseable``.
        convention: Of ``points``, as declared.
        parser: ``brackets``, ``keys`` (``x: 60, y: 40``), ``bare`` (the text's only two numbers) or
            ``none``.
        points: (x, y) in the order of the text.
        rejected: How many bracketed lists were no points (three numbers, say, or none finite).
    """

    status: PointStatus
    convention: Convention
    parser: str = "none"
    points: tuple[Point, ...] = ()
    rejected: int = 0


def parse_points(
    text: str, *, convention: Convention, finish_reason: FinishReason | None = None
) -> ParsedPoints:
    """Read every point that an answer gives; what is out of range is kept, to be scored as outside.

    A fenced block outranks the prose around it. ``(x, y)``, ``[x, y]``, ``{"point_2d": [x, y]}``,
    ``<point x="60" y="40">`` and ``x: 60, y: 40`` are points; three or four numbers are none.

    Args:
        text: The answer, whole.
        convention: What the model declares its numbers to be.
        finish_reason: ``"length"`` where the model was stopped at its token limit.

    Raises:
        ValueError: The convention is not known.

    >>> parse_points("[(0.3, 0.4), (0.9, 0.9)]", convention="unit").points
    ((0.3, 0.4), (0.9, 0.9))
    >>> parse_points("(0.3, 0.4, 0.5)", convention="unit").status
    'unparseable'
    """
    check_convention(convention)
    answer = answer_of(text)
    cut = is_cut(answer, finish_reason)
    lists = written_lists(answer)
    points = [(values[0], values[1]) for values in lists if len(values) == 2]
    if not any(math.isfinite(x) and math.isfinite(y) for x, y in points):
        points = []  # else one that is nowhere is kept, to be scored as outside
    rejected = len(lists) - len(points)
    parser = "brackets"
    if not points and not rejected:
        parser, points = "keys", _keyed(answer, cut=cut)
    if not points and not rejected:
        parser, points = "bare", _bare(answer, cut=cut)
    if points:
        status: PointStatus = "partial" if cut else "ok"
        return ParsedPoints(status, convention, parser, tuple(points), rejected)
    status = "partial" if cut else "empty" if _EMPTY.search(answer) else "unparseable"
    return ParsedPoints(status, convention, rejected=rejected)


def _keyed(answer: str, *, cut: bool) -> list[Point]:
    end = len(answer.rstrip()) if cut else len(answer) + 1
    return [
        (float(match["x"] or match["x2"]), float(match["y"] or match["y2"]))
        for match in _KEYS.finditer(answer)
        if match.end() < end
    ]


def _bare(answer: str, *, cut: bool) -> list[Point]:
    """Return the point whose two numbers, with a comma between, are the only ones in the text."""
    match = _PAIR.search(answer)
    if match is None or (cut and match.end() >= len(answer.rstrip())):
        return []
    numbers = [found.start() for found in _BARE.finditer(answer)]
    return [(float(match[1]), float(match[2]))] if len(numbers) == 2 else []


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
