"""Read coordinates in the attributes of XML-like tags, as Molmo and similar models write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jumpscore.answers.vocabulary import words

FRAMED = frozenset(
    words(
        "point points box bbox boxes bounding_box coord coords coordinate coordinates location "
        "click trace trajectory waypoint waypoints path start_box"
    )
)
"""Tags around coordinates: ``<point>533 310</point>``."""

_NAME = re.compile(r"<(/?)([a-z_]\w{0,30})", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\b([a-z]\w{0,20})\s{0,3}=\s{0,3}(?:\\?[\"']([^\"'<>]*+)|([^\s\"'<>]++))")
_SEGMENT = re.compile(r"[^;\t\n]+")
_NUMBER = re.compile(r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:e[+-]?\d{1,3})?")
_INDEXED = re.compile(r"([xy])(\d{0,4})")

Reading = tuple[tuple[float, ...], tuple[str, ...], int | None]
"""(values, names, number of the image); no values if a segment is malformed."""


@dataclass(frozen=True, slots=True)
class TagReading:
    """The content of a tag.

    Attributes:
        name: Name in lower case.
        closing: Whether the tag is ``</name>``.
        groups: Coordinates in its attributes.
    """

    name: str
    closing: bool = False
    groups: tuple[Reading, ...] = ()


def read_tag(text: str) -> TagReading:
    """Read a tag.

    >>> read_tag('<points coords="1 1 533 310; 2 1 5 6">').groups
    (((533.0, 310.0), ('x', 'y'), 1), ((5.0, 6.0), ('x', 'y'), 2))
    >>> read_tag('<points x1="1" y1="2" x2="3" y2="4" alt="cups">').groups
    (((1.0, 2.0), ('x', 'y'), None), ((3.0, 4.0), ('x', 'y'), None))
    """
    name = _NAME.match(text)
    if name is None:
        return TagReading("")
    if name[1] or "=" not in text:
        return TagReading(name[2].lower(), bool(name[1]))
    fields = {
        match[1].lower(): _whole(match[2] if match[2] is not None else match[3], match.end(), text)
        for match in _ATTRIBUTE.finditer(text, name.end())
    }
    cut = ">" not in text
    groups = _coords(fields["coords"], cut=cut) if "coords" in fields else _indexed(fields)
    return TagReading(name[2].lower(), False, tuple(groups))


def _whole(written: str, end: int, text: str) -> str:
    """Return a value without its last number if the text ends there."""
    if end < len(text) or written[-1:] in (";", " ", "\t"):
        return written
    return written[: max(written.rfind(mark) for mark in "; \t,") + 1]


def _coords(written: str, *, cut: bool) -> list[Reading]:
    """Read ``image id x y [id x y ...]; image ...``; a segment with two numbers is one point."""
    readings: list[Reading] = []
    for segment in _SEGMENT.finditer(written):
        words = segment[0].replace(",", " ").split()
        if cut and segment.end() == len(written):  # the last point may lack a number
            words = words[: 1 + 3 * ((len(words) - 1) // 3)] if len(words) > 3 else []
        if not words:
            continue
        values = [float(word) for word in words if _NUMBER.fullmatch(word)]
        if len(values) != len(words) or not (
            len(values) == 2 or len(values) % 3 == 1 < len(values)
        ):
            readings.append(((), (), None))
        elif len(values) == 2:
            readings.append(((values[0], values[1]), ("x", "y"), None))
        else:
            image = int(values[0]) if values[0] == values[0] // 1 else None
            pairs = zip(values[2::3], values[3::3], strict=True)
            readings += [((x, y), ("x", "y"), image) for x, y in pairs]
    return readings


def _indexed(fields: dict[str, str]) -> list[Reading]:
    """Read ``x= y=`` or ``x1= y1= x2= y2=``."""
    axes: dict[tuple[str, str], float] = {}
    for key, written in fields.items():
        indexed = _INDEXED.fullmatch(key)
        number = written.strip().rstrip("%")
        if indexed and _NUMBER.fullmatch(number):
            axes[indexed[1], indexed[2]] = float(number)
    return [
        ((x, axes["y", number]), ("x", "y"), None)
        for (axis, number), x in axes.items()
        if axis == "x" and ("y", number) in axes
    ]
