"""Options as lmms-eval 0.7.3 reads them: a reader for each benchmark, all in linear time.

Every reader returns a letter or ``None``. Those of SAT, CRPE and MetaVQA return words, which the
task then compares with the letter, without case and punctuation.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator

from jumpscore.scoring.readers import Reader, Value

_I = re.IGNORECASE
_LEADING = re.compile(r"[(\s]*+([A-Z])", _I)
_NOT_WORD = re.compile(r"[^\w\s]")
_OPTION = re.compile(r"\b([A-Z])\.\s++([^\n]*)")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


# CV-Bench, EmbSpatial


def first_letter(text: str) -> Value[str] | None:
    """Read the first letter of the answer, after brackets: ``The`` is T."""
    match = _LEADING.match(text.strip())
    return Value(match[1].upper()) if match else None


FIRST_LETTER: Reader[str] = Reader((first_letter,))
"""Reader of CV-Bench and EmbSpatial."""


# BLINK: ``letters`` are those of the question's options


def stripped(text: str, letters: str) -> str:
    """Remove outer white space."""
    return text.strip()


def terse(text: str, letters: str) -> Value[str] | None:
    """Read a first line of at most four characters that is a letter with marks around it."""
    line = text.split("\n", 1)[0].strip()
    match = re.match(rf"\(?([{letters}])\)?[.\s:,)]*$", line, _I) if len(line) <= 4 else None
    return Value(match[1].upper()) if match else None


def last_stated(text: str, letters: str) -> Value[str] | None:
    """Read the last letter that is stated as the answer."""
    pattern = rf"answers?(?:\s++is)?\s*+(?:[:\-]\s*+)?\(?([{letters}])\)?(?![A-Za-z])"
    matches = re.findall(pattern, text, _I)
    return Value(matches[-1].upper()) if matches else None


def last_bracketed(text: str, letters: str) -> Value[str] | None:
    """Read the last capital letter in brackets."""
    matches = re.findall(rf"\(([{letters}])\)", text)
    return Value(matches[-1].upper()) if matches else None


def leading_option(text: str, letters: str) -> Value[str] | None:
    """Read the letter that the answer starts with, even if it begins a word."""
    match = re.match(rf"[(\s]*+([{letters}])", text, _I)
    return Value(match[1].upper()) if match else None


BLINK: Reader[str] = Reader((stripped, terse, last_stated, last_bracketed, leading_option))


# ERQA


_PHRASES = (
    *("the answer is", "answer is", "the correct answer is", "correct answer is"),
    *("the best answer is", "best answer is", "the correct option is", "correct option is"),
    *("the best option is", "best option is", "the choice is", "choice is"),
    *("the correct choice is", "correct choice is", "i choose", "i select", "i pick"),
    *("my answer is", "my choice is", "옵션", "정답은", "답은", "답:"),
    *("答案是", "答案为", "选", "答えは"),
)
_FOUR = "ABCD"


def without_outer_marks(text: str) -> str | Value[None]:
    """Remove white space and punctuation around the answer."""
    text = text.strip()
    if not text:
        return Value(None)
    for mark in ",.!?;:'\"":
        text = text.strip(mark)
    return text


def starts_with(text: str) -> Value[str] | None:
    """Read a letter at the start that no other letter follows."""
    text = text.strip()
    alone = text[:1] in _FOUR and not text[1:2].isalpha()
    return Value(text[0]) if text and alone else None


def ends_with(text: str) -> Value[str] | None:
    """Read a letter at the end that no other letter precedes."""
    text = text.strip()
    alone = text[-1:] in _FOUR and not text[-2:-1].isalpha()
    return Value(text[-1]) if text and alone else None


def behind_phrase(text: str) -> Value[str] | None:
    """Read the last capital letter that follows words such as ``the answer is``."""
    text = f" {text} "
    lowered = text.lower()
    places = (
        (text.find(letter, start + len(phrase)), letter)
        for phrase in _PHRASES
        if (start := lowered.find(phrase)) >= 0
        for letter in _FOUR
    )
    return _furthest(places)


def _with_mark(name: str, form: str) -> Callable[[str], Value[str] | None]:
    """Return the rule that reads the last letter with marks around it."""

    def rule(text: str) -> Value[str] | None:
        text = f" {text} "
        return _furthest((text.rfind(form.format(letter)), letter) for letter in _FOUR)

    rule.__name__, rule.__doc__ = name, f"Read the last ``{form.format('A')}``."
    return rule


def _furthest(places: Iterator[tuple[int, str]]) -> Value[str] | None:
    place, letter = max(places, default=(-1, ""), key=lambda item: item[0])
    return Value(letter) if place >= 0 else None


ERQA: Reader[str] = Reader(
    (
        without_outer_marks,
        starts_with,
        ends_with,
        behind_phrase,
        _with_mark("in_brackets", "({})"),
        _with_mark("before_point", "{}."),
        _with_mark("before_colon", "{}:"),
        _with_mark("before_bracket", "{})"),
        _with_mark("before_space", "{} "),
        _with_mark("anywhere", "{}"),
    )
)


# MMSI-Bench


_DOUBLE_TICKS = re.compile(r"``([^`]*+)``")
_TICKS = re.compile(r"`([^`]*+)`")
_ALONE = re.compile(r"\b[A-F]\b(?!\s[a-zA-Z])", _I)


def in_double_backticks(text: str) -> str | None:
    """Keep the text between the first pair of double backticks, if any."""
    match = _DOUBLE_TICKS.search(text)
    return match[1] if match else None


def in_backticks(text: str) -> str | None:
    """Keep the text between the first backticks, if any."""
    match = _TICKS.search(text)
    return match[1] if match else None


def in_braces(text: str) -> str | None:
    """Keep the text between the first ``{`` and the next ``}``, if any."""
    start = text.find("{")
    end = text.find("}", start)
    return text[start + 1 : end] if -1 < start < end else None


def letter_alone(text: str) -> Value[str] | None:
    """Read the first lone letter that no word follows."""
    match = _ALONE.search(text)
    return Value(match[0].upper()) if match else None


MMSI: Reader[str] = Reader((in_double_backticks, in_backticks, in_braces, letter_alone))


# SAT, MetaVQA, CRPE: ``question`` is the text in which the task's filter looks for options


def without_think(text: str, question: str) -> str:
    """Remove every ``<think>...</think>``."""
    return _without(text, "<think>", "</think>").strip()


def without_thought(text: str, question: str) -> str:
    """Remove every ``<thought>...</thought>``."""
    return _without(text, "<thought>", "</thought>").strip()


def _without(text: str, opening: str, closing: str) -> str:
    parts, position = [], 0
    while (start := text.find(opening, position)) >= 0:
        end = text.find(closing, start)
        if end < 0:
            break
        parts.append(text[position:start])
        position = end + len(closing)
    return "".join([*parts, text[position:]])


def in_answer_tag(text: str, question: str) -> str | None:
    """Keep the text between the first ``<answer>`` and the next ``</answer>``, if any."""
    start = text.find("<answer>")
    end = text.find("</answer>", start)
    return text[start + len("<answer>") : end].strip() if -1 < start < end else None


def without_punctuation(text: str, question: str) -> str:
    """Remove everything but words and white space."""
    return _NOT_WORD.sub("", text).strip()


def option_by_order(text: str, question: str) -> Value[str] | None:
    """Read the first option of the question whose words occur; its position gives the letter."""
    listed = [words.strip() for _, words in _OPTION.findall(question)]
    letters = (chr(ord("A") + place) for place in range(len(listed)))
    return _occurring(text, dict(zip(listed, letters, strict=True)))


def option_by_letter(text: str, question: str) -> Value[str] | None:
    """Read the first option of the question whose words occur."""
    return _occurring(text, {words.strip(): letter for letter, words in _OPTION.findall(question)})


def _occurring(text: str, options: dict[str, str]) -> Value[str] | None:
    match = re.search("|".join(map(re.escape, options)), text) if options else None
    return Value(options[match[0]]) if match else None


def first_word(text: str, question: str) -> Value[str]:
    """Read the text before the first space."""
    return Value(text.split(" ", 1)[0])


def whole(text: str, question: str) -> Value[str]:
    """Read the whole text."""
    return Value(text)


BY_ORDER: Reader[str] = Reader((without_punctuation, option_by_order, first_word))
"""Reader of SAT and MetaVQA."""
CRPE: Reader[str] = Reader(
    (without_think, without_thought, in_answer_tag, without_punctuation, option_by_letter, whole)
)


def is_same_word(answered: str | None, right: str) -> bool:
    """Return whether two words are equal without case and punctuation."""
    return answered is not None and _plain(answered.strip()) == _plain(right)


def _plain(word: str) -> str:
    return word.lower().translate(_WITHOUT_PUNCTUATION)
