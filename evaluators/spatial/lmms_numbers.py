"""Numbers and first words as lmms-eval 0.7.3's VSI-Bench and ReVSI tasks read them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jumpscore.scoring.readers import Reader, Value, lower_case

_DIGITS = re.compile(r"-?\d++(?:\.\d++)?+")
_LETTERS = re.compile(r"[a-z]+")
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
_SMALL += "fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: value for value, word in enumerate(_SMALL.split())}
_WORDS |= {word: 10 * value for value, word in enumerate(_TENS.split(), start=2)}
_WORDS |= {"hundred": 100, "thousand": 1000}


def leading_digits(text: str) -> Value[float] | None:
    """Read the first number in digits, unless a number word precedes it."""
    digits = _DIGITS.search(text)
    if digits is None:
        return None
    words = (run for run in _LETTERS.finditer(text, 0, digits.start()) if run[0] in _WORDS)
    return Value(float(digits[0])) if next(words, None) is None else None


def number_words(text: str) -> Value[float] | None:
    """Read the first run of number words, ignoring marks between them: ``two (two)`` is 4."""
    words: list[str] = []
    for run in _LETTERS.finditer(text):
        if run[0] in _WORDS:
            words.append(run[0])
        elif words and run[0] != "and":
            break
    return Value(_word_value(words)) if words else None


def _word_value(words: list[str]) -> float:
    total = current = 0.0
    for word in words:
        if word == "hundred":
            current = max(current, 1.0) * 100
        elif word == "thousand":
            total, current = total + max(current, 1.0) * 1000, 0.0
        else:
            current += _WORDS[word]
    return total + current


def first_word(text: str, *_: object) -> str:
    """Return the text before the first space."""
    return text.split(" ", 1)[0]


def without_full_stop(word: str, *_: object) -> str:
    """Remove full stops at the end, then outer white space."""
    return word.rstrip(".").strip()


def as_number(word: str) -> Value[float] | None:
    """Read a word that Python reads as a number."""
    try:
        return Value(float(word))
    except ValueError:
        return None


def as_letter(word: str, options: Mapping[str, str]) -> Value[str] | None:
    """Read a word that is an option's letter, in any case."""
    named = [letter for letter in options if letter.lower() == word.lower()]
    return Value(named[0]) if named else None


NUMBER: Reader[float] = Reader((lower_case, leading_digits, number_words))
"""Reader of VSI-Bench; ``1,200`` is 1."""
WORD_NUMBER: Reader[float] = Reader((first_word, without_full_stop, as_number))
"""Reader of ReVSI and of VSI-Bench's own script."""
LETTER: Reader[str] = Reader((first_word, without_full_stop, as_letter))
"""Reader of both; it does not read ``(D)``."""
