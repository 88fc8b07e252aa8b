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
"""Which of RoboTracer's two parsers reads an answer."""

DIGITS = 6
"""After the point, to which RoboTracer rounds fractions of the image."""

# Whole numbers and fractions of any script's digits, never given back once taken.
_SIGNED = r"[-+]?\d++(?:\.\d*+)?+"
_TUPLE = re.compile(rf"\(({_SIGNED}(?:,\s*+{_SIGNED})*+)\)")
_FENCE = re.compile(r"```\w*+\n")
_BARE = r"(\d++(?:\.\d*+)?+)"
_PAIR = re.compile(rf"\[{_BARE},\s*+{_BARE}\]")


@dataclass(frozen=True, slots=True)
class TraceReading:
    """What the rules of a reader have made of an answer so far.

    Attributes:
        text: What is left to be read.
        size: (width, height) of the image in pixels.
        content: Parsed content; ``None`` until a rule parses some.
    """

    text: str
    size: tuple[int, int] = (1, 1)
    content: Any = None


Read = TraceReading | Value[Points]
"""What a rule returns: what is left to be read, or the way-points."""
NOTHING: Value[Points] = Value(())


# TraceSpatial (RoboTracer 11f09e1).


def tuples_of_numbers(reading: TraceReading) -> Read:
    """Read ``(x, y)`` and ``(x, y, d, ...)`` anywhere; blanks only after commas."""
    rows = [match.split(",") for match in _TUPLE.findall(reading.text)]
    return replace(reading, content=[[float(number) for number in row] for row in rows])


def at_least_two_numbers(reading: TraceReading) -> Read:
    """Drop tuples of one number."""
    return replace(reading, content=[row for row in reading.content or [] if len(row) > 1])


def first_three_numbers(reading: TraceReading) -> Read:
    """Cut longer tuples to x, y and depth."""
    return replace(reading, content=[row[:3] for row in reading.content or []])


def first_fence(reading: TraceReading) -> Read:
    """Keep what the first closed fence holds, whatever its tag; without a fence, nothing."""
    start = _FENCE.search(reading.text)
    end = reading.text.find("```", start.end()) if start else -1
    if start is None or end < 0:
        return NOTHING
    return replace(reading, text=reading.text[start.end() : end].strip())


def json_only(reading: TraceReading) -> Read:
    """Parse JSON, ``NaN`` included; anything else holds nothing.

    Raises:
        ReferenceCrashError: It nests too deep, or an integer has too many digits.
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
    """Refuse lists of two and of three numbers in one answer, which make no array.

    Raises:
        ReferenceCrashError: There are both.
    """
    if len({len(row) for row in reading.content or []}) > 1:
        raise ReferenceCrashError("way-points with and without depth make no array")
    return reading


def depth_for_all(reading: TraceReading) -> Read:
    """Give NaN as depth to tuples without one, if others have one."""
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
    """Return the rows as they are."""
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
            knows no others. ``auto`` is ``json`` if that reads any way-point, otherwise ``text``.

    Raises:
        ReferenceCrashError: The scorer's parser stops with an error.

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
    """Keep what the first ``<answer>`` holds on one line; without one, nothing."""
    inner = _on_one_line(reading.text, "<answer>", "</answer>")
    return NOTHING if inner is None else replace(reading, text=inner.strip())


def inside_point_tags(reading: TraceReading) -> Read:
    """Keep what the first ``<point>[...]</point>`` holds on one line; without one, nothing."""
    inner = _on_one_line(reading.text, "<point>[", "]</point>")
    return NOTHING if inner is None else replace(reading, text=inner)


def single_quotes_are_double(reading: TraceReading) -> Read:
    """Make JSON strings of Python's."""
    return replace(reading, text=reading.text.replace("'", '"'))


def within_brackets(reading: TraceReading) -> Read:
    """Put back the outer brackets, of which the tags' pattern takes one each."""
    return replace(reading, text=f"[{reading.text}]")


def json_if_it_is(reading: TraceReading) -> Read:
    """Parse JSON, ``NaN`` included; what Python cannot parse at all holds nothing."""
    try:
        return replace(reading, content=json.loads(reading.text))
    except json.JSONDecodeError:
        return reading
    except (ValueError, RecursionError):
        return NOTHING


def pairs_otherwise(reading: TraceReading) -> Read:
    """Read every ``[x, y]`` without a sign or inner blanks in what is not JSON."""
    if reading.content is not None:
        return reading
    pairs = [(float(x), float(y)) for x, y in _PAIR.findall(reading.text)]
    return Value(tuple(pairs))


def two_numbers_each(reading: TraceReading) -> Read:
    """Refuse content that is not pairs of numbers.

    Raises:
        ReferenceCrashError: It is not; the script drops the answer from its means.
    """
    rows = reading.content if isinstance(reading.content, list) else [reading.content]
    points = []
    for row in rows:
        if not isinstance(row, list) or len(row) != 2 or not all(map(_is_number, row)):
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
        reasoning: The script's ``reasoning_model``: only what is in ``<answer>`` is read.

    Raises:
        ReferenceCrashError: The script stops with an error, and drops the answer from its means.

    >>> vabench_reference("<point>[[1, 2], [3, 4]]</point>")
    ((1, 2), (3, 4))
    >>> vabench_reference("[[1, 2], [3, 4]]")
    ()
    """
    reader = VABENCH_REASONING if reasoning else VABENCH
    return reader.read(TraceReading(text)) or ()


def _on_one_line(text: str, opening: str, closing: str) -> str | None:
    """Return what stands between the first two marks that share a line."""
    for line in text.split("\n"):
        start = line.find(opening)
        end = line.find(closing, start + len(opening)) if start >= 0 else -1
        if end >= 0:
            return line[start + len(opening) : end]
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float))
