"""The strict parser of counts: the one whole number that an answer states, never a guess."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from jumpscore.answers.answer import Answer, prepare
from jumpscore.answers.decimals import join_thousands
from jumpscore.answers.markup import lay_out
from jumpscore.answers.number_words import join_numerals
from jumpscore.answers.region import behind_final_answer
from jumpscore.answers.times.reading import LONGEST_ITEM, MOST_REJECTED
from jumpscore.answers.tokens import Token, tokenize
from jumpscore.answers.vocabulary import AND, EVENTS, PLURALS, TIMES_COUNTED, TO, TOTALS, words
from jumpscore.records import FinishReason, ParseResult

_WORD = re.compile(r"[^\W\d_]+")
_PLURALS = PLURALS | frozenset(words("跳绳 跳跃 jumpropes sprünge saltos"))
_OTHERS = frozenset(
    words(
        "person people persons man men woman women girl girls boy boys child children kid "
        "kids video videos clip clips camera years year 人 minute frame frames fps 岁"
    )
)
"""Nouns other than jumps; a number of them is never the count."""
_ADJECTIVES = frozenset(
    words(
        "full complete completed total individual separate successful jump rope single "
        "clean distinct consecutive visible clear"
    )
)


_NUMBERED = frozenset(words("# number no nr num"))
_CORRECTED = frozenset(words("correct corrected actual actually final revised"))


@dataclass(slots=True)
class _Number:
    """A whole number on a line: its value and how clearly it is a count of jumps.

    ``rank`` is 4 after words for a corrected total, 3 after a word for a total, 2 with a word for
    jumps or times, 1 without either, 0 if the number is certainly not a count.
    """

    token: Token
    value: int
    rank: int
    doubtful: bool = False


def parse_count(text: str, *, finish_reason: FinishReason | None = None) -> ParseResult:
    """Read one non-negative integer in an answer; two different ones are ``unparseable``.

    A number after a word for a total outranks a number of jumps or times, which outranks others.

    >>> parse_count("The person jumped 28 times in 30 s.").count
    28
    >>> parse_count("twenty-eight").count, parse_count("二十八次").count
    (28, 28)
    >>> parse_count("Between 27 and 29.").status, parse_count("27-29 jumps").status
    ('unparseable', 'unparseable')
    """
    answer = prepare(text, finish_reason=finish_reason)
    tokens = lay_out(tokenize(answer.text), answer.text)
    tokens = join_numerals(join_thousands(tokens))
    tokens = tokens[behind_final_answer(tokens, {"number"}) :]
    numbers, odd = _numbers(tokens)
    best = max((number.rank for number in numbers), default=0)
    candidates = [number for number in numbers if number.rank == best and best]
    parsed = ParseResult(status="unparseable", parser="none", reasoning=answer.reasoning, text=text)
    sure = not any(number.doubtful for number in candidates) and not (odd and best == 1)
    if len({number.value for number in candidates}) == 1 and sure:
        token = candidates[-1].token
        at_end = answer.cut and token.high >= answer.number_end
        if not at_end:
            parsed = replace(
                parsed, status="ok", parser="integer", count=candidates[-1].value,
                spans=((token.low, token.high),),
            )  # fmt: skip
    parsed = _with_rejected(parsed, numbers, answer)
    if parsed.count is not None:
        return parsed
    if answer.cut:
        return replace(parsed, status="partial")
    return replace(parsed, status="refused") if answer.declines and not numbers else parsed


def _with_rejected(parsed: ParseResult, numbers: list[_Number], answer: Answer) -> ParseResult:
    """Return the result with all other numbers and the text set aside as rejected."""
    regions = [
        (number.token.low, number.token.high) for number in numbers if number.value != parsed.count
    ]
    regions += [
        (low, high)
        for low, high in answer.aside
        if any(map(str.isdigit, answer.original[low:high]))
    ]
    return replace(
        parsed,
        rejected=tuple(
            answer.original[low : min(high, low + LONGEST_ITEM)]
            for low, high in regions[:MOST_REJECTED]
        ),
        rejected_count=len(regions),
    )


def _numbers(tokens: Sequence[Token]) -> tuple[list[_Number], bool]:
    """Return the whole numbers, and whether there are other numbers without a unit."""
    numbers: list[_Number] = []
    odd = False
    alone = not any(token.kind in ("word", "key", "measure", "clock", "label") for token in tokens)
    last = -1
    places: list[int] = []
    for place, token in enumerate(tokens):
        if token.kind != "number":
            last = place if token.kind == "newline" else last
            continue
        value = _whole(token)
        if value is None:
            odd = True
        else:
            rank = 0 if _starts_stretch(tokens, place) else _rank(tokens, last, place, alone)
            numbers.append(_Number(token, value, rank))
            places.append(place)
        last = place
    for (first, second), (a, b) in zip(pairwise(numbers), pairwise(places), strict=True):
        if _is_range(tokens, a, b):
            first.doubtful = second.doubtful = True
            first.rank = second.rank = max(first.rank, second.rank)
    return numbers, odd


def _whole(token: Token) -> int | None:
    """Return the value of a whole number that is not negative, else ``None``."""
    value = token.value
    if value is None or not 0 <= value < 1e9 or value != int(value):
        return None
    if token.text.startswith("-") or not re.fullmatch(r"\+?[\w ,-]+?(?:\.0+)?", token.text):
        return None
    return int(value)


def _rank(tokens: Sequence[Token], last: int, place: int, alone: bool) -> int:
    gap = tokens[max(last + 1, place - 12) : place]
    ahead = tokens[place + 1 : place + 6]
    words = [word for token in gap if token.kind in ("word", "key") for word in _words(token)]
    if last >= 0 and tokens[last].kind == "number":
        words = _without_participles(words)
    previous = next((t for t in reversed(gap) if t.text not in "#*\"'`(["), None)
    if _is_name(gap, ahead, tokens[place]) or _is_term(gap, ahead):
        return 0
    numbered = previous is not None and previous.kind == "word" and previous.text in EVENTS
    if previous is not None and numbered and not previous.text.endswith("s"):
        return 0 if previous.text.isascii() or previous.text == "第" else 1
    counted = _counted(ahead)
    if counted == 0:
        return 0
    if not TOTALS.isdisjoint(words) or _totalled(ahead):
        return 3 if _CORRECTED.isdisjoint(words) else 4
    named = bool(gap) and gap[-1].kind == "key" and not _PLURALS.isdisjoint(_words(gap[-1]))
    if counted or named:
        return 2
    if tokens[place].text.isdigit() or "." in tokens[place].text or "," in tokens[place].text:
        return 1
    return 1 if alone or len(tokens) <= 3 else 0  # a number in words needs a word for jumps


def _without_participles(words: Sequence[str]) -> list[str]:
    """Leave out ``counted`` in ``28 jumps were counted over 30``."""
    return [
        word
        for before, word in pairwise(["", *words])
        if word != "counted" or not (before in _PLURALS or before in ("were", "was", "are"))
    ]


def _is_term(gap: Sequence[Token], ahead: Sequence[Token]) -> bool:
    """Whether a number is a term of a sum that contains words: ``14 left + 14 right = 28``."""
    behind = ahead[:1] if ahead and ahead[0].text == "+" else ahead[1:2]
    if behind and behind[0].text == "+" and len(ahead) > 4:
        return any(t.kind == "number" for t in ahead[2:4]) and _ends_sum(ahead[3:])
    return bool(gap) and gap[-1].text == "+" and len(gap) > 1 and _ends_sum(ahead)


def _ends_sum(tokens: Sequence[Token]) -> bool:
    return any(token.text == "=" or token.kind == "key" for token in tokens)


def _is_name(gap: Sequence[Token], ahead: Sequence[Token], token: Token) -> bool:
    """Whether a number is a name or a term of a sum: ``#7``, ``number 7``, ``12 + ``."""
    before, behind = gap[-1:], ahead[:1]
    if before and before[0].kind in ("mark", "word") and before[0].text in _NUMBERED:
        return True
    if behind and behind[0].text == "+" and any(t.kind == "number" for t in ahead[1:2]):
        return True
    if before and before[0].text == "+" and (not behind or behind[0].text in "+="):
        return True
    # "the main one jumps 28 times": here "jumps" is a verb
    return token.text == "one" and bool(behind) and behind[0].text in _PLURALS


def _totalled(ahead: Sequence[Token]) -> bool:
    """Whether the words after a number make it a total: ``28 in total``."""
    for token in ahead[:3]:
        if token.kind not in ("word", "mark"):
            return False
        if token.text in ("total", "altogether", "overall"):
            return True
    return False


def _words(token: Token) -> list[str]:
    return _WORD.findall(token.text) if token.kind == "key" else [token.text]


def _counted(ahead: Sequence[Token]) -> int | None:
    """Return 1 if the next words are jumps, 0 if they are other things, else ``None``."""
    for order, token in enumerate(ahead):
        if token.kind == "mark" and token.text in "*_`\"'":
            continue
        if token.kind not in ("word", "key"):
            return None
        behind = ahead[order + 1].text if order + 1 < len(ahead) else ""
        if token.text in ("个", "個") and behind in _OTHERS:
            return 0
        if token.text in _OTHERS:
            return 0
        if token.text in TIMES_COUNTED or token.text in _PLURALS:
            return 1
        if token.text not in _ADJECTIVES:
            return None
    return None


def _starts_stretch(tokens: Sequence[Token], place: int) -> bool:
    """Whether a number is the start of a stretch of time: ``between 0 and 30 seconds``."""
    if place + 2 >= len(tokens) or tokens[place + 2].kind not in ("measure", "clock"):
        return False
    link = tokens[place + 1]
    between = place > 0 and tokens[place - 1].text in ("between", "from")
    return link.kind == "dash" or link.text in TO or (link.text in AND and between)


def _is_range(tokens: Sequence[Token], first: int, second: int) -> bool:
    """Whether two numbers are the ends of ``27-29``, ``27 or 28``, ``between 27 and 29``."""
    gap = [t for t in tokens[first + 1 : second] if t.text not in "*_`\"'"]
    if tokens[second].signed and not gap:
        return True
    if len(gap) != 1:
        return False
    if gap[0].kind == "dash" or gap[0].text in TO or gap[0].text == "or":
        return True
    before = tokens[first - 1].text if first else ""
    return gap[0].text in AND and before == "between"
