"""The grammar of words: which option an answer names by its own words, such as yes or no."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from jumpscore.answers.characters import normalise
from jumpscore.answers.vocabulary import NO, YES, alternatives

_ANSWER = re.compile(
    r"(?:\banswer(?:[\"'*_]{0,3}\s?[:=]|\sis\b)|答案(?:是|为|:)|回答:)[\s:*\"'_({\[]{0,9}",
    re.IGNORECASE,
)
_LEAD = r"[\s*_(\[\"'`{<]{0,9}"
_STOP = r"[*_)\]\"'`}>]{0,4}\s?(?:[,.;:!?\n(]|-{1,2}\s|\Z|(?:because|since|as)\b)"
_BEFORE = (
    r"(?:[,.;!?/|\n]|\b(?:or|and|but|then|otherwise|else|wait|actually|maybe|perhaps|think|say)\b"
    r"|但[^,.;!?\n]{0,12})[\s*_(\[\"'`{<]{0,9}"
)
_BEHIND = r"[*_)\]\"']{0,4}\s?(?:[,.:;!?/|\n]|\Z|\b(?:for|if|when|unless)\b)"
_PRONOUN = r"\s(?:there|it|its|it's|the|this|that|i|you|they|we|because)\b"
"""After ``no`` these begin a new clause; in "no chair" the word denies the chair."""

_DENIED = re.compile(
    r"(?:\b(?:not|never|neither|nor|cannot|no\slonger|no\sway|rather\sthan|instead\sof)|n't)"
    r"(?:\s(?:say|be|an?|the|on|to|in|at|think|it|it's|is|that|answer|case|said)){0,5}"
    r"[\s*_(\[\"'`]{1,6}\Z",
    re.IGNORECASE,
)
"""Before an option's words: they are denied, as in ``not on the left``."""
_REFUSED = (
    r"(?![*_)\]\"'`]{0,4}\s(?:(?:is|was|would\sbe)\s(?:not|never|wrong|incorrect|false)"
    r"|isn't|wasn't)\b)"
)
"""Not after an option's words, to exclude ``yes is wrong``."""
_DENIES = (
    r"(?!\s(?!(?:as|because|since|for|from|if|in|on|at|to|there|it|it's|the|this|unless|wait|but"
    r"|when|is|was|would)\b)[a-z])"
)
"""After ``no``: no word follows that it denies, as in ``no chair``."""


def read_word(answer: str, options: Mapping[str, str]) -> tuple[set[str], str]:
    """Return the letters of the named options and how they are named.

    Args:
        answer: Normalised text without reasoning and wrappers.
        options: Letter -> the option's words.

    >>> read_word("Yes, there is no obstacle.", {"A": "yes", "B": "no"})
    ({'A'}, 'leading')
    """
    patterns = {letter: _pattern(words) for letter, words in options.items()}
    labels = [(match.start(), match.end()) for match in _ANSWER.finditer(answer)]
    parts = [answer[start:] for _, start in labels[-1:]]
    earlier: set[str] = set()  # "Answer: yes. Answer: no" has two answers
    for (_, start), (end, _) in pairwise(labels):
        earlier |= _leading(answer[start:end], patterns)
    for parser, part in [*(("said", part) for part in parts), ("word", answer)]:
        leading = _leading(part, patterns) | _last_line(part, patterns)
        if leading:
            both = leading | earlier if parser == "said" else leading
            return both, "said" if parser == "said" else "leading"
        named = {letter for letter, words in options.items() if _search(words, part)}
        if named:
            return named, parser
    return set(), "none"


def _pattern(words: str) -> str:
    """Return a pattern of an option's words, with translations of yes and no."""
    for same in (YES, NO):
        if words.strip().casefold() in same:
            return alternatives(map(re.escape, same))
    return _plain(words)


def _plain(words: str) -> str:
    return r"\s{1,3}".join(map(re.escape, normalise(words).split()))


def _leading(part: str, patterns: Mapping[str, str]) -> set[str]:
    """Return the option that a text begins with, followed by a stop, and its rivals.

    A rival is also surrounded by stops: ``Yes. No.``, ``yes/no``.
    """
    letters = set()
    for letter, pattern in patterns.items():
        begins = re.match(rf"{_LEAD}(?:{pattern})(?:{_STOP}|{_PRONOUN})", part, re.IGNORECASE)
        if begins:
            letters.add(letter)
    if not letters:
        return letters
    for letter, pattern in patterns.items():
        rival = re.compile(rf"{_BEFORE}(?:{pattern}){_BEHIND}", re.IGNORECASE)
        if letter not in letters and rival.search(part):
            letters.add(letter)
    return letters


def _last_line(part: str, patterns: Mapping[str, str]) -> set[str]:
    """Return the option that makes up the last of several lines."""
    last = part.rstrip().rpartition("\n")[2] if "\n" in part.strip() else ""
    return {
        letter
        for letter, pattern in patterns.items()
        if re.fullmatch(rf"{_LEAD}(?:{pattern})[\s*_)\]\"'`}}>.!]{{0,9}}", last, re.IGNORECASE)
    }


def _search(words: str, part: str) -> bool:
    """Whether a text contains an option's words and does not deny them.

    Translations are not searched for, since they would be a guess.
    """
    pattern = _plain(words)
    if words.strip().casefold() == "no":
        pattern += _DENIES
    named = re.compile(rf"(?<![a-zA-Z0-9_]){pattern}(?![a-zA-Z0-9_]){_REFUSED}", re.IGNORECASE)
    return any(
        _DENIED.search(part, max(0, match.start() - 60), match.start()) is None
        for match in named.finditer(part)
    )
