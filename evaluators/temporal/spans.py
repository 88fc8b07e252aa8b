"""Types that all readers of spans share: a span, a reading policy and a parse result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Policy = Literal["strict", "reference_lmms", "reference_official"]
SpanStatus = Literal["ok", "inverted", "ambiguous", "partial", "not_finite", "unparseable"]


class Span(NamedTuple):
    """A stretch of the video, in seconds from its beginning."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class ParsedSpan:
    """What a parser read in an answer.

    Attributes:
        status: ``ok``; ``inverted`` (the end is before the start; scores 0);
            ``ambiguous`` (two different spans); ``partial`` (cut off at the token limit; a span is
            kept if it was complete); ``not_finite`` (a number beyond float64); ``unparseable``.
        span: Seconds, or ``None``.
        count: Number of spans in the text.
    """

    status: SpanStatus
    span: Span | None = None
    count: int = 0
