"""Read one box in an answer, and measure it against the true one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from evaluators.spatial.coordinates import (
    NUMBER,
    answer_of,
    check_convention,
    is_cut,
    written_lists,
)
from jumpscore.records import Convention, FinishReason

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2: left, top, right, bottom."""
BoxStatus = Literal["ok", "inverted", "ambiguous", "partial", "unparseable"]

_CORNERS = re.compile(
    rf"\(\s?({NUMBER})\s?,\s?({NUMBER})\s?\)\s?,?\s?\(\s?({NUMBER})\s?,\s?({NUMBER})\s?\)"
)
_ROW = re.compile(rf"\s*({NUMBER})[ ,]+({NUMBER})[ ,]+({NUMBER})[ ,]+({NUMBER})\s*")


@dataclass(frozen=True, slots=True)
class ParsedBox:
    """What the strict parser read in an answer.

    Attributes:
        status: ``ok``; ``inverted`` (right of left or bottom above top: kept, scores 0);
            ``ambiguous`` (two different boxes, where one is asked for); ``partial`` (cut off at the
            token limit; a whole box is kept); ``unparseable``.
        convention: Of ``box``, as declared.
        box: x1, y1, x2, y2, or ``None``.
        found: How many different boxes the text holds.
    """

    status: BoxStatus
    convention: Convention
    box: Box | None = None
    found: int = 0


def parse_box(
    text: str, *, convention: Convention, finish_reason: FinishReason | None = None
) -> ParsedBox:
    """Read the one box (x1, y1, x2, y2) that an answer gives.

    Raises:
        ValueError: The convention is not known.

    >>> parse_box("<box>(156,250),(469,583)</box>", convention="relative_1000").box
    (156.0, 250.0, 469.0, 583.0)
    >>> parse_box("[0,0,10,10] or [1,1,9,9]", convention="pixel").status
    'ambiguous'
    """
    check_convention(convention)
    answer = answer_of(text)
    cut = is_cut(answer, finish_reason)
    boxes = {_box(values) for values in written_lists(answer) if len(values) == 4}
    boxes |= {_box(map(float, groups)) for groups in _CORNERS.findall(answer)}
    if not boxes and not cut and (row := _ROW.fullmatch(answer)):
        boxes = {_box(map(float, row.groups()))}
    if len(boxes) != 1:
        status: BoxStatus = "partial" if cut else "ambiguous" if boxes else "unparseable"
        return ParsedBox(status, convention, found=len(boxes))
    [box] = boxes
    inverted = box[0] > box[2] or box[1] > box[3]
    return ParsedBox("partial" if cut else "inverted" if inverted else "ok", convention, box, 1)


def _box(values: Iterable[float]) -> Box:
    x1, y1, x2, y2 = values
    return x1, y1, x2, y2


def box_iou(box: Box, truth: Box) -> float:
    """Return intersection over union of two boxes in the same coordinates, 0..1.

    A box without area, an inverted one included, scores 0. Corners are continuous: nothing is added
    for a last pixel.

    Raises:
        ValueError: A corner is not finite, or the truth is inverted.

    >>> box_iou((0, 0, 2, 1), (0, 0, 1, 1))
    0.5
    """
    for name, corners in (("box", box), ("truth", truth)):
        if len(corners) != 4 or not all(map(math.isfinite, corners)):
            raise ValueError(f"{name} {tuple(corners)} must be four finite numbers")
    if truth[2] < truth[0] or truth[3] < truth[1]:
        raise ValueError(f"truth {tuple(truth)} must be x1, y1, x2, y2 with x1 <= x2 and y1 <= y2")
    width = min(box[2], truth[2]) - max(box[0], truth[0])
    height = min(box[3], truth[3]) - max(box[1], truth[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (_area(box) + _area(truth) - width * height)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
