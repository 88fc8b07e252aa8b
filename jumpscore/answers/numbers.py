"""The grammar of single numbers: the one number of an answer, in digits or in words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from jumpscore.answers.answer import prepare
from jumpscore.answers.number_words import join_numerals
from jumpscore.answers.region import choose
from jumpscore.answers.tokens import Token
from jumpscore.answers.vocabulary import HEDGES, LENGTHS, POWERS, TENS, UNITS, words
from jumpscore.records import FinishReason

ReadStatus = Literal["ok", "ambiguous", "partial", "not_finite", "unparseable"]

_LEADING = re.compile(r"[+-]?(?:\d++(?:\.\d++)?+|\.\d++)(?:e[+-]?\d{1,3})?")
_THOUSANDS = re.compile(r"\d{3}(?:\.\d{1,30})?")
_FRACTIONS = frozenset(words("half halves quarter quarters third thirds fifth fifths"))
_FRACTION_MARKS = frozenset("½¼¾⅓⅔⅛²³")
_ARTICLES = frozenset(("a", "an", "one", "and"))
_AROUND = frozenset("\"'`*_.:=~≈$()[]{}|,;")


@dataclass(frozen=True, slots=True)
class Reading:
    """The number that a parser read in an answer.

    Attributes:
        status: ``ok``; ``ambiguous`` (two different numbers); ``partial`` (cut off at the token
            limit; ``value`` is set if the number is complete); ``not_finite``; ``unparseable``.
        value: The number, or ``None``.
        rejected: How many other numbers the answer contains, for the strict parser.
        span: Offsets of the number in the original text, for the strict parser.
    """

    status: ReadStatus
    value: float | None = None
    rejected: int = 0
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class _Number:
    """A number in the text; ``value`` is ``None`` if it is part of a fraction."""

    value: float | None
    low: int
    high: int
    first: int
    last: int


def read_number(text: str, *, finish_reason: FinishReason | None = None) -> Reading:
    """Read the one number of an answer, without its unit.

    Two different numbers are ambiguous, unless one of them follows ``answer is``, is marked by the
    model, or is alone on the first or the last line.

    >>> read_number("about 1,200 m").value, read_number("ten point five").value
    (1200.0, 10.5)
    >>> read_number("3\\n\\nTwo on the left, 1 on the right.").value
    3.0
    >>> read_number("between 2 and 3").status
    'ambiguous'
    """
    cut = finish_reason == "length"
    answer = prepare(text, finish_reason=finish_reason)
    inside, outside = choose(answer)
    if not any(token.text in UNITS or token.text in TENS for token in inside):
        inside = join_numerals(inside)  # Chinese ones; English ones may have decimals
    end = answer.end if cut else len(text) + 1
    numbers = [number for number in _numbers(inside) if number.high < end]
    others = sum(1 for _ in _numbers(outside))
    values = {number.value for number in numbers}
    if len(values) > 1:
        values = _alone(numbers, inside) or _result(numbers, inside) or values
    if len(values) != 1:
        status: ReadStatus = "partial" if cut else "ambiguous" if values else "unparseable"
        return Reading(status, rejected=len(numbers) + others)
    [value] = values
    first = next(number for number in numbers if number.value == value)
    rejected = sum(number.value != value for number in numbers) + others
    if value is None:
        return Reading("partial" if cut else "unparseable", rejected=rejected)
    if not math.isfinite(value):
        return Reading("not_finite", rejected=rejected)
    return Reading("partial" if cut else "ok", value, rejected, (first.low, first.high))


def _alone(numbers: list[_Number], tokens: list[Token]) -> set[float | None]:
    """Return the values alone on the first or last line, apart from units and marks."""
    breaks = [place for place, token in enumerate(tokens) if token.kind == "newline"]
    values: set[float | None] = set()
    for number in (numbers[0], numbers[-1]):
        start = max((place + 1 for place in breaks if place < number.first), default=0)
        stop = min((place for place in breaks if place > number.last), default=len(tokens))
        outer = all(token.kind == "newline" for token in tokens[:start]) or all(
            token.kind == "newline" for token in tokens[stop:]
        )
        rest = tokens[start : number.first] + tokens[number.last + 1 : stop]
        words = [token.text for token in rest if token.text not in _AROUND]
        if outer and len(words) <= 2 and all(word in HEDGES or word in LENGTHS for word in words):
            values.add(number.value)
    return values if breaks else set()


def _result(numbers: list[_Number], tokens: list[Token]) -> set[float | None]:
    """Return the value after the last ``=`` of a sum or product if no number follows it."""
    last = numbers[-1]
    before = tokens[last.first - 1] if last.first else None
    return {last.value} if before is not None and before.text == "=" else set()


def _numbers(tokens: list[Token]) -> Iterator[_Number]:
    place = 0
    while place < len(tokens):
        number, behind = _one(tokens, place)
        if number is None:
            yield from _ratio(tokens[place], place)
            place += 1
            continue
        if _is_fraction(tokens, behind, number.high):
            number = _Number(None, number.low, number.high, number.first, number.last)
        yield number
        place = behind


def _one(tokens: list[Token], place: int) -> tuple[_Number | None, int]:
    """Return the number that starts at a place, and the place after it."""
    token = tokens[place]
    if (
        place > 1
        and tokens[place - 1].text == "^"
        and tokens[place - 2].kind in ("word", "measure")
    ):
        return None, place  # m^2
    if token.kind == "measure" and "'" in token.text:  # feet and inches
        return _Number(None, token.low, token.high, place, place), place + 1
    if token.kind in ("number", "percent", "measure", "frames") and _LEADING.match(token.text):
        return _digits(tokens, place)  # "nan" and "inf" are words here
    if token.kind == "number" and not token.text.isascii():  # in Chinese characters
        return _Number(token.value, token.low, token.high, place, place), place + 1
    if token.kind == "label":
        value = _of_label(token.text)
        if value is not None:
            return _Number(value, token.low, token.high, place, place), place + 1
        return None, place
    if token.kind == "word" and token.text in UNITS.keys() | TENS.keys() | POWERS.keys():
        return _words(tokens, place)
    return None, place


def _digits(tokens: list[Token], place: int) -> tuple[_Number, int]:
    """Read ``1,200.5``: commas without spaces before groups of three digits."""
    first = last = place
    token = tokens[place]
    leading = _LEADING.match(token.text)
    written = leading[0] if leading else ""
    whole = written.lstrip("+-")
    grouped = token.kind == "number" and whole.isdecimal() and len(whole) <= 3 and whole[0] != "0"
    while grouped and last + 2 < len(tokens):
        comma, part = tokens[last + 1 : last + 3]
        part_text = _LEADING.match(part.text)
        touching = comma.text == "," and comma.low == tokens[last].high and part.low == comma.high
        if not (touching and part.value is not None and part_text is not None):
            break
        if not _THOUSANDS.fullmatch(part_text[0]):
            break
        written += part_text[0]
        last += 2
        if "." in part_text[0]:
            break
    if last == first and _is_decimal_comma(tokens, place, whole):
        part_text = _LEADING.match(tokens[place + 2].text)
        written += "." + (part_text[0] if part_text else "0")
        last += 2
    ending = _LEADING.match(tokens[last].text)  # without its unit
    high = tokens[last].low + (len(ending[0]) if ending else 0)
    return _Number(float(written), token.low, high, first, last), last + 1


def _is_decimal_comma(tokens: list[Token], place: int, whole: str) -> bool:
    """Whether ``0,5`` or ``2,5 m`` starts at a place, which is one number."""
    if place + 2 >= len(tokens) or not whole.isdecimal() or tokens[place].kind != "number":
        return False
    number, comma, part = tokens[place : place + 3]
    touching = comma.text == "," and comma.low == number.high and part.low == comma.high
    digits = _LEADING.match(part.text)
    if not touching or digits is None or not digits[0].isdecimal():
        return False
    following = tokens[place + 3] if place + 3 < len(tokens) else None
    has_unit = part.kind in ("measure", "label") or (
        following is not None and following.text in LENGTHS
    )
    again = following is not None and following.text == ","
    return not again and (whole == "0" or has_unit)


def _ratio(token: Token, place: int) -> Iterator[_Number]:
    """Yield both numbers of ``1/2``, which can be a half or "one of two"."""
    if token.kind == "label" and re.fullmatch(r"\d{1,9}/\d{1,9}", token.text):
        for part in token.text.split("/"):
            yield _Number(float(part), token.low, token.high, place, place)


def _of_label(text: str) -> float | None:
    """Return the number of ``20cm`` or of a long run of digits.

    >>> _of_label("2.5ft"), _of_label("3d")
    (2.5, None)
    """
    match = _LEADING.match(text)
    if match is None:
        return None
    unit = text[match.end() :]
    return float(match[0]) if not unit or unit in LENGTHS else None


def _words(tokens: list[Token], place: int) -> tuple[_Number, int]:
    """Read ``three hundred and twenty-one`` and ``ten point five``."""
    first, last = place, place
    total = current = 0.0
    while place < len(tokens):
        token = tokens[place]
        if token.text in POWERS:
            current = (current or 1.0) * POWERS[token.text]
            if token.text != "hundred":
                total, current = total + current, 0.0
        elif token.text in UNITS or token.text in TENS:
            current += UNITS.get(token.text, 0) + TENS.get(token.text, 0)
        else:
            break
        last = place
        place = _next_word(tokens, place)
    value = total + current
    decimals = ""
    if last + 2 < len(tokens) and tokens[last + 1].text == "point":
        place = last + 2
        while place < len(tokens) and UNITS.get(tokens[place].text, 10) < 10 and len(decimals) < 9:
            decimals += str(UNITS[tokens[place].text])
            last, place = place, place + 1
    value += float("0." + decimals) if decimals else 0.0
    return _Number(value, tokens[first].low, tokens[last].high, first, last), last + 1


def _next_word(tokens: list[Token], place: int) -> int:
    """Return the place of the next number word, after a hyphen or ``and``, or the end."""
    behind = place + 1
    if behind < len(tokens) and tokens[behind].text == "-":
        behind += 1
    if behind + 1 < len(tokens) and tokens[behind].text == "and":
        behind += 1
    near = behind < len(tokens) and tokens[behind].low - tokens[place].high <= 8
    return behind if near else len(tokens)


def _is_fraction(tokens: list[Token], behind: int, high: int) -> bool:
    """Whether ``and a half``, ``-quarters`` or ``½`` follows; ``3 half-filled`` is 3."""
    if behind >= len(tokens):
        return False
    if tokens[behind].text in _FRACTION_MARKS:  # "1½", "2²", but not "2 m²"
        return tokens[behind].low - high <= (tokens[behind].text not in "²³")
    place = behind + (tokens[behind].text == "-")
    while place < len(tokens) and place - behind < 3 and tokens[place].text in _ARTICLES:
        place += 1
    if place >= len(tokens) or tokens[place].text not in _FRACTIONS:
        return False
    hyphen = place + 1 < len(tokens) and tokens[place + 1].text == "-"
    return not (hyphen and tokens[place + 1].low == tokens[place].high)
