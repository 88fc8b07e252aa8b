"""Boxes as lmms-eval 0.7.3's RefCOCO tasks read and score them: the best reading counts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators.coordinates import check_size
from jumpscore.answers.places.boxes import Box
from jumpscore.scoring.readers import Reader, ReferenceCrashError, Value
from jumpscore.scoring.reference_times import MAX_DEPTH, nesting

Size = tuple[int, int]
"""(width, height) in pixels."""
KEYS = ("bbox_2d", "bbox", "box", "coordinates", "coord", "location", "position")
"""Keys of boxes, the preferred ones first."""

_FENCE = re.compile(r"```(?:json)?\s*+", re.IGNORECASE)
_NUMBER = r"(-?(?<!\d)\d++(?:\.\d++)?+)"
_GAP = r"(?:\s*+,\s*+|\s++)"
_LOOSE = re.compile(_GAP.join([_NUMBER] * 4))

Boxes = list[list[float]]


def fenced(text: str) -> Value[Any] | None:
    """Read the first fenced block as JSON."""
    opening = _FENCE.search(text)
    end = text.find("```", opening.end()) if opening else -1
    return _parsed(text[opening.end() : end].rstrip()) if opening and end >= 0 else None


def whole(text: str) -> Value[Any] | None:
    """Read the whole answer as JSON."""
    return _parsed(text)


def outermost_list(text: str) -> Value[Any] | None:
    """Read the text from the first ``[`` to the last ``]`` as JSON."""
    return _outermost(text, "[", "]")


def outermost_object(text: str) -> Value[Any] | None:
    """Read the text from the first ``{`` to the last ``}`` as JSON."""
    return _outermost(text, "{", "}")


def _outermost(text: str, opening: str, closing: str) -> Value[Any] | None:
    start, end = text.find(opening), text.rfind(closing)
    return _parsed(text[start : end + 1]) if -1 < start < end else None


def _parsed(text: str) -> Value[Any] | None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return Value(data) if nesting(text) <= MAX_DEPTH else None


@dataclass(frozen=True)
class _JsonReader(Reader[Boxes]):
    """Reads every list of four numbers, and the first key with a box of every object."""

    keys: tuple[str, ...] = KEYS

    def __call__(self, answer: str, *facts: object) -> Value[Boxes] | None:
        data = self.read_json(answer.strip())
        try:
            boxes = list(_boxes_in(data, self.keys))
        except OverflowError as error:
            raise ReferenceCrashError(f"the public code cannot use a number ({error})") from error
        return Value(boxes) if boxes else None

    def read_json(self, text: str) -> Any:
        """Return the data of the first rule that reads JSON, or ``None``."""
        parsed = super().__call__(text)
        return None if parsed is None else parsed.value


def _boxes_in(data: Any, keys: Sequence[str]) -> Iterator[list[float]]:
    left = [data]
    while left:
        item = left.pop()
        if isinstance(item, list):
            if len(item) == 4 and all(isinstance(value, (int, float)) for value in item):
                yield [float(value) for value in item]
            else:
                left += reversed(item)
        elif isinstance(item, dict):
            box = _keyed_box(item, keys)
            if box is not None:
                yield box
            else:
                left += reversed(item.values())


def _keyed_box(item: dict[str, Any], keys: Sequence[str]) -> list[float] | None:
    for key in keys:
        corners = item.get(key)
        if isinstance(corners, list) and len(corners) == 4:
            try:
                return [float(corner) for corner in corners]
            except (TypeError, ValueError):
                continue
    return None


def loose_boxes(text: str) -> Value[Boxes]:
    """Read any four numbers with commas or white space between them, in brackets or not."""
    return Value([[float(corner) for corner in match.groups()] for match in _LOOSE.finditer(text)])


READER: Reader[Boxes] = Reader(
    (_JsonReader((fenced, whole, outermost_list, outermost_object)), loose_boxes)
)


def pixels(box: list[float], size: Size) -> list[float]:
    """Read a box as pixels."""
    return box


def thousandths(box: list[float], size: Size) -> list[float]:
    """Read a box as thousandths of width and height."""
    return [corner / 1000.0 * size[place % 2] for place, corner in enumerate(box)]


Unit = Callable[[list[float], Size], list[float]]
UNITS: tuple[Unit, ...] = (pixels, thousandths)
"""Units in which every box is read; the better match counts."""


def reference_box_iou(
    text: str,
    truth: Box,
    *,
    size: Size,
    reader: Reader[Boxes] = READER,
    units: Sequence[Unit] = UNITS,
) -> float:
    """Return the IoU of the public RefCOCO code, an upper bound of the answer's IoU; may be NaN.

    Every box in the text is read as pixels and as thousandths, and the best match with the truth
    counts, which rewards listing many boxes. ``parse_box`` with ``box_iou`` does not.

    Args:
        text: The whole answer.
        truth: Left, top, right, bottom in pixels.
        size: (width, height) of the image in pixels.
        reader: Reader of the boxes.
        units: Units in which they are read.

    Raises:
        ReferenceCrashError: An integer is beyond float64.

    >>> reference_box_iou("[0,0,10,10] [100,120,300,280]", (100, 120, 300, 280), size=(640, 480))
    1.0
    """
    check_size("size", size)
    boxes = [unit(box, size) for box in reader.read(text) or [] for unit in units]
    best, highest = [0.0] * 4 if not boxes else boxes[0], -1.0
    for box in boxes:
        iou = _iou(box, list(truth))
        if iou > highest:
            best, highest = box, iou
    return _iou(list(truth), best)


def _iou(first: list[float], second: list[float]) -> float:
    left, top = max(first[0], second[0]), max(first[1], second[1])
    right, bottom = min(first[2], second[2]), min(first[3], second[3])
    common = max(0.0, right - left) * max(0.0, bottom - top)
    union = _area(first) + _area(second) - common
    return 0.0 if union <= 0 else common / union


def _area(box: list[float]) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])
