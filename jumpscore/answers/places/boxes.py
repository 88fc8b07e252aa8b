"""The grammar of boxes: the one box of an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from jumpscore.answers.places.groups import Group, check_convention
from jumpscore.answers.places.lines import read_lines, read_only
from jumpscore.answers.places.opening import Region, open_answer
from jumpscore.answers.tokens import Token
from jumpscore.answers.vocabulary import words
from jumpscore.records import Convention, FinishReason

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2: left, top, right, bottom."""
BoxStatus = Literal["ok", "inverted", "ambiguous", "partial", "unparseable"]

_LINKS = frozenset(
    words(
        "min max top left right bottom upper lower corner corners topleft bottomright top_left "
        "bottom_right top-left bottom-right start end and to the at is from until x1 y1 x2 y2 "
        "tl br top_left_corner bottom_right_corner 左 上 右 下 角 点 坐 标 为 是 到 至 和"
    )
)
"""Words that may separate the two corners of one box."""

_PLACE = re.compile(
    r"(?:(?P<center>cent(?:er|re)(?:ed)?|中心)|top[\s_-]?left)(?:\s(?:point|corner))?"
    r"(?:\s(?:is|at)){0,2}[\s:=*\"']{0,5}\Z",
    re.IGNORECASE,
)
_GAP = r"[\s,;*]{0,5}(?:(?:and|with|a|an|its)\s){0,3}"
_NUMBER = r"(?:\s(?:of|is))?[\s:=*]{0,4}"
_SIZE = re.compile(
    rf"{_GAP}(?:(?:width|w|宽度?){_NUMBER}(?P<w>\d{{1,9}}(?:\.\d{{1,30}})?)(?:\s?px|\spixels)?"
    rf"{_GAP}(?:height|h|高度?){_NUMBER}(?P<h>\d{{1,9}}(?:\.\d{{1,30}})?)"
    rf"|size{_NUMBER}\(?(?P<w2>\d{{1,9}}(?:\.\d{{1,30}})?)\s?[x×,]\s?"
    r"(?P<h2>\d{1,9}(?:\.\d{1,30})?))(?![\d%]|\.\d)",
    re.IGNORECASE,
)
"""After a corner or a center: the width and the height of the box."""


@dataclass(frozen=True, slots=True)
class ParsedBox:
    """The box that the strict parser read in an answer.

    Attributes:
        status: ``ok``; ``inverted`` (the left side is right of the right one, or the top below the
            bottom; scores 0); ``ambiguous`` (two different boxes); ``partial`` (cut off at the
            token limit; ``box`` is set if it is complete); ``unparseable``.
        convention: Coordinate convention of ``box``, as declared.
        box: x1, y1, x2, y2, or ``None``.
        count: Number of different boxes in the text.
        rejected: Number of other groups of numbers in the text.
        span: Offsets of the box in the original text.
    """

    status: BoxStatus
    convention: Convention
    box: Box | None = None
    count: int = 0
    rejected: int = 0
    span: tuple[int, int] | None = None


def parse_box(
    text: str, *, convention: Convention, finish_reason: FinishReason | None = None
) -> ParsedBox:
    """Read the one box (x1, y1, x2, y2) of an answer.

    ``docs/answers.md`` lists the accepted forms. Numbers are a width and a height only if keys name
    them so.

    Args:
        text: The whole answer.
        convention: Coordinate convention that the model declares.
        finish_reason: ``"length"`` if the model was stopped at its token limit.

    Raises:
        ValueError: The convention is unknown.

    >>> parse_box("<box>(156,250),(469,583)</box>", convention="relative_1000").box
    (156.0, 250.0, 469.0, 583.0)
    >>> parse_box('{"x": 10, "y": 20, "width": 100, "height": 200}', convention="pixel").box
    (10.0, 20.0, 110.0, 220.0)
    >>> parse_box("[0,0,10,10] or [1,1,9,9]", convention="pixel").status
    'ambiguous'
    """
    check_convention(convention)
    answer, cut, inside, outside = open_answer(text, finish_reason)
    groups = inside.groups
    boxes = _boxes(inside) or _sized(groups, answer.text)
    used = sum(count for _, _, count in boxes)
    if not boxes and not cut and all(len(group.values) < 2 for group in groups):
        only = read_only(inside.tokens, 4)
        rows = read_lines(inside.tokens, (4,)) or ([only] if only else [])
        boxes = [(_box(row), (row.low, row.high), 0) for row in rows]
    others = len(groups) - used + len(_boxes(outside))
    different = {box: span for box, span, _ in reversed(boxes)}
    if len(different) != 1:
        status: BoxStatus = "partial" if cut else "ambiguous" if different else "unparseable"
        return ParsedBox(status, convention, count=len(different), rejected=others)
    [(box, span)] = different.items()
    inverted = box[0] > box[2] or box[1] > box[3]
    status = "partial" if cut else "inverted" if inverted else "ok"
    return ParsedBox(status, convention, box, 1, others, span)


def _boxes(region: Region) -> list[tuple[Box, tuple[int, int], int]]:
    """Return (box, offsets, number of its groups) of every box."""
    boxes = [
        (_box(group), (group.low, group.high), 1)
        for group in region.groups
        # A fifth number is a confidence.
        if not group.malformed
        and (len(group.values) == 4 or (len(group.values) == 5 and 0 <= group.values[4] <= 1))
    ]
    pairs = [g for g in region.groups if len(g.values) == 2 and not g.malformed]
    return boxes + list(_corners(pairs, region.tokens))


def _sized(groups: list[Group], text: str) -> list[tuple[Box, tuple[int, int], int]]:
    """Return the boxes given by a corner or a center and a size after it."""
    boxes = []
    for group in groups:
        if len(group.values) != 2 or group.malformed:
            continue
        place = _PLACE.search(text, max(0, group.low - 40), group.low)
        size = _SIZE.match(text, group.high)
        if place is None or size is None:
            continue
        wide = float(size["w"] or size["w2"])
        high = float(size["h"] or size["h2"])
        x, y = group.values
        if place["center"]:
            x, y = x - wide / 2, y - high / 2
        boxes.append(((x, y, x + wide, y + high), (group.low, size.end()), 1))
    return boxes


def _box(group: Group) -> Box:
    x1, y1, x2, y2 = group.values[:4]
    if group.names:
        return x1, y1, x2, y2
    key = group.key.replace("_", "").replace(" ", "")
    if "cxcywh" in key:
        return x1 - x2 / 2, y1 - y2 / 2, x1 + x2 / 2, y1 + y2 / 2
    if key.endswith(("xywh", "ltwh", "tlwh")):
        return x1, y1, x1 + x2, y1 + y2
    return x1, y1, x2, y2


def _corners(pairs: list[Group], tokens: list[Token]) -> Iterator[tuple[Box, tuple[int, int], int]]:
    """Yield the boxes of two corners with only separators or names of corners between them.

    Three points in a row are not a box.
    """
    starts = {token.low: place for place, token in enumerate(tokens)}
    rows: list[list[Group]] = []
    for pair in pairs:
        if rows and rows[-1][-1].form == pair.form and _linked(rows[-1][-1], pair, tokens, starts):
            rows[-1].append(pair)
        else:
            rows.append([pair])
    for row in rows:
        rectangle = _rectangle(row)
        if rectangle is not None:
            yield rectangle, (row[0].low, row[-1].high), 4
        elif len(row) % 2 == 0:
            for first, second in zip(row[::2], row[1::2], strict=True):
                x1, y1, x2, y2 = *first.values, *second.values
                yield (x1, y1, x2, y2), (first.low, second.high), 2


def _rectangle(row: list[Group]) -> Box | None:
    """Return the box whose four corners are the points of a row, in order."""
    if len(row) != 4:
        return None
    (x1, x2, x3, x4), (y1, y2, y3, y4) = zip(*(pair.values for pair in row), strict=True)
    across = x1 == x4 and x2 == x3 and y1 == y2 and y3 == y4
    down = x1 == x2 and x3 == x4 and y1 == y4 and y2 == y3
    if not (across or down) or x1 == x3 or y1 == y3:
        return None
    return min(x1, x3), min(y1, y3), max(x1, x3), max(y1, y3)


def _linked(first: Group, second: Group, tokens: list[Token], starts: dict[int, int]) -> bool:
    place = starts.get(second.low, 0) - 1
    while place >= 0 and tokens[place].low >= first.high:
        token = tokens[place]
        named = token.kind in ("word", "key") and set(token.text.split()) - {"-"} <= _LINKS
        structural = token.kind in ("comma", "open", "close", "newline", "dash", "mark", "tag")
        if not (named or structural):
            return False
        place -= 1
    return True
