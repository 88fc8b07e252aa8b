"""Join numbers in words: twenty-eight, one hundred and five, 二十八."""

from __future__ import annotations

from collections.abc import Sequence

from jumpscore.answers.tokens import Token
from jumpscore.answers.vocabulary import POWERS, TENS, UNITS

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")}
_DIGITS |= {"〇": 0, "两": 2, "兩": 2}
_STEPS = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10_000, "萬": 10_000}
_CJK = frozenset({*_DIGITS, *_STEPS, *_LARGE})
_ENGLISH = frozenset({*UNITS, *TENS, *POWERS})
LONGEST = 12
"""Most words of one number."""


def join_numerals(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with every number in words as one number.

    >>> from jumpscore.answers.tokens import tokenize
    >>> [t.value for t in join_numerals(tokenize("twenty-eight, 一百零五次")) if t.value]
    [28.0, 105.0]
    """
    joined: list[Token] = []
    place = 0
    while place < len(tokens):
        end, value = _english(tokens, place)
        if value is None:
            end, value = _chinese(tokens, place)
        if value is None:
            joined.append(tokens[place])
            place += 1
            continue
        first, last = tokens[place], tokens[end - 1]
        text = " ".join(token.text for token in tokens[place:end])
        joined.append(first._replace(kind="number", high=last.high, text=text, value=float(value)))
        place = end
    return joined


def _english(tokens: Sequence[Token], place: int) -> tuple[int, int | None]:
    """Return the place after a number in English words, and its value."""
    if tokens[place].kind not in ("word", "key") or tokens[place].text not in _ENGLISH:
        return place, None
    total = current = 0
    end = place
    smallest = 1000  # step of the last word: tens may follow hundreds, units may follow tens
    for position in range(place, min(len(tokens), place + LONGEST)):
        word = tokens[position].text
        if tokens[position].kind == "key" and word in _ENGLISH:
            break
        if word in UNITS and smallest > 10:
            current += UNITS[word]
            smallest = 1
        elif word in TENS and smallest > 99:
            current += TENS[word]
            smallest = 20
        elif word == "hundred" and 0 < current < 100:
            current *= 100
            smallest = 100
        elif word in ("thousand", "million") and current:
            total += current * POWERS[word]
            current, smallest = 0, 1000
        elif word in ("and", "-") and end > place and end == position:
            continue
        else:
            break
        end = position + 1
    return (end, total + current) if end > place else (place, None)


def _chinese(tokens: Sequence[Token], place: int) -> tuple[int, int | None]:
    """Return the place after a number in Chinese characters, and its value."""
    end = place
    while end < min(len(tokens), place + LONGEST) and tokens[end].text in _CJK:
        if end > place and tokens[end].low != tokens[end - 1].high:
            break
        end += 1
    if end == place or tokens[place].text not in _CJK:
        return place, None
    total = section = digit = 0
    for token in tokens[place:end]:
        character = token.text
        if character in _DIGITS:
            digit = digit * 10 + _DIGITS[character] if digit else _DIGITS[character]
        elif character in _STEPS:
            section += (digit or 1) * _STEPS[character]
            digit = 0
        else:
            total += (section + digit) * _LARGE[character]
            section = digit = 0
    return end, total + section + digit
