"""What the grammars of times share: values, readings, and how they become a ``ParseResult``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from jumpscore.answers.tokens import TIMES, Token
from jumpscore.records import ParseResult

LONGEST_ITEM = 80
"""Characters of a rejected item that are kept."""
MOST_REJECTED = 20
"""Rejected items kept word for word; all are counted."""
Status = Literal["ok", "empty", "partial", "unparseable", "refused"]


@dataclass(slots=True)
class Reading:
    """Times with the offsets that they were read from, and what was not read as one."""

    text: str
    times: list[float] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    rejected_count: int = 0

    def add(self, token: Token, scale: float = 1.0) -> None:
        """Take the time of a token; ``scale`` is the unit's of a number without one."""
        seconds = token.value if token.value is not None else math.nan
        if token.kind == "number" and scale != 1.0:
            seconds = seconds / round(1 / scale) if scale < 1 else seconds * scale
        if token.kind in TIMES and math.isfinite(seconds):
            self.times.append(seconds)
            self.spans.append((token.low, digits_end(self.text, token)))
        else:
            self.reject(token.low, token.high)

    def reject(self, low: int, high: int) -> None:
        """Count a stretch of the text that is not read."""
        self.rejected_count += 1
        if len(self.rejected) < MOST_REJECTED:
            self.rejected.append(self.text[low : min(high, low + LONGEST_ITEM)].strip())

    def extend(self, other: Reading) -> None:
        """Take over what another reading of the same text read and rejected."""
        self.times += other.times
        self.spans += other.spans
        self.refuse(other)

    def refuse(self, other: Reading) -> None:
        """Take over what another reading rejected."""
        self.rejected = (self.rejected + other.rejected)[:MOST_REJECTED]
        self.rejected_count += other.rejected_count

    def drop_last(self) -> None:
        """Forget the last time, which may be half a number."""
        del self.times[-1:], self.spans[-1:]

    def result(self, status: Status, parser: str) -> ParseResult:
        """Return the reading as the result of a parser."""
        return ParseResult(
            status=status,
            parser=parser,
            times=tuple(self.times),
            spans=tuple(self.spans),
            rejected=tuple(self.rejected),
            rejected_count=self.rejected_count,
        )


def digits_end(text: str, token: Token) -> int:
    """Return the offset behind the last digit of a token, which may have a unit behind it."""
    end = token.high
    while end > token.low + 1 and not text[end - 1].isdigit():
        end -= 1
    return end if text[end - 1].isdigit() else token.high
