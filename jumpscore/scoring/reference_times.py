"""The public JumpScore parser, with its faults, in linear time on any text.

Bit-identical to the ``JumpScore`` task of lmms-eval 0.7.3 unless that crashes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from jumpscore.scoring.readers import Reader, ReferenceCrashError, Value, lower_case, value_if_any

MAX_DEPTH = 900
"""Nesting depth at which the public parser exceeds Python's recursion limit of 1000."""

# Possessive quantifiers never backtrack, so matching is linear.
_NUMBER_S = re.compile(r"(?<!\d)(\d++(?:\.\d++)?+)\s*+s\b")
_NUMBER = re.compile(r"\b\d++(?:\.\d++\b)?\b")
_LIST_START = re.compile(r"```json\s*+\[|\[")
_TRAILING_COMMA = re.compile(r",\s*+\]")

Times = list[float]


class ListForm(NamedTuple):
    """A format of lists, with patterns of the start and the end."""

    name: str
    opening: re.Pattern[str]
    closing: re.Pattern[str]


FENCED = ListForm("fenced", re.compile(r"```json\s*+(?=\[)"), re.compile(r"\](?=\s*+```)"))
"""Ends at the first ``]`` followed by the closing fence, so it may contain other lists."""
PLAIN = ListForm("plain", re.compile(r"(?=\[)"), re.compile(r"\]"))
"""Ends at the first ``]``."""
_CLOSING_FENCE = re.compile(r"\s*+```")


def written_lists(text: str, forms: tuple[ListForm, ...]) -> Iterator[str]:
    """Yield the lists of a text from left to right, without lists inside other lists."""
    position = 0
    open_ended: set[str] = set()
    while (start := _LIST_START.search(text, position)) is not None:
        position = start.start() + 1
        for form in forms:
            opening = form.opening.match(text, start.start())
            if opening is None or form.name in open_ended:
                continue
            closing = form.closing.search(text, opening.end())
            if closing is None:
                open_ended.add(form.name)  # later ones have no end either
                continue
            yield text[opening.end() : closing.end()]
            fence = _CLOSING_FENCE.match(text, closing.end()) if form is FENCED else None
            position = fence.end() if fence else closing.end()
            break


@dataclass(frozen=True)
class _ListReader(Reader[Times]):
    """Reads the longest list of a text, or the first of several longest ones."""

    forms: tuple[ListForm, ...] = (FENCED, PLAIN)

    def __call__(self, answer: str, *facts: object) -> Value[Times] | None:
        longest = max(written_lists(answer, self.forms), key=len, default=None)
        return None if longest is None else super().__call__(longest)


def numbers_with_unit(text: str) -> Value[Times] | None:
    """Read every ``number s``."""
    if "s" not in text:  # most answers
        return None
    return value_if_any([float(match) for match in _NUMBER_S.findall(text)])


def without_trailing_commas(text: str) -> str:
    """Remove commas before closing brackets, which are invalid JSON."""
    return _TRAILING_COMMA.sub("]", text)


def json_numbers(text: str) -> Value[Times] | str | None:
    """Read the numbers of a JSON list; a list without numbers becomes an empty text."""
    items = _parsed(text)
    if items is None:
        return None
    return value_if_any(_numbers(items)) or ""


def bare_numbers(text: str) -> Value[Times] | None:
    """Read every number."""
    return value_if_any([float(match) for match in _NUMBER.findall(text)])


READER: Reader[Times] = Reader(
    (
        lower_case,
        numbers_with_unit,
        _ListReader((without_trailing_commas, json_numbers, bare_numbers)),
        bare_numbers,
    )
)


def parse_reference(text: str) -> Times:
    """Read event times as the public scorer does, sorted, in seconds.

    The first of these that yields a number: every ``number s``; the longest list as JSON, or its
    bare numbers if it is not valid JSON; every bare number. A list in a ``json`` fence ends at the
    first ``]`` that is followed by the closing fence; any other list ends at its first ``]``.

    Raises:
        ReferenceCrashError: The public parser would crash here (integers beyond float64 or beyond
            4,300 digits, deep nesting).

    >>> parse_reference("There are 3 jumps, at 1.2 seconds, 2.4 seconds and 3.6 seconds.")
    [1.2, 2.4, 3.0, 3.6]
    >>> parse_reference("In this 30s clip: [0.5, 1.0]")
    [30.0]
    """
    return sorted(READER.read(text) or [])


def _parsed(text: str) -> object:
    """Return the text as JSON, ``None`` if it is not valid."""
    items: object = None
    parsed = text
    try:
        items = json.loads(text)
    except json.JSONDecodeError as error:
        parsed = text[: error.pos]
    except (ValueError, RecursionError) as error:  # more digits than Python converts, or too deep
        raise ReferenceCrashError(f"the reference crashes on this answer: {error}") from error
    if nesting(parsed) > MAX_DEPTH:
        raise ReferenceCrashError(
            f"the answer nests brackets more than {MAX_DEPTH} deep, on which the reference crashes"
        )
    return items


def nesting(text: str) -> int:
    """Return the largest number of brackets open at once outside strings."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 1
    deepest = depth = 0
    quoted = escaped = False
    for character in text:
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _numbers(items: object) -> Times:
    listed = items if isinstance(items, list) else []
    if set(map(type, listed)) == {float}:
        return listed
    return [number for item in listed if (number := _number(item)) is not None]


def _number(item: object) -> float | None:
    if isinstance(item, (int, float)):
        try:
            return float(item)
        except OverflowError as error:
            raise ReferenceCrashError(
                "the answer contains an integer beyond the range of float64, on which the "
                "reference crashes"
            ) from error
    if isinstance(item, str):
        try:
            return float(item.replace("s", ""))
        except ValueError:
            return None
    return None
