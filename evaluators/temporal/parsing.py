"""Read the one span of time that an answer states, strictly or as the public scorers do.

Three policies, because the published numbers come from parsers with faults:

``strict``              units and decimals as written; two different spans are ``ambiguous``;
``reference_lmms``      as lmms-eval's TimeLens task;
``reference_official``  as TimeLens' own script, which rounds the span to whole seconds.

Both references read ``10.2s - 15.7s`` as (10, 15), since to them a decimal that touches its unit is
no number. Answers are hostile: every pass is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import get_args

from evaluators.temporal.reference import parse_reference
from evaluators.temporal.spans import ParsedSpan, Policy, Span, SpanStatus
from jumpscore.records import FinishReason
from jumpscore.scoring.parsing import answer_window

LONGEST_LABEL = 60
"""Characters that may stand between a start and its end (``seconds. Ending time:``)."""

_I = re.IGNORECASE
_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,30})?|\d{1,15}(?:\.\d{0,30})?|\.\d{1,30})"
_CLOCK = r"\d{1,4}:[0-5]?\d(?::[0-5]\d)?(?:\.\d{1,30})?"
_UNITS = (
    r"hours?|hrs?|h",
    r"minutes?|mins?|m",
    r"seconds?|secs?|s",
    r"milliseconds?|msecs?|ms",
)
_UNIT = "|".join(reversed(_UNITS))
_MEASURE = [rf"{_NUMBER}\s?(?:{unit})(?![a-z])" for unit in _UNITS]
# "1 minute and 5 seconds" is one time, "10 seconds and 15 seconds" are two.
_MEASURES = "|".join(
    first + "".join(rf"(?:\s?(?:and\s)?{smaller})?" for smaller in _MEASURE[place + 1 :])
    for place, first in enumerate(_MEASURE)
)
_TIME = re.compile(
    rf"(?<![\w.:])(?:(?P<clock>{_CLOCK})(?:\s?(?:{_UNIT})(?![a-z]))?"
    rf"|(?P<measures>{_MEASURES})"
    rf"|(?P<bare>{_NUMBER}))(?![\w:])(?!\.\d)",
    _I,
)
_PART = re.compile(rf"({_NUMBER})\s?({_UNIT})(?![a-z])", _I)
_NO_TIME = re.compile(r"\s?(?:%|percent|frames?\b|fps\b)", _I)
_BRACKETED = re.compile(rf"[\[(]\s?({_CLOCK}|\d{{1,15}}(?:\.\d{{0,30}})?)\s?(?:s\s?)?,", _I)
_CONNECTOR = re.compile(r"[\s>\]\"'*]{0,4}(?:-|–|—|~|to|until|till)[\s<\[\"'*]{0,4}-?", _I)
_COMMA = re.compile(r"\s{0,4},\s{0,4}-?")
_AND = re.compile(r"\s{0,4}and\s{0,4}-?", _I)
_BETWEEN = re.compile(r"\b(?:between|from)\s{1,4}-?\Z", _I)
_START = re.compile(r"\b(?:start|begin)\w{0,12}\b[^\d\n]{0,30}\Z", _I)
_END = re.compile(r"(?:\b|_)(?:end|finish|stop)(?:s|ing|ed|es)?(?:\b|_)", _I)
_ASKED = re.compile(r"\bhappens\s{1,4}(?:in|from|at|between)[\s<\[(:*]{0,5}-?\Z", _I)

_SCALE = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class _Time:
    """One time in the text; ``scale`` is 0 where no unit is written."""

    seconds: float
    scale: float
    low: int
    high: int


def parse_span(
    text: str, *, policy: Policy = "strict", finish_reason: FinishReason | None = None
) -> ParsedSpan:
    """Read the span (seconds) that an answer states.

    Args:
        text: The answer, whole.
        policy: See the module's text.
        finish_reason: ``"length"`` where the model was stopped at its token limit; the references
            do not look at it.

    Raises:
        ValueError: The policy is not known.

    >>> parse_span("The event happens in 10.2s - 15.7s").span
    Span(start=10.2, end=15.7)
    >>> parse_span("The event happens in 10.2s - 15.7s", policy="reference_lmms").span
    Span(start=10.0, end=15.0)
    >>> parse_span("It is 3 - 4 or 6 - 9 seconds").status
    'ambiguous'
    """
    if policy == "strict":
        return _parse_strict(text, cut=finish_reason == "length")
    if policy in get_args(Policy):
        return parse_reference(text, policy)
    raise ValueError(f"policy {policy!r} is not one of {', '.join(get_args(Policy))}")


def _parse_strict(text: str, *, cut: bool) -> ParsedSpan:
    low, high, _ = answer_window(text)
    answer = text[low:high]
    times = list(_times(answer, cut=cut))
    spans: set[Span] = set()
    asked: set[Span] = set()
    for first, second in pairwise(times):
        if _connected(answer, first, second):
            span = _span(first, second)
            spans.add(span)
            if _ASKED.search(answer, max(0, first.low - LONGEST_LABEL), first.low):
                asked.add(span)
    # The form that was asked for outranks a stretch that is only talked about.
    chosen = asked or spans
    if len(chosen) != 1:
        status: SpanStatus = "partial" if cut else "ambiguous" if chosen else "unparseable"
        return ParsedSpan(status, "strict", found=len(spans))
    [span] = chosen
    status = "partial" if cut else "ok" if span.start <= span.end else "inverted"
    return ParsedSpan(status, "strict", span, len(spans))


def _times(answer: str, *, cut: bool) -> Iterator[_Time]:
    """Yield every time in order; of a cut-off answer not a last one that may be half a number."""
    bracketed = {match.start(1) for match in _BRACKETED.finditer(answer)}
    end = len(answer.rstrip()) if cut else len(answer) + 1
    previous = position = 0
    while (match := _TIME.search(answer, position)) is not None:
        low, high = match.span()
        if low in bracketed and "," in match[0]:  # [100,200] is a pair, not a thousand
            high = low + match[0].index(",")
            time = _Time(float(answer[low:high]), 0.0, low, high)
        else:
            time = _Time(*_seconds(match), low, high)
        position = high
        if high >= end or _NO_TIME.match(answer, high):
            continue
        if _is_negative(answer, previous, low):
            time = _Time(-time.seconds, time.scale, low, high)
        previous = high
        yield time


def _seconds(match: re.Match[str]) -> tuple[float, float]:
    """Return (seconds, scale of the last unit or 0) of one written time."""
    if match["clock"]:
        seconds = 0.0
        clock = re.match(r"[\d:.]+", match["clock"])
        for part in clock[0].split(":") if clock else ():
            seconds = seconds * 60 + float(part)
        return seconds, 1.0
    if match["measures"]:
        parts = _PART.findall(match["measures"])
        scales = [_scale(unit.lower()) for _, unit in parts]
        values = [float(number.replace(",", "")) for number, _ in parts]
        return sum(a * b for a, b in zip(values, scales, strict=True)), scales[-1]
    return float(match["bare"].replace(",", "")), 0.0


def _scale(unit: str) -> float:
    if unit.startswith(("milli", "ms")):
        return _SCALE["ms"]
    return _SCALE[unit[0]]


def _is_negative(answer: str, previous: int, low: int) -> bool:
    """Whether the ``-`` that touches a number is its sign, and no dash between two numbers."""
    if low == 0 or answer[low - 1] != "-":
        return False
    between = answer[previous : low - 1]
    if previous and not between.strip():
        return False
    return low < 2 or not answer[low - 2].isalnum()


def _connected(answer: str, first: _Time, second: _Time) -> bool:
    """Whether two neighbouring times are written as the ends of one span."""
    low, high = first.high, second.low
    if high - low > LONGEST_LABEL:
        return False
    if _CONNECTOR.fullmatch(answer, low, high):
        return True
    before = max(0, first.low - LONGEST_LABEL)
    if _COMMA.fullmatch(answer, low, high):
        return answer[before : first.low].rstrip(" \n-").endswith(("[", "(", "<"))
    if _AND.fullmatch(answer, low, high):
        return _BETWEEN.search(answer, before, first.low) is not None
    return bool(_END.search(answer, low, high) and _START.search(answer, before, first.low))


def _span(first: _Time, second: _Time) -> Span:
    """Return the span; a unit behind the second number covers both (``1.5 - 2 minutes``)."""
    start = first.seconds * second.scale if first.scale == 0 < second.scale else first.seconds
    return Span(start, second.seconds)
