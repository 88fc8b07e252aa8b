"""How the public code reads traces, and what it makes of them: for ``*_reference`` numbers only."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluators.traces.paths import discrete_frechet, hausdorff, rmse
from jumpscore.jsonio import parse_json

Floats = npt.NDArray[np.float64]
Points = tuple[tuple[float, ...], ...]

_NUMBER = r"[+-]?\d{1,15}(?:\.\d{0,30})?"
_TUPLE = re.compile(rf"\(({_NUMBER}(?:,\s{{0,9}}{_NUMBER}){{1,2}})\)")
_PAIR = re.compile(r"\[(\d{1,15}\.?\d{0,30}),\s{0,9}(\d{1,15}\.?\d{0,30})\]")


def tracespatial_reference(text: str) -> Points:
    """Return the way-points that RoboTracer's scorer reads.

    It has two parsers and chooses by the model's name. Here a fenced JSON block decides: where one
    begins, only what is in it counts; else all tuples in the text do, wherever they stand.

    >>> tracespatial_reference("at (5, 5): [(100, 200), (300, 400)]")
    ((5.0, 5.0), (100.0, 200.0), (300.0, 400.0))
    >>> tracespatial_reference("[[100, 200]]")
    ()
    """
    start = text.find("```json")
    if start < 0:
        return tuple(tuple(map(float, found[1].split(","))) for found in _TUPLE.finditer(text))
    end = text.find("```", start + 7)
    try:
        content = parse_json(text[start + 7 : end if end >= 0 else len(text)])
    except ValueError:
        return ()
    return _points_in(content)


def _points_in(content: Any) -> Points:
    """Return every list of two or three numbers in JSON of any shape, in order."""
    found: list[tuple[float, ...]] = []
    left = [content]
    while left:
        item = left.pop()
        if isinstance(item, dict):
            left += reversed(item.values())
        elif isinstance(item, list):
            if len(item) in (2, 3) and all(_is_number(number) for number in item):
                found.append(tuple(map(float, item)))
            else:
                left += reversed(item)
    return tuple(found)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300


def vabench_reference(text: str) -> Points:
    """Return the points that Embodied-R1's scorer reads: the first line's ``<point>[...]</point>``.

    >>> vabench_reference("<point>[[1, 2], [3, 4]]</point>")
    ((1.0, 2.0), (3.0, 4.0))
    >>> vabench_reference("[[1, 2], [3, 4]]")
    ()
    """
    for line in text.split("\n"):
        start = line.find("<point>[")
        end = line.find("]</point>", start + 8)
        if start < 0 or end < 0:
            continue
        inner = line[start + 8 : end]
        try:
            content = parse_json(f"[{inner}]")
        except ValueError:
            content = [[float(x), float(y)] for x, y in _PAIR.findall(inner)]
        is_table = all(
            isinstance(row, list) and len(row) == 2 and all(map(_is_number, row)) for row in content
        )
        return tuple((float(x), float(y)) for x, y in content) if is_table else ()
    return ()


def sharerobot_reference(trace: Floats | None, truth: Floats) -> tuple[float, float, float]:
    """Return (DFD, HD, RMSE) as FlagEvalMM computes them, on fractions of the image.

    Nothing is resampled: RMSE compares the first points that both have. No answer is a trace of one
    point, the image's corner.

    Args:
        trace: [n, 2], or ``None`` where nothing is answered.
        truth: [m, 2].

    >>> sharerobot_reference(None, np.array([[0.3, 0.4], [0.6, 0.8]]))
    (1.0, 1.0, 0.5)
    """
    points = np.zeros((1, 2)) if trace is None else trace
    shared = min(len(points), len(truth))
    return (
        discrete_frechet(points, truth),
        hausdorff(points, truth),
        rmse(points[:shared], truth[:shared]),
    )
