"""Groups of numbers, from which points, boxes and traces are built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from jumpscore.answers.tokens import Token
from jumpscore.answers.vocabulary import words
from jumpscore.records import Convention

Form = Literal["(", "[", "{", "tag", "keys", "line"]

DEEPEST = 60
"""Most open brackets at once, which limits the memory that hostile text can use."""
POINT_KEYS = frozenset(
    words(
        "point point_2d points points_2d coordinate coordinates coord coords position pos xy pixel "
        "location waypoint waypoints center start_box"
    )
)
"""Keys of points; if one is present, a list with another key (``pose``) is not a point."""


@dataclass(frozen=True, slots=True)
class Group:
    """Numbers that belong together.

    Attributes:
        values: Numbers in the order of the text, or of ``names`` if the axes are named.
        form: The kind of bracket, ``tag``, ``keys`` (outside brackets) or ``line``.
        low: Offset of its first character.
        high: Offset after its last character.
        names: ``("x", "y")``, ``("x1", "y1", "x2", "y2")``, or empty if the axes are not named.
        key: Key of the list, such as ``point_2d``.
        depth: Value of a ``depth`` or ``z`` field next to it.
        outer: Offsets of the object that contains only this group.
        image: Number of the image in a Molmo 2 tag.
        malformed: Whether it contains anything but numbers: ``[0.5, null]``.
        field: Whether it is a field of an object.
    """

    values: tuple[float, ...]
    form: Form
    low: int
    high: int
    names: tuple[str, ...] = ()
    key: str = ""
    depth: float | None = None
    outer: tuple[int, int] = (0, 0)
    image: int | None = None
    malformed: bool = False
    field: bool = False


class Entry(NamedTuple):
    """A number in a bracket: its key, its token, and the text since the previous number."""

    key: str
    token: Token
    separator: str

    @property
    def value(self) -> float:
        """Return the number."""
        return self.token.value if self.token.value is not None else float("nan")


def check_convention(convention: str) -> None:
    """Raise an error for an unknown convention.

    Raises:
        ValueError: The convention is unknown.
    """
    if convention not in get_args(Convention):
        known = ", ".join(get_args(Convention))
        raise ValueError(f"convention {convention!r} is not one of {known}")


def nesting(tokens: list[Token]) -> dict[int, int]:
    """Return offset of each opening bracket -> number of lists and objects around it.

    >>> from jumpscore.answers.tokens import tokenize
    >>> nesting(tokenize("(1, 2) [(3, 4)]"))
    {0: 0, 7: 0, 8: 1}
    """
    depths: dict[int, int] = {}
    opened: list[str] = []
    for token in tokens:
        if token.kind == "open":
            depths[token.low] = sum(kind != "(" for kind in opened[-DEEPEST:])
            opened.append(token.text)
        elif token.kind == "close" and opened:
            opened.pop()
    return depths


def without_other_keys(groups: list[Group]) -> list[Group]:
    """Drop the groups with other keys if any group has a point's key."""
    if not any(group.field and group.key in POINT_KEYS for group in groups):
        return groups
    return [group for group in groups if not group.field or group.key in POINT_KEYS]


def decimal_commas(entries: list[Entry]) -> list[float] | None:
    """Return the values of ``0,35; 0,62``; ``None`` unless every comma must be a decimal comma.

    Decimal commas have no spaces around them and one digit before them, and the numbers are
    separated by other marks. ``533,310; 20,40`` is two points.
    """
    whole, part, between = entries[::2], entries[1::2], entries[2::2]
    if len(entries) % 2 or not between:
        return None
    small = "0123456789" if all(entry.separator == ";" for entry in between) else "0"
    for first, second in zip(whole, part, strict=True):
        touching = second.separator == "," and second.token.low - first.token.high == 1
        digits = first.token.text.lstrip("+-")
        if not (touching and digits in small and digits and second.token.text.isdecimal()):
            return None
    if any(entry.separator.strip() not in (";", "|", "") for entry in between):
        return None
    pairs = zip(whole, part, strict=True)
    return [float(f"{first.token.text}.{second.token.text}") for first, second in pairs]
