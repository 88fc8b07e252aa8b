"""Read ShareRobot's traces as the public code does (FlagEvalMM 24655d2), faults included.

The public code passes parts of an answer to ``eval``. Nothing is executed here: such an answer
raises ``ReferenceCrashError``. Time is linear in the text.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from evaluators.traces.literals import LiteralError, read_literal
from evaluators.traces.references import Points, Read, TraceReading
from jumpscore.scoring.readers import Reader, ReferenceCrashError, Value

_OPTIONAL_DIGITS = r"([-+]?(?:\d++(?:\.\d++)?+|\.\d++))"
_LINE_PAIR = re.compile(rf"\[{_OPTIONAL_DIGITS}\s*+,\s*+{_OPTIONAL_DIGITS}\]")
_CALL = re.compile(r"(?<!\w)([^\W\d]\w*+)\s*+\(")


def a_python_literal(reading: TraceReading) -> Read:
    """Read the whole answer as a Python literal of points."""
    try:
        points = _fractions(read_literal(reading.text), reading.size)
    except _REFUSED:
        return reading
    return Value(_checked(points))


def dashes_are_hyphens(reading: TraceReading) -> Read:
    """Read en dashes and minus signs as hyphens."""
    return replace(reading, text=reading.text.replace("–", "-").replace("−", "-"))


def one_list_of_lists(reading: TraceReading) -> Read:
    """Read the first ``[[...], [...]]`` in the text as Python.

    Raises:
        ReferenceCrashError: The text calls a function, which the public code executes.
    """
    listed = _list_of_lists(reading.text)
    if listed is None:
        return reading
    try:
        points = _fractions(read_literal(listed, arithmetic=True), reading.size)
    except _REFUSED:
        if any(hasattr(builtins, call[1]) for call in _CALL.finditer(listed)) or "**" in listed:
            raise ReferenceCrashError("the public code executes this answer as Python") from None
        return reading
    return Value(_checked(points))


def no_comments(reading: TraceReading) -> Read:
    """Drop the rest of each line after a ``#``."""
    lines = (line.split("#", 1)[0] for line in reading.text.split("\n"))
    return replace(reading, text="\n".join(lines))


def one_pair_per_line(reading: TraceReading) -> Read:
    """Read the first ``[x, y]`` of each line; coordinates above 1 are pixels."""
    width, height = reading.size
    points = []
    for line in reading.text.split("\n"):
        if match := _LINE_PAIR.search(line):
            x, y = float(match[1]), float(match[2])
            points.append((x / width if x > 1 else x, y / height if y > 1 else y))
    return Value(tuple(points))


SHAREROBOT: Reader[Points] = Reader(
    (a_python_literal, dashes_are_hyphens, one_list_of_lists, no_comments, one_pair_per_line)
)


def sharerobot_points(text: str, *, size: tuple[int, int]) -> Points:
    """Return the points that FlagEvalMM reads, as fractions of the image.

    Args:
        text: The whole answer.
        size: (width, height) of the image in pixels. A point with a coordinate above 1 is read as
            pixels.

    Raises:
        ReferenceCrashError: The public code executes the answer as Python, or crashes.

    >>> sharerobot_points("[(320, 240), (0.5, 0.25)]", size=(640, 480))
    ((0.5, 0.5), (0.5, 0.25))
    >>> sharerobot_points("The path: [(0.5, 0.25)]", size=(640, 480))
    ()
    """
    return SHAREROBOT.read(TraceReading(text, size)) or ()


_REFUSED = (LiteralError, TypeError, LookupError, ArithmeticError)
"""Exceptions that the public code swallows before it tries its next reading."""


def _fractions(items: Any, size: tuple[int, int]) -> list[tuple[Any, Any]]:
    """Return the first two numbers of each item, divided by the image's size if one is above 1.

    Raises:
        TypeError, LookupError, ArithmeticError: The items are not points.
    """
    points = []
    for item in items:
        x, y = item[0], item[1]
        in_pixels = x > 1 or y > 1
        points.append((x / size[0], y / size[1]) if in_pixels else (x, y))
    return points


def _checked(points: list[tuple[Any, Any]]) -> Points:
    return tuple(_floats(point) for point in points)


def _list_of_lists(text: str) -> str | None:
    """Return the first list that contains only lists, each of which ends at its first ``]``."""
    failed: set[int] = set()
    start, first_close = text.find("["), -1
    while start >= 0:
        inner = _LIST_START.match(text, start + 1)
        if inner and first_close < inner.end():
            first_close = text.find("]", inner.end())
            if first_close < 0:
                return None
        end = _end_of_lists(text, first_close, failed) if inner else None
        if end is not None:
            return text[start:end]
        start = text.find("[", start + 1)
    return None


def _end_of_lists(text: str, close: int, failed: set[int]) -> int | None:
    """Return the end of a list of lists whose first list ends at ``close``.

    ``failed`` collects ends of lists that were tried before.
    """
    while close >= 0 and close not in failed:
        failed.add(close)
        following = _AFTER_LIST.match(text, close + 1)
        if following is None:
            return None
        if following[0].endswith("]"):
            return following.end()
        close = text.find("]", following.end())
    return None


_LIST_START = re.compile(r"\s*+\[(?!\])")
_AFTER_LIST = re.compile(r"\s*+(?:\]|,\s*+\[(?!\]))")


def _floats(row: Iterable[Any]) -> tuple[float, ...]:
    try:
        return tuple(map(float, row))
    except OverflowError as error:
        raise ReferenceCrashError("a number is beyond the range of float64") from error
