"""The grammar of points: every pair of numbers in an answer."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from jumpscore.answers.places.groups import Group, check_convention, nesting, without_other_keys
from jumpscore.answers.places.lines import read_lines, read_only
from jumpscore.answers.places.opening import Region, open_answer
from jumpscore.answers.tokens import Token
from jumpscore.answers.vocabulary import words
from jumpscore.records import Convention, FinishReason

Point = tuple[float, float]
PointStatus = Literal["ok", "empty", "partial", "unparseable"]

NOT_POINTS = frozenset(
    words(
        "size image_size resolution shape dimensions scale range image_resolution "
        "width_height frame_size"
    )
)
"""Keys of pairs that are not points."""
_FILLERS = frozenset(words("of is the a as being : = about"))
"""Words between ``size`` and its two numbers."""
_PICTURES = frozenset(words("image images picture photo frame canvas screenshot screen"))
"""Words after a size: ``for a (640, 480) image``."""
_PLACED = frozenset(words("coordinate coordinates center centre point points plane space position"))
"""Words after a picture's word if the numbers are a place: ``(5, 6) image coordinates``."""
_PIXELS = frozenset(("px", "pixel", "pixels", "-", "sized"))
_PARSERS = {"(": "brackets", "[": "brackets", "{": "keys", "keys": "keys", "tag": "tags",
            "line": "bare"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ParsedPoints:
    """The points that the strict parser read in an answer.

    Attributes:
        status: ``ok``, ``empty`` (an explicit empty list), ``partial`` (cut off at the token limit;
            ``points`` are those that are complete) or ``unparseable``.
        convention: Coordinate convention of ``points``, as declared.
        parser: How the first point is written: ``brackets``, ``keys`` (``x: 60, y: 40``), ``tags``,
            ``bare`` (lines, tables, or the text's only two numbers) or ``none``.
        points: (x, y) in the order of the text.
        rejected: How many groups of numbers were not read as points, for example three numbers or a
            pair in prose around the fenced block of the answer.
        spans: Offsets of each point in the original text.
        images: Number of the image of each point, from 1, if the answer states it (Molmo 2).
    """

    status: PointStatus
    convention: Convention
    parser: str = "none"
    points: tuple[Point, ...] = ()
    rejected: int = 0
    spans: tuple[tuple[int, int], ...] = ()
    images: tuple[int | None, ...] = ()


def parse_points(
    text: str, *, convention: Convention, finish_reason: FinishReason | None = None
) -> ParsedPoints:
    """Read every point in an answer; points out of range are included and score as outside.

    A fenced block outranks the prose around it. ``docs/answers.md`` lists the accepted forms; three
    or four numbers are not a point.

    Args:
        text: The whole answer.
        convention: Coordinate convention that the model declares.
        finish_reason: ``"length"`` if the model was stopped at its token limit.

    Raises:
        ValueError: The convention is unknown.

    >>> parse_points("[(0.3, 0.4), (0.9, 0.9)]", convention="unit").points
    ((0.3, 0.4), (0.9, 0.9))
    >>> parse_points('<points coords="1 1 533 310">cup</points>', convention="unit").points
    ((533.0, 310.0),)
    >>> parse_points("(0.3, 0.4, 0.5)", convention="unit").status
    'unparseable'
    """
    check_convention(convention)
    answer, cut, inside, outside = open_answer(text, finish_reason)
    tokens, groups = inside
    points = _points(_without_prose(inside))
    if not points and all(len(group.values) < 2 and not group.malformed for group in groups):
        only = None if cut else read_only(tokens, 2)
        points = read_lines(tokens, (2,)) or ([only] if only else [])
        groups = groups + points
    if cut:  # the last number may be incomplete if nothing closes its point
        points = [p for p in points if p.form not in ("keys", "line") or p.high < answer.end]
    if not any(all(map(math.isfinite, point.values)) for point in points):
        points = []  # otherwise a point that is not finite scores as outside
    rejected = _rejected(groups, points) + len(_points(outside.groups))
    if not points:
        empty = any(a.kind == "open" and b.kind == "close" for a, b in pairwise(tokens))
        status: PointStatus = "partial" if cut else "empty" if empty else "unparseable"
        return ParsedPoints(status, convention, rejected=rejected)
    images = tuple(point.image for point in points)
    return ParsedPoints(
        "partial" if cut else "ok",
        convention,
        _PARSERS[points[0].form],
        tuple((point.values[0], point.values[1]) for point in points),
        rejected,
        tuple((point.low, point.high) for point in points),
        images if any(image is not None for image in images) else (),
    )


def _points(groups: Iterable[Group]) -> list[Group]:
    """Return the pairs; pairs of keys outside brackets only if there are no others."""
    pairs = without_other_keys([pair for group in groups for pair in _pairs(group)])
    return [pair for pair in pairs if pair.form != "keys"] or pairs


def _without_prose(region: Region) -> list[Group]:
    """Return the groups that may be points.

    A size in prose is not a point; if there is a list of points, a pair in prose is not one either.
    """
    tokens, groups = region
    starts = {token.low: place for place, token in enumerate(tokens)}
    pairs = _without_sizes(groups, tokens, starts)
    depths = nesting(tokens)
    listed = any(depths.get(group.low) and len(_pairs(group)) == 1 for group in pairs)
    if not listed:
        return pairs
    rows: list[Group] = []
    listed = False  # whether the previous group is in a list, or continues one
    for group in pairs:
        listed = bool(depths.get(group.low)) or (
            listed and _continues(starts.get(group.low, 0), tokens)
        )
        if group.form not in "([" or listed:
            rows.append(group)
    return rows


def _continues(place: int, tokens: list[Token]) -> bool:
    """Whether a point continues the list before it: ``[(533, 310)], (20, 40)``."""
    end = place
    while end < len(tokens) and tokens[end].kind != "close":
        end += 1
    behind = tokens[end + 1] if end + 1 < len(tokens) else None
    ends = behind is None or behind.kind in ("comma", "newline", "close")
    listed = place > 1 and tokens[place - 1].kind == "comma" and tokens[place - 2].kind == "close"
    return ends and listed


def _without_sizes(groups: list[Group], tokens: list[Token], starts: dict[int, int]) -> list[Group]:
    """Return the groups that are not called a size by the words next to them.

    A pair after ``image:`` or ``frame:`` is a size if there are other points.
    """
    ends = {token.high: place for place, token in enumerate(tokens)}
    others = [
        group
        for group in groups
        if not _is_size(starts.get(group.low, 0), tokens)
        and not _is_size_behind(ends.get(group.high, len(tokens)) + 1, tokens)
    ]
    unnamed = [g for g in others if g.key not in _PICTURES or g.form not in "(["]
    return unnamed if any(map(_pairs, unnamed)) else others


def _is_size_behind(place: int, tokens: list[Token]) -> bool:
    """Whether ``image``, ``pixel frame`` or similar words are at a place: ``(640, 480) image``."""
    while place < len(tokens) and tokens[place].text in _PIXELS:
        if tokens[place].text == "-" and tokens[place - 1].high < tokens[place].low:
            return False  # "(533, 310) - image center"
        place += 1
    if place >= len(tokens) or tokens[place].kind not in ("word", "key"):
        return False
    numbered = place + 1 < len(tokens) and tokens[place + 1].kind in ("number", "frames")
    named = tokens[place].text.split()
    following = named[1:] or [token.text for token in tokens[place + 1 : place + 2]]
    placed = bool(following) and following[0] in _PLACED
    return named[0] in _PICTURES | NOT_POINTS and not numbered and not placed


def _is_size(place: int, tokens: list[Token]) -> bool:
    """Whether ``size``, ``a resolution of`` or similar words precede a place."""
    before = place - 1
    while before >= max(0, place - 4) and tokens[before].text in _FILLERS:
        before -= 1
    named = before >= 0 and tokens[before].kind in ("word", "key")
    return named and tokens[before].text in NOT_POINTS


def _pairs(group: Group) -> list[Group]:
    if group.malformed or group.key in NOT_POINTS:
        return []
    if len(group.values) == 4 and group.names and group.form == "keys":
        # "x1: 60, y1: 40, x2: 20, y2: 30" numbers its points.
        low, high = group.low, group.high
        return [
            Group(group.values[place : place + 2], "keys", low, high, ("x", "y"))
            for place in (0, 2)
        ]
    return [group] if len(group.values) == 2 else []


def _rejected(groups: list[Group], points: list[Group]) -> int:
    """Return how many groups were not read; repetitions of a point count as read."""
    places = {(point.low, point.high) for point in points}
    values = {point.values for point in points}
    return sum(
        group.malformed or ((group.low, group.high) not in places and group.values not in values)
        for group in groups
    )
