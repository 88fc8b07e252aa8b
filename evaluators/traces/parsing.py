"""Read the way-points of one trace in an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from evaluators.spatial.coordinates import LIST, answer_of, is_cut
from jumpscore.records import FinishReason

TraceStatus = Literal["ok", "partial", "unparseable"]
Form = Literal["tuples", "lists", "none"]

LONGEST_GAP = 60
"""Characters that may stand between two way-points of one trace."""
_GAP = re.compile(
    r"[\s,;{}\[\]()]*(?:->|→|\n\s*(?:\d{1,3}[.)]|[-*•])|[\"']?[A-Za-z]\w{0,20}[\"']?\s?:)?"
    r"[\s,{}\[\]()]*"
)


@dataclass(frozen=True, slots=True)
class ParsedTrace:
    """What was read.

    Attributes:
        status: ``ok``; ``partial`` (cut off at the token limit; the whole way-points are kept);
            ``unparseable``.
        form: How way-points are written: ``tuples`` ``(x, y, d)``, ``lists`` ``[x, y, d]`` or
            ``none``.
        waypoints: (x, y) or (x, y, d) as written: x and y in thousandths of the image, d in metres.
        rejected: Bracketed lists of numbers elsewhere in the answer, or with more than 3 numbers.
    """

    status: TraceStatus
    form: Form = "none"
    waypoints: tuple[tuple[float, ...], ...] = ()
    rejected: int = 0


def parse_trace(text: str, *, finish_reason: FinishReason | None = None) -> ParsedTrace:
    """Read the trace: the last row of two or more way-points, in a fenced block if there is one.

    Models explain themselves with single coordinates in prose; the public text parser takes those
    for way-points, its JSON parser reads nothing outside of a fence. Neither happens here.

    Args:
        text: The answer, whole; its reasoning in tags is not read.
        finish_reason: ``"length"`` where the model was stopped at its token limit.

    >>> parse_trace("From (5, 5): [(100, 200, 1.5), (300, 400, 1.2)]").waypoints
    ((100.0, 200.0, 1.5), (300.0, 400.0, 1.2))
    >>> parse_trace("```json\\n[[100, 200]]\\n```").form
    'lists'
    """
    answer = answer_of(text)
    cut = is_cut(answer, finish_reason)
    matches = list(LIST.finditer(answer))
    points = [match for match in matches if match[1].count(",") < 3]
    if not points:
        return ParsedTrace("partial" if cut else "unparseable", rejected=len(matches))
    rows = _rows(answer, points)
    row = next((row for row in reversed(rows) if len(row) > 1), rows[-1])
    if len(row) == 1 < len(rows):
        # Single places scattered over prose: which of them are the trace would be a guess.
        return ParsedTrace("partial" if cut else "unparseable", rejected=len(matches))
    return ParsedTrace(
        status="partial" if cut else "ok",
        form="tuples" if row[0][0].startswith("(") else "lists",
        waypoints=tuple(tuple(map(float, match[1].split(","))) for match in row),
        rejected=len(matches) - len(row),
    )


def _rows(answer: str, points: list[re.Match[str]]) -> list[list[re.Match[str]]]:
    """Split way-points where more than brackets, commas or a key stand between two of them."""
    rows = [points[:1]]
    for first, second in pairwise(points):
        low, high = first.end(), second.start()
        if high - low <= LONGEST_GAP and _GAP.fullmatch(answer, low, high):
            rows[-1].append(second)
        else:
            rows.append([second])
    return rows
