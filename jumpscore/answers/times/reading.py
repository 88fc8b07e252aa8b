"""The times read so far and the rejected text, and how they become a ``ParseResult``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from jumpscore.answers.tokens import TIMES, Token
from jumpscore.records import ParseResult

LONGEST_ITEM = 80
"""Most characters that are stored of a rejected item."""
MOST_REJECTED = 20
"""Most rejected items that are stored; all are counted."""
Status = Literal["ok", "empty", "partial", "unparseable", "refused"]


@dataclass(slots=True)
class Reading:
    """Times with their offsets, and the rejected items."""

    text: str
    times: list[float] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    rejected_count: int = 0

    def add(self, token: Token, scale: float = 1.0) -> None:
        """Add the time of a token; ``scale`` is the unit of a number that has none itself."""
        seconds = token.value if token.value is not None else math.nan
        if token.kind == "number" and scale != 1.0:
            seconds = seconds / round(1 / scale) if scale < 1 else seconds * scale
        if token.kind in TIMES and math.isfinite(seconds):
            self.times.append(seconds)
            self.spans.append((token.low, digits_end(self.text, token)))
        else:
            self.reject(token.low, token.high)

    def reject(self, low: int, high: int) -> None:
        """Count a piece of the text as rejected."""
        self.rejected_count += 1
        if len(self.rejected) < MOST_REJECTED:
            self.rejected.append(self.text[low : min(high, low + LONGEST_ITEM)].strip())

    def extend(self, other: Reading) -> None:
        """Add the times and the rejected items of another reading of the same text."""
        self.times += other.times
        self.spans += other.spans
        self.refuse(other)

    def refuse(self, other: Reading) -> None:
        """Add the rejected items of another reading."""
        self.rejected = (self.rejected + other.rejected)[:MOST_REJECTED]
        self.rejected_count += other.rejected_count

    def drop_last(self) -> None:
        """Remove the last time, which may be incomplete."""
        del self.times[-1:], self.spans[-1:]

    def result(self, status: Status, parser: str) -> ParseResult:
        """Convert to the result of a parser."""
        return ParseResult(
            status=status,
            parser=parser,
            times=tuple(self.times),
            spans=tuple(self.spans),
            rejected=tuple(self.rejected),
            rejected_count=self.rejected_count,
        )


def digits_end(text: str, token: Token) -> int:
    """Return the offset after the last digit of a token, before its unit."""
    end = token.high
    while end > token.low + 1 and not text[end - 1].isdigit():
        end -= 1
    return end if text[end - 1].isdigit() else token.high
