"""Read which option an answer chooses; two options are ambiguous, and nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from jumpscore.scoring.parsing import answer_window

ChoiceStatus = Literal["ok", "ambiguous", "unparseable"]

_OPEN = r"[\s*_(\[\"'`$“‘]{0,6}"
_SAID = re.compile(
    rf"(?:\\boxed\{{|\b(?:answer|choice|option)(?:\s{{1,3}}is|\s?:)?\s?:?)"
    rf"{_OPEN}(?:\\boxed\{{|option\s)?([A-Za-z])(?!\w|['’]\w)",
    re.IGNORECASE,
)
_ALSO = re.compile(
    rf"[*_)\]\"'`”’]{{0,4}}\s{{0,3}}(?:[,/&]|or\b|and\b){_OPEN}(?:option\s)?([A-Z])(?!\w|['’]\w)"
)
_NOT = re.compile(
    r"(?:\bnot|n['’]t|\bneither|\bnor|\bexcept|\brather\sthan|\binstead\sof)"
    rf"(?:\sbe|\soption|\schoice){{0,2}}{_OPEN}\Z",
    re.IGNORECASE,
)
_ALONE = re.compile(r"[\s*_(\[\"'`“‘]*([A-Za-z])[\s*_)\]\"'`”’.:]*")
_LEADING = re.compile(rf"{_OPEN}([A-Z])[*_)\]\"'`]{{0,4}}\s?(?:[.:)]|\n|[*_)\]\"'`])")
_LETTER = re.compile(r"(?<!\w)(?<!\w['’])([A-Z])(?!\w|['’]\w)")
_ARTICLE = re.compile(r"\s(?!(?:or|and|is|because|but)\b)[a-z]")
_PREFIX = re.compile(r"\s*(?:the\s)?(?:answer|choice|option)(?:\sis|\s?:)\s*:?", re.IGNORECASE)
_ANSWER = re.compile(r"\banswer(?:\sis|\s?:)[\s:*]{0,6}")
_DETERMINER = re.compile(r"\A(?:an?|the)\s{1,3}(?=\w)")
_TRIM = " \t\r\n*_\"'`.()[]"


@dataclass(frozen=True, slots=True)
class ParsedChoice:
    """What was read.

    Attributes:
        status: ``ok``, ``ambiguous`` (several options) or ``unparseable``.
        letter: The option's letter, or ``None``.
        parser: ``said`` (``the answer is A``), ``alone``, ``text`` (the option's own words),
            ``leading`` (``A. chair``), ``only`` (the one letter in the text), ``word`` or ``none``.
    """

    status: ChoiceStatus
    letter: str | None = None
    parser: str = "none"


def parse_choice(text: str, options: Mapping[str, str]) -> ParsedChoice:
    """Read which option an answer chooses.

    Args:
        text: The answer, whole; its reasoning in tags is not read.
        options: Letter (one capital) -> the option's own text, empty where it has none.

    Raises:
        ValueError: A key is not one capital letter, or there are none.

    >>> parse_choice("The answer is **B**.", {"A": "chair", "B": "table"}).letter
    'B'
    >>> parse_choice("table", {"A": "chair", "B": "table"}).letter
    'B'
    >>> parse_choice("A or B", {"A": "chair", "B": "table"}).status
    'ambiguous'
    """
    bad = [key for key in options if not re.fullmatch("[A-Z]", key)]
    if bad or not options:
        raise ValueError(f"options must have capital letters as keys, not {bad or 'be empty'}")
    low, high, _ = answer_window(text)
    answer = text[low:high]
    if said := _said(answer) & set(options):
        return _choice(said, "said")
    if (alone := _ALONE.fullmatch(answer)) and alone[1].upper() in options:
        return _choice({alone[1].upper()}, "alone")
    if by_text := _by_text(answer, options):
        return _choice(by_text, "text")
    letters = _letters(answer, options)
    if (leading := _LEADING.match(answer)) and leading[1] in options:
        return _choice(letters | {leading[1]}, "leading")
    return _choice(letters, "only") if letters else ParsedChoice("unparseable")


def parse_word(text: str, options: Mapping[str, str]) -> ParsedChoice:
    """Read which option's own words an answer names, ``yes`` or ``no`` say.

    What stands behind the last ``Answer:`` or ``the answer is`` outranks the rest; two options
    there are ambiguous.

    Args:
        text: The answer, whole; its reasoning in tags is not read.
        options: Letter -> the option's words, none of them empty.

    Raises:
        ValueError: An option has no words, or there are none.

    >>> parse_word("No chair is there.\\nAnswer: **yes**", {"A": "yes", "B": "no"}).letter
    'A'
    >>> parse_word("yes and no", {"A": "yes", "B": "no"}).status
    'ambiguous'
    """
    if not options or not all(words.strip() for words in options.values()):
        raise ValueError(f"every option needs words, not {dict(options)}")
    low, high, _ = answer_window(text)
    answer = text[low:high].casefold()
    said = [match.end() for match in _ANSWER.finditer(answer)]
    for start in (*said[-1:], 0):
        named = {
            letter
            for letter, words in options.items()
            if re.search(rf"(?<!\w){re.escape(words.strip().casefold())}(?!\w)", answer[start:])
        }
        if named:
            return _choice(named, "said" if start else "word")
    return ParsedChoice("unparseable")


def _said(answer: str) -> set[str]:
    """Return the letters that are said to be the answer: all of ``the answer is A or B``."""
    found: set[str] = set()
    for match in _SAID.finditer(answer):
        # "the answer is a chair", "I cannot answer a question": an article.
        article = match[1].islower() and _ARTICLE.match(answer, match.end())
        if article or _denied(answer, match.start()):
            continue
        found.add(match[1].upper())
        end = match.end()
        while also := _ALSO.match(answer, end):
            found.add(also[1])
            end = also.end()
    return found


def _denied(answer: str, place: int) -> bool:
    """Whether ``not`` or the like stands before a place."""
    return _NOT.search(answer, max(0, place - 40), place) is not None


def _choice(letters: set[str], parser: str) -> ParsedChoice:
    if len(letters) > 1:
        return ParsedChoice("ambiguous", None, parser)
    return ParsedChoice("ok", next(iter(letters)), parser)


def _by_text(answer: str, options: Mapping[str, str]) -> set[str]:
    """Return the options whose own words are the whole answer."""
    prefix = _PREFIX.match(answer)
    words = _bare(answer[prefix.end() if prefix else 0 :])
    return {
        letter for letter, option in options.items() if option.strip() and words == _bare(option)
    }


def _bare(words: str) -> str:
    """Return words without marks around them, their case and their article.

    >>> _bare("**A chair**."), _bare("a")
    ('chair', 'a')
    """
    return _DETERMINER.sub("", words.strip(_TRIM).casefold())


def _letters(answer: str, options: Mapping[str, str]) -> set[str]:
    """Return capital letters that stand alone: no English word (``A chair``), not denied."""
    return {
        match[1]
        for match in _LETTER.finditer(answer)
        if match[1] in options
        and not (match[1] in "AI" and _is_word(answer, match))
        and not _denied(answer, match.start())
    }


def _is_word(answer: str, match: re.Match[str]) -> bool:
    before = answer[max(0, match.start() - 5) : match.start()].rstrip()
    at_start = not before or before[-1] in ".!?\n"
    return (match[1] == "I" or at_start) and bool(_ARTICLE.match(answer, match.end()))
