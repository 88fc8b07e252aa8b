"""Read a span as the public scorers of TimeLens do, faults included."""

from __future__ import annotations

import math
import re

from evaluators.temporal.spans import ParsedSpan, Policy, Span, SpanStatus

_CLOCK = re.compile(r"(?<![\d:])\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?(?![\d:])")
_NUMBER = r"(?<!\d)(\d+(?:\.\d+)?)"
_PAIRS = tuple(
    re.compile(rf"{_NUMBER}\s*{between}\s*(\d+(?:\.\d+)?)") for between in ("[-–]", r"\bto\b")
)
_BARE = re.compile(r"\b\d+(?:\.\d+)?\b", re.ASCII)


def parse_reference(text: str, policy: Policy) -> ParsedSpan:
    """Return the first span that a public scorer reads.

    Args:
        text: The answer, whole.
        policy: ``reference_lmms`` or ``reference_official``.
    """
    spans = _reference_spans(text.lower())
    if not spans:
        return ParsedSpan("unparseable", policy)
    first = spans[0]
    if not all(map(math.isfinite, first)):
        return ParsedSpan("not_finite", policy, found=len(spans))
    if policy == "reference_official":
        first = Span(float(round(first.start)), float(round(first.end)))
    status: SpanStatus = "ok" if first.start <= first.end else "inverted"
    return ParsedSpan(status, policy, first, len(spans))


def _reference_spans(text: str) -> list[Span]:
    """Return spans in the order of the public parsers: clocks, ``a - b``, ``a to b``, any two."""
    clocks = [_clock_seconds(match[0]) for match in _CLOCK.finditer(text)]
    if len(clocks) > 1:
        return _paired(clocks)
    for pattern in _PAIRS:
        found = [Span(float(a), float(b)) for a, b in pattern.findall(text)]
        if found:
            return found
    return _paired([float(match[0]) for match in _BARE.finditer(text)])


def _paired(values: list[float]) -> list[Span]:
    return [Span(a, b) for a, b in zip(values[::2], values[1::2], strict=False)]


def _clock_seconds(clock: str) -> float:
    seconds = 0.0
    for part in clock.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds
