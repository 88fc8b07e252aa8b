"""Read a span as the public scorers of TimeLens do, faults included.

``reference_lmms`` equals lmms-eval 0.7.3's TimeLens task on any text, in linear time. TimeLens' own
script reads the same and rounds to whole seconds.
"""

from __future__ import annotations

import math
import re

from evaluators.temporal.spans import ParsedSpan, Policy, Span, SpanStatus
from jumpscore.scoring.readers import Reader, Value, lower_case, value_if_any

# Possessive quantifiers: linear in texts of any length.
_CLOCK = re.compile(r"(?<!\w)(\d{1,2}):(?:(\d{2}):)?(\d{2}(?:\.\d++(?!\w))?)(?!\w)")
_NUMBER = r"\d++\.?+\d*+"
_RANGES = tuple(
    re.compile(rf"(?<!\d)({_NUMBER}){between}({_NUMBER})")
    for between in (r"\s*+-\s*+", r"\s++to\s++")
)
_BARE = re.compile(r"(?<!\w)\d++(?:\.\d++(?!\w))?(?!\w)")

Spans = list[Span]


def clock_pairs(text: str) -> Value[Spans] | None:
    """Read ``00:10 - 00:20``: clocks in pairs, with any text between them."""
    return value_if_any(_paired([_clock_seconds(match) for match in _CLOCK.finditer(text)]))


def hyphen_ranges(text: str) -> Value[Spans] | None:
    """Read every ``10.5 - 15``; only a hyphen counts, no other dash."""
    return value_if_any([Span(float(a), float(b)) for a, b in _RANGES[0].findall(text)])


def to_ranges(text: str) -> Value[Spans] | None:
    """Read every ``10.5 to 15``."""
    return value_if_any([Span(float(a), float(b)) for a, b in _RANGES[1].findall(text)])


def number_pairs(text: str) -> Value[Spans] | None:
    """Read all numbers in pairs; a number that touches a letter of any script is skipped."""
    return value_if_any(_paired([float(match[0]) for match in _BARE.finditer(text)]))


READER: Reader[Spans] = Reader((lower_case, clock_pairs, hyphen_ranges, to_ranges, number_pairs))


def parse_reference(text: str, policy: Policy) -> ParsedSpan:
    """Return the first span that a public scorer reads.

    Args:
        text: The whole answer.
        policy: ``reference_lmms`` or ``reference_official``.
    """
    spans = READER.read(text)
    if not spans:
        return ParsedSpan("unparseable")
    first = spans[0]
    if not all(map(math.isfinite, first)):
        return ParsedSpan("not_finite", count=len(spans))
    if policy == "reference_official":
        first = Span(float(round(first.start)), float(round(first.end)))
    status: SpanStatus = "ok" if first.start <= first.end else "inverted"
    return ParsedSpan(status, first, len(spans))


def _paired(values: list[float]) -> Spans:
    return [Span(a, b) for a, b in zip(values[::2], values[1::2], strict=False)]


def _clock_seconds(clock: re.Match[str]) -> float:
    first, second, last = clock.groups()
    minutes = int(first) if second is None else 60 * int(first) + int(second)
    return 60 * minutes + float(last)
