"""Read traces as the public code does, faults included: for ``*_reference`` numbers only.

Each rule of a reader passes a ``TraceReading`` to the next; the last ones return the way-points. An
answer that crashes the public code raises ``ReferenceCrashError``. Time is linear in the text, and
nothing that a model writes is executed.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from jumpscore.scoring.readers import Reader, ReferenceCrashError, Value

Points = tuple[tuple[float, ...], ...]
Parser = Literal["auto", "text", "json"]
"""RoboTracer's parser of answers."""

DIGITS = 6
"""Decimals to which RoboTracer rounds fractions of the image."""

# Integers and decimals in digits of any script, with possessive quantifiers.
_SIGNED = r"[-+]?\d++(?:\.\d*+)?+"
_TUPLE = re.compile(rf"\(({_SIGNED}(?:,\s*+{_SIGNED})*+)\)")
_FENCE = re.compile(r"```\w*+\n")
_BARE = r"(\d++(?:\.\d*+)?+)"
_PAIR = re.compile(rf"\[{_BARE},\s*+{_BARE}\]")


@dataclass(frozen=True, slots=True)
class TraceReading:
    """An answer as the rules of a reader have read it so far.

    Attributes:
        text: The text left to read.
        size: (width, height) of the image in pixels.
        content: Parsed content; ``None`` until a rule parses some.
    """

    text: str
    size: tuple[int, int] = (1, 1)
    content: Any = None


Read = TraceReading | Value[Points]
"""Result of a rule: what is left to read, or the way-points."""
NOTHING: Value[Points] = Value(())


# TraceSpatial (RoboTracer 11f09e1).


def tuples_of_numbers(reading: TraceReading) -> Read:
    """Read ``(x, y)`` and ``(x, y, d, ...)`` anywhere; spaces are allowed only after commas."""
    rows = [match.split(",") for match in _TUPLE.findall(reading.text)]
    return replace(reading, content=[[float(number) for number in row] for row in rows])


def at_least_two_numbers(reading: TraceReading) -> Read:
    """Drop tuples with one number."""
    return replace(reading, content=[row for row in reading.content or [] if len(row) > 1])


def first_three_numbers(reading: TraceReading) -> Read:
    """Cut longer tuples to x, y and depth."""
    return replace(reading, content=[row[:3] for row in reading.content or []])


def first_fence(reading: TraceReading) -> Read:
    """Keep the text in the first closed fence, with any tag; without a fence, nothing."""
    start = _FENCE.search(reading.text)
    end = reading.text.find("```", start.end()) if start else -1
    if start is None or end < 0:
        return NOTHING
    return replace(reading, text=reading.text[start.end() : end].strip())


def json_only(reading: TraceReading) -> Read:
    """Parse JSON, including ``NaN``; anything else has no way-points.

    Raises:
        ReferenceCrashError: Brackets nest too deep, or an integer has too many digits.
    """
    try:
        return replace(reading, content=[json.loads(reading.text)])
    except json.JSONDecodeError:
        return NOTHING
    except (ValueError, RecursionError) as error:
        raise ReferenceCrashError(f"the reference crashes on this answer: {error}") from error


def lists_at_any_depth(reading: TraceReading) -> Read:
    """Read every list of two or three numbers, true and false included, in order."""
    rows: list[list[float]] = []
    waiting = [reading.content]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += reversed(item.values())
        elif isinstance(item, list):
            if len(item) in (2, 3) and all(isinstance(number, (int, float)) for number in item):
                rows.append(item)
            else:
                waiting += reversed(item)
    return replace(reading, content=rows)


def equally_many_numbers(reading: TraceReading) -> Read:
    """Refuse a mix of lists with two and three numbers, which do not form an array.

    Raises:
        ReferenceCrashError: Both occur.
    """
    if len({len(row) for row in reading.content or []}) > 1:
        raise ReferenceCrashError("way-points with and without depth do not form an array")
    return reading


def depth_for_all(reading: TraceReading) -> Read:
    """Set the depth of tuples without one to NaN, if others have one."""
    rows = reading.content or []
    longest = max(map(len, rows), default=0)
    return replace(reading, content=[[*row, *[math.nan] * (longest - len(row))] for row in rows])


def thousandths_rounded(reading: TraceReading) -> Read:
    """Return fractions of the image, rounded to six digits; depth as written.

    Raises:
        ReferenceCrashError: A number is beyond float64.
    """
    try:
        rows = [
            (round(x / 1000.0, DIGITS), round(y / 1000.0, DIGITS), *depth)
            for x, y, *depth in reading.content or []
        ]
    except OverflowError as error:
        raise ReferenceCrashError("a number is beyond the range of float64") from error
    return replace(reading, content=rows)


def double_precision(reading: TraceReading) -> Read:
    """Return the rows unchanged."""
    return Value(tuple(map(tuple, reading.content or [])))


def single_precision(reading: TraceReading) -> Read:
    """Round to float32, which the text parser returns and the JSON parser does not."""
    with np.errstate(over="ignore"):
        points = np.array(reading.content or np.zeros((0, 2)), dtype=np.float32)
    return Value(tuple(map(tuple, points.tolist())))


TRACESPATIAL_TEXT: Reader[Points] = Reader(
    (
        tuples_of_numbers,
        at_least_two_numbers,
        first_three_numbers,
        depth_for_all,
        thousandths_rounded,
        single_precision,
    )
)
TRACESPATIAL_JSON: Reader[Points] = Reader(
    (
        first_fence,
        json_only,
        lists_at_any_depth,
        equally_many_numbers,
        thousandths_rounded,
        double_precision,
    )
)


def tracespatial_reference(text: str, *, parser: Parser = "auto") -> Points:
    """Return the way-points that RoboTracer's scorer reads, x and y as fractions of the image.

    Args:
        text: The whole answer.
        parser: The scorer reads tuples in the text of models whose name contains ``RoboTracer``
            (``text``), and a fenced JSON block of ``Qwen`` and ``Gemini`` models (``json``); it
            supports no others. ``auto`` is ``json`` if that reads any way-point, otherwise
            ``text``.

    Raises:
        ReferenceCrashError: The scorer's parser crashes.

    >>> tracespatial_reference("at (500, 500): [(250, 125), (750, 875)]")
    ((0.5, 0.5), (0.25, 0.125), (0.75, 0.875))
    >>> tracespatial_reference("[[100, 200]]")
    ()
    """
    reading = TraceReading(text)
    points = () if parser == "text" else TRACESPATIAL_JSON.read(reading)
    if not points and parser != "json":
        points = TRACESPATIAL_TEXT.read(reading)
    return points or ()


# VABench-V (Embodied-R1 e599e95).


def inside_answer_tags(reading: TraceReading) -> Read:
    """Keep the text of the first ``<answer>`` on one line; without one, nothing."""
    inner = _on_one_line(reading.text, "<answer>", "</answer>")
    return NOTHING if inner is None else replace(reading, text=inner.strip())


def inside_point_tags(reading: TraceReading) -> Read:
    """Keep the text of the first ``<point>[...]</point>`` on one line; without one, nothing."""
    inner = _on_one_line(reading.text, "<point>[", "]</point>")
    return NOTHING if inner is None else replace(reading, text=inner)


def single_quotes_are_double(reading: TraceReading) -> Read:
    """Turn Python strings into JSON strings."""
    return replace(reading, text=reading.text.replace("'", '"'))


def within_brackets(reading: TraceReading) -> Read:
    """Restore the outer brackets, which the pattern of the tags removed."""
    return replace(reading, text=f"[{reading.text}]")


def json_if_it_is(reading: TraceReading) -> Read:
    """Parse JSON, including ``NaN``; text that crashes the parser has no way-points."""
    try:
        return replace(reading, content=json.loads(reading.text))
    except json.JSONDecodeError:
        return reading
    except (ValueError, RecursionError):
        return NOTHING


def pairs_otherwise(reading: TraceReading) -> Read:
    """Read every ``[x, y]`` without a sign or inner spaces in text that is not JSON."""
    if reading.content is not None:
        return reading
    pairs = [(float(x), float(y)) for x, y in _PAIR.findall(reading.text)]
    return Value(tuple(pairs))


def two_numbers_each(reading: TraceReading) -> Read:
    """Refuse content other than pairs of numbers.

    Raises:
        ReferenceCrashError: There is other content; the script drops the answer from its means.
    """
    rows = reading.content if isinstance(reading.content, list) else [reading.content]
    points = []
    for row in rows:
        if (
            not isinstance(row, list)
            or len(row) != 2
            or not all(isinstance(value, (int, float)) for value in row)
        ):
            raise ReferenceCrashError(f"{str(row)[:40]} is not a pair of numbers")
        points.append(tuple(row))
    return Value(tuple(points))


VABENCH: Reader[Points] = Reader(
    (
        inside_point_tags,
        single_quotes_are_double,
        within_brackets,
        json_if_it_is,
        pairs_otherwise,
        two_numbers_each,
    )
)
VABENCH_REASONING: Reader[Points] = Reader((inside_answer_tags, *VABENCH.rules))


def vabench_reference(text: str, *, reasoning: bool = False) -> Points:
    """Return the points in pixels that Embodied-R1's script reads.

    Args:
        text: The whole answer.
        reasoning: The script's ``reasoning_model``: read only the text in ``<answer>``.

    Raises:
        ReferenceCrashError: The script crashes and drops the answer from its means.

    >>> vabench_reference("<point>[[1, 2], [3, 4]]</point>")
    ((1, 2), (3, 4))
    >>> vabench_reference("[[1, 2], [3, 4]]")
    ()
    """
    reader = VABENCH_REASONING if reasoning else VABENCH
    return reader.read(TraceReading(text)) or ()


def _on_one_line(text: str, opening: str, closing: str) -> str | None:
    """Return the text between the first two marks on the same line."""
    for line in text.split("\n"):
        start = line.find(opening)
        end = line.find(closing, start + len(opening)) if start >= 0 else -1
        if end >= 0:
            return line[start + len(opening) : end]
    return None
