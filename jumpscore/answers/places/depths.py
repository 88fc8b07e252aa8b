"""Find depths outside the brackets of a place: ``(100, 200), depth 1.5`` and table columns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from jumpscore.answers.places.axes import axis_of
from jumpscore.answers.places.groups import Group

_BEHIND = re.compile(
    r"[^\S\n]{0,3}[,;|(\[-]?[^\S\n]{0,3}(?:(?:with|at|and|its|a|the)[^\S\n]){0,3}"
    r"(?:depth|z|d|深度)(?:[^\S\n](?:of|is)\b)?[^\S\n]{0,2}[:=≈~为是]?[^\S\n]{0,2}"
    r"(?P<number>\d{1,9}(?:\.\d{1,30})?)[^\S\n]?(?P<unit>mm|cm|m)?(?![\w.]*\d)(?!\s?(?:%|px|pixels?|ft|feet|inch(?:es)?)(?!\w))",
    re.IGNORECASE,
)
_CELL = re.compile(
    r"\s*+[*`]{0,3}(?P<number>\d{1,9}(?:\.\d{1,30})?)\s?(?P<unit>mm|cm|m|)[*`]{0,3}\s*+"
)
_NAME = re.compile(r"\s*+[*`]{0,3}(?P<name>[^\s*`(\[|]++)[^|]*+")
_SCALES = {"mm": 1000.0, "cm": 100.0}


def with_depths(places: Iterable[Group], text: str) -> list[Group]:
    """Return the places; pairs get the depth that follows them in the text, in metres.

    >>> pair = Group((100.0, 200.0), "(", 0, 10, outer=(0, 10))
    >>> [place.depth for place in with_depths([pair], "(100, 200), depth 150 cm")]
    [1.5]
    """
    column = None
    line_end = -1
    read: list[Group] = []
    for place in places:
        if place.depth is None and len(place.values) == 2:
            if column is None:
                column = _column(text[: place.low])
            depth = _BEHIND.match(text, max(place.high, place.outer[1]))
            if depth is None and column >= 0 and place.low >= line_end:
                line_end = text.find("\n", place.low)
                line_end = len(text) if line_end < 0 else line_end
                cells = text[text.rfind("\n", 0, place.low) + 1 : line_end].split("|")
                depth = _CELL.fullmatch(cells[column]) if column < len(cells) else None
            place = _deep(place, depth)
        read.append(place)
    return read


def _deep(place: Group, depth: re.Match[str] | None) -> Group:
    if depth is None:
        return place
    scale = _SCALES.get((depth["unit"] or "").lower(), 1.0)
    return replace(place, depth=float(depth["number"]) / scale)


def _column(text: str) -> int:
    """Return the index of the column that a table's header calls depth, or -1."""
    for line in text.split("\n"):
        names = [_NAME.fullmatch(cell) for cell in line.split("|")]
        for number, name in enumerate(names):
            if len(names) > 1 and name and axis_of(name["name"]) == "d":
                return number
    return -1
