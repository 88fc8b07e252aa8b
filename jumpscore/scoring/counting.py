"""The strict parser of counts: one whole number that an answer says, and never a guess."""

from __future__ import annotations

import re
from dataclasses import replace

from jumpscore.records import FinishReason, ParseResult
from jumpscore.scoring.parsing import REFUSAL, answer_window

_I = re.IGNORECASE
_INTEGER = re.compile(r"(?<![\w.,:+-])(\d{1,3}(?:,\d{3}){1,3}|\d{1,9})(?![\w:]|[.,]\d)")
_TO_HERE = re.compile(r"(?:\d\s?(?:-|–|—|\b(?:to|or)\b)|\bbetween\s\d{1,9}\sand)\s?\Z", _I)
_FROM_HERE = re.compile(r"\s?(?:-|–|—|\b(?:to|or)\b)\s?\d", _I)
_COUNTED = re.compile(r"[\s*_`]{1,4}(?:full\s|complete\s)?(?:jump|time|skip|rope)", _I)


def parse_count(text: str, *, finish_reason: FinishReason | None = None) -> ParseResult:
    """Read one non-negative integer in an answer; two different ones are ``unparseable``.

    An integer that is said to be of jumps or times outranks the others.

    >>> parse_count("The person jumped 28 times in 30 s.").count
    28
    >>> parse_count("Between 27 and 29.").status, parse_count("27-29 jumps").status
    ('unparseable', 'unparseable')
    """
    low, high, reasoning = answer_window(text)
    answer = text[low:high]
    matches = list(_INTEGER.finditer(answer))
    named = [match for match in matches if _COUNTED.match(answer, match.end())]
    chosen = named or matches
    found = {int(match[1].replace(",", "")): match for match in chosen}
    parsed = ParseResult(status="unparseable", parser="none", reasoning=reasoning, text=text)
    if len(found) == 1 and not any(_in_range(answer, match) for match in chosen):
        [(count, match)] = found.items()
        at_end = finish_reason == "length" and match.end() == len(answer)
        if not at_end:
            span = (match.start() + low, match.end() + low)
            return replace(parsed, status="ok", parser="integer", count=count, spans=(span,))
    if finish_reason == "length":
        return replace(parsed, status="partial")
    return replace(parsed, status="refused") if REFUSAL.search(answer) else parsed


def _in_range(answer: str, match: re.Match[str]) -> bool:
    """Whether a number is one end of ``27-29``, ``27 to 29`` or ``between 27 and 29``."""
    before = answer[max(0, match.start() - 24) : match.start()]
    return bool(_TO_HERE.search(before) or _FROM_HERE.match(answer, match.end()))
