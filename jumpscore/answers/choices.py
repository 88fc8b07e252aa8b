"""The grammar of choices: which option an answer chooses; two options are ambiguous."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from jumpscore.answers.answer import Answer, prepare
from jumpscore.answers.characters import normalise
from jumpscore.answers.words import read_word

ChoiceStatus = Literal["ok", "ambiguous", "unparseable"]

_OPEN = r"[\s*_(\[\"'`$<]{0,6}"
_SHUT = r"[*_)\]\"'`>]{0,4}"
_IS = r"(?:\s{1,3}(?:is|was|would\sbe|should\sbe|must\sbe|=)|[\"'*_]{0,3}\s?[:=])"
_NOUN = r"(?:answer|choice|option|selection|solution|prediction|response)"
_HANZI = (
    r"(?:答案|选择|選擇|应选|應選|故选|故選|选(?!项)|選(?!項)|答え|正解|정답|답)"
    r"(?:是|为|為|应为|は|은|는)?"
)
_EXCLUDE = (
    r"(?:rul(?:e|es|ed|ing)\sout|eliminat(?:e|es|ed|ing)|exclud(?:e|es|ed|ing)"
    r"|reject(?:s|ed|ing)?|discard(?:s|ed|ing)?)"
)
_EXCLUDED = r"(?:ruled(?:\sout)?\b|excluded|eliminated|rejected|discarded)"
_NAMED_ANSWER = re.compile(
    rf"(?:\b{_NOUN}{_IS}\s?[:=]?|\b(?:answer|choose|select|pick)\s|{_HANZI}\s?:?)"
    rf"{_OPEN}(?:(?:option|choice|letter|选项)\s?)?{_OPEN}([A-Za-z])(?![a-zA-Z0-9_]|'\w)",
    re.IGNORECASE,
)
_CORRECT = re.compile(
    r"(?<![a-zA-Z0-9_'])([A-Z])[*_)\]\"'`]{0,4}(?:\s(?:is|seems|appears)\s(?:the\s|most\slikely\s)?"
    r"(?:correct|right|best|answer)\b|\s?(?:选项)?(?:是正确|正确|是对的))"
)
_ALSO = re.compile(
    rf"{_SHUT}\s{{0,3}}(?:[,/&]|or\b|and\b|或|和){_OPEN}(?:option\s)?([A-Z])(?![a-zA-Z0-9_]|'\w)"
)
_NOT = re.compile(
    r"(?:\bnot|n't|\bneither|\bnor|\bexcept|\bunlike|\bno\slonger|\bcannot|\brather\sthan"
    rf"|\binstead\sof|\b(?:{_EXCLUDE}|(?:wrong|incorrect)"
    r"(?:\s(?:answers?|options?|choices?|ones?))?(?:\s(?:is|are))?\s?:?)"
    r"|不是|不选|而不是|并非|排除|不可能是|错误选项(?:是|为)?:?|错误答案(?:是|为)?:?)"
    rf"(?:\s(?:think|believe)(?:\sthat)?)?(?:\sbe|\san?|\sthe|\soptions?|\schoices?){{0,2}}{_OPEN}\Z",
    re.IGNORECASE,
)
_WRONG = re.compile(
    r"[*_)\]\"'`]{0,4}\s?(?:\s(?:is|was|seems|looks|would\sbe)\s(?:not\b|never\b|wrong|incorrect|false"
    rf"|too\b|out\b|{_EXCLUDED}|unlikely|impossible)"
    r"|\s(?:isn't|wasn't|cannot|can't|doesn't|does\snot)\b|\s?(?:选项)?(?:不对|错|是错|不正确|不是正确))"
)
"""After a letter: the option is refused."""
_SEVERAL = rf"{_OPEN}+[A-Z](?![a-zA-Z0-9_]|'\w){_SHUT}+"
_JOINED = (
    r"\s{0,3}+(?:[,/&、]\s{0,3}+(?:(?:and|or|nor)\s)?+|(?:and|or|nor)\s|[和或与])(?:option\s)?+"
)
_REFUSED_LIST = re.compile(
    rf"(?<![a-zA-Z0-9_'])[A-Z](?![a-zA-Z0-9_]|'\w){_SHUT}+(?:{_JOINED}{_SEVERAL}){{1,9}}"
    r"\s?(?:(?:are|were|seem|look)\s(?:all\s|both\s|each\s|clearly\s|also\s){0,2}"
    rf"(?:not\b|wrong|incorrect|false|too\b|out\b|{_EXCLUDED}|unlikely)"
    r"|(?:aren't|weren't|cannot|can't|don't|do\snot)\b|选?项?[都均皆]?(?:不对|不正确|不是|错))"
)
"""Several options refused at once: ``A, C and D are wrong``."""
_DENIED_LIST = re.compile(
    rf"(?:\bnot|n't|\bneither|\bno(?:ne)?\sof|\b{_EXCLUDE}|\bexcept|\brather\sthan|\binstead\sof"
    r"|不是|不选|排除)"
    rf"(?:\s(?:be|either|options?|choices?|both)){{0,2}}{_SEVERAL}(?:\s?+[,、]{_SEVERAL}){{0,9}}"
    rf"(?:\s?,)?\s?(?:(?:and|or|nor)\s|[/&、和或与])(?:option\s)?{_SEVERAL}",
    re.IGNORECASE,
)
"""Several options denied at once: ``not A or C``."""
_NAMED_WRONG = re.compile(
    r"[*_)\]\"'`]{0,4}(?:\s(?:is|was|seems|looks|would\sbe)\s(?:not\s(?:correct|right|the\sanswer)|wrong"
    rf"|incorrect|false|{_EXCLUDED})"
    r"(?=\s?(?:[,.;:!?\n]|\Z)|\s(?:because|since|so|as|and|but)\b)|\s?(?:不对|是错|不正确|不是正确))",
    re.IGNORECASE,
)
"""After an option's words: the option is refused, as in ``A. chair is wrong``."""
_LISTED_WORDS = re.compile(r"[*_)\]\"'`]{0,4}\s?[.:)]?\s{0,3}")
"""Between an option's letter and its words."""
_CORRECTED = re.compile(
    r"(?:\b(?:wait|actually|sorry|correction|scratch\sthat|second\sthoughts?|i\smean)\b"
    r"|\bno\s?[,.:;!]|不对|等等|其实)[\s,.:;!—-]{0,4}"
    r"(?:(?:no|wait|actually|it|it's|is|should|must|be|the|answer|option|i|choose|pick|mean|my|correct"
    r"|final|rather|that's|应该|应|该|选|是|答案)[\s,.:;!]{0,3}){0,8}"
    rf"{_OPEN}([A-Z]){_SHUT}(?![a-zA-Z0-9_]|'\w)",
    re.IGNORECASE,
)
"""The model corrects itself: ``A. No, wait, B.``."""
_ALONE = re.compile(r"[\s*_(\[\"'`<{]*([A-Za-z])[\s*_)\]\"'`>}.:,;!]*")
_LEADING = re.compile(
    rf"{_OPEN}(?:(?i:option|choice|选项)\s?)?{_OPEN}([A-Z]){_SHUT}"
    r"(?:\s?[.:)\],;!]|\s?\n|(?<=[*_)\]\"'`>])|\s{1,3}[-=]{1,2}>?\s|\s(?:because|since|as|so)\b)",
)
_QUESTION = re.compile(r"[*_)\]\"'`]{0,4}\s?\?\s{0,3}\S")
"""After a letter: the option is only asked about: ``Is the answer A? No.``."""
_SUBJECT = re.compile(
    r"[*_)\]\"'`>]{0,4}\s(?:is|are|was|has|can|looks|seems|appears|would|will|does)\b"
)
"""After a letter: a sentence about the option, which does not choose it."""
_LETTER = re.compile(r"(?<![a-zA-Z0-9_])(?<![a-zA-Z]')([A-Z])(?![a-zA-Z0-9_]|'\w)")
_LISTED = re.compile(
    r"(?:^|[.;!?]\s{1,3})[\s*_(\[]{0,6}([A-Z])[*_)\]]{0,4}"
    r"(?:\s?[.:)](?=\s|\w{2})|\s\([^()\n]{1,60}\)\s?[:.=-]|\s[=-]{1,2}\s)",
    re.MULTILINE,
)
_LOWER = re.compile(r"(?:\(|\b(?:option|choice)\s\(?)([a-z])(?![a-zA-Z0-9_'])")
_ARTICLE = re.compile(r"\s(?!(?:or|and|is|because|but|as|since)\b)[a-z]")
_PREFIX = re.compile(
    rf"\s{{0,9}}(?:(?:so|thus|therefore|hence),?\s)?(?:the\s|my\s)?(?:(?:final|correct|right|best)\s)?"
    rf"(?:{_NOUN}|{_HANZI})[*_\"']{{0,3}}(?:\sis|\s?:|是|为)\s{{0,9}}:?"
    r"|\s{0,9}(?:it|this|that)(?:'s|\sis)\s",
    re.IGNORECASE,
)
_FIELD = re.compile(
    rf"[\"'](?:\w{{1,10}}_)?{_NOUN}[\"']\s?:\s?\"([^\"\n]{{1,200}})\"", re.IGNORECASE
)
_DETERMINER = re.compile(r"\A(?:an?|the)\s{1,3}(?=\w)")
_TRIM = " \t\r\n*_\"'`.,;:!()[]{}<>"


@dataclass(frozen=True, slots=True)
class ParsedChoice:
    """The option that the strict parser read in an answer.

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

    A letter named as the answer counts first, then a letter or an option's own words alone, then
    the letter that the answer begins with, even if its explanation mentions others.

    Args:
        text: The whole answer; its reasoning is not read.
        options: Letter (one capital) -> the option's text, which may be empty.

    Raises:
        ValueError: A key is not one capital letter, or ``options`` is empty.

    >>> options = {"A": "chair", "B": "table"}
    >>> parse_choice("The answer is **B**.", options).letter
    'B'
    >>> parse_choice("table", options).letter
    'B'
    >>> parse_choice("B\\n\\nExplanation: A is too far away.", options).letter
    'B'
    >>> parse_choice("A or B", options).status
    'ambiguous'
    """
    bad = [key for key in options if not re.fullmatch("[A-Z]", key)]
    if bad or not options:
        raise ValueError(f"options must have capital letters as keys, not {bad or 'be empty'}")
    answer = _without_refused(_body(prepare(text)), options)
    alone = _ALONE.fullmatch(answer)
    if alone and alone[1].upper() in options:
        return _choice({alone[1].upper()}, "alone")
    named = _named_letters(answer) & set(options)
    leading = _leading(answer, options)
    if named:
        # "A\n\nThe answer is B." has two answers; "A. chair\nB. table\nThe answer is B" has one.
        rival = {letter for letter in leading if len(leading) == 1 and len(_listed(answer)) < 2}
        return _choice(named | rival | _corrected(answer, options), "said")
    field = _FIELD.search(answer)  # {"answer": "table"}
    by_text = _by_text(field[1] if field else answer, options)
    if by_text:
        return _choice(by_text, "text")
    lines = _alone_on_a_line(answer, options)
    if len(lines) == 1 and len(leading) > 1 and len(_listed(answer)) > 1:
        return _choice(lines, "alone")  # "A) is wrong\nB) is right\n\nB"
    if leading:
        return _choice(leading | lines | _corrected(answer, options), "leading")
    if lines:
        return _choice(lines, "alone")
    letters = _letters(answer, options) or _lower(answer, options)
    return _choice(letters, "only") if letters else ParsedChoice("unparseable")


def parse_word(text: str, options: Mapping[str, str]) -> ParsedChoice:
    """Read which option an answer names by its own words, such as ``yes`` or ``no``.

    Words after ``Answer:`` or ``the answer is`` count first, then words at the start of the answer
    that a comma or a full stop follows, even if the explanation names other options.

    Args:
        text: The whole answer; its reasoning is not read.
        options: Letter -> the option's words, which must not be empty.

    Raises:
        ValueError: An option has no words, or ``options`` is empty.

    >>> options = {"A": "yes", "B": "no"}
    >>> parse_word("No chair is there.\\nAnswer: **yes**", options).letter
    'A'
    >>> parse_word("Yes, there is no obstacle.", options).letter
    'A'
    >>> parse_word("yes and no", options).status
    'ambiguous'
    """
    if not options or not all(words.strip() for words in options.values()):
        raise ValueError(f"every option needs words, not {dict(options)}")
    letters, parser = read_word(_body(prepare(text)), options)
    return _choice(letters, parser) if letters else ParsedChoice("unparseable")


def _body(answer: Answer) -> str:
    return answer.text.strip()


def _without_refused(answer: str, options: Mapping[str, str]) -> str:
    """Return the answer without options that it refuses in a list or by their words.

    >>> options = {"A": "chair", "B": "table"}
    >>> _without_refused("A, C and D are wrong, so B", options)
    '…, so B'
    >>> _without_refused("A. chair is wrong, not B or C", options)
    '… is wrong, …'
    """
    parts: list[str] = []
    place = 0
    for match in _LETTER.finditer(answer):
        words = normalise(options.get(match[1], "")).strip().casefold()
        named = _LISTED_WORDS.match(answer, match.end()) if words else None
        if named is None or match.start() < place:
            continue
        high = named.end() + len(words)
        if answer[named.end() : high].casefold() == words and _NAMED_WRONG.match(answer, high):
            parts += [answer[place : match.start()], "…"]
            place = high
    answer = "".join([*parts, answer[place:]])
    return _DENIED_LIST.sub("…", _REFUSED_LIST.sub("…", answer))


def _corrected(answer: str, options: Mapping[str, str]) -> set[str]:
    """Return the options named in a correction: ``A. Wait, B.``."""
    return {
        match[1]
        for match in _CORRECTED.finditer(answer)
        if match[1] in options
        and not _SUBJECT.match(answer, match.end(1))
        and not _is_word(answer, match.start(1), "AI")
        and not _ARTICLE.match(answer, match.end(1))
    }


def _alone_on_a_line(answer: str, options: Mapping[str, str]) -> set[str]:
    """Return the options that are the whole first or last line of several."""
    lines = [line for line in answer.split("\n") if line.strip()]
    letters: set[str] = set()
    for line in (lines[0], lines[-1]) if len(lines) > 1 else ():
        alone = _ALONE.fullmatch(line)
        letters |= {alone[1].upper()} & set(options) if alone else _by_text(line, options)
    return letters


def _named_letters(answer: str) -> set[str]:
    """Return all letters named as the answer: A and B in ``the answer is A or B``."""
    letters: set[str] = set()
    for match in _NAMED_ANSWER.finditer(answer):
        # "the answer is a chair", "I cannot answer a question": an article.
        article = match[1].islower() and _ARTICLE.match(answer, match.end())
        if article or _denied(answer, match.start()) or _denied(answer, match.start(1)):
            continue
        if _WRONG.match(answer, match.end()) or _QUESTION.match(answer, match.end()):
            continue
        letters.add(match[1].upper())
        letters |= set(_also(answer, match.end()))
    correct = [match for match in _CORRECT.finditer(answer) if not _denied(answer, match.start())]
    return letters | {match[1] for match in correct}


def _also(answer: str, end: int) -> Iterator[str]:
    while also := _ALSO.match(answer, end):
        yield also[1]
        end = also.end()


def _leading(answer: str, options: Mapping[str, str]) -> set[str]:
    """Return the letter that the answer begins with, and other letters given as answers.

    Letters that are only mentioned in the explanation do not count.
    """
    leading = _LEADING.match(answer) or _letter_and_words(answer, options)
    if leading is None or leading[1] not in options or _is_word(answer, leading.start(1), "A"):
        return set()
    if _SUBJECT.match(answer, leading.end(1)):
        return set()
    rivals = {leading[1], *_also(answer, leading.end(1)), *_listed(answer)}
    rest = answer[leading.end(1) :]
    for match in _LETTER.finditer(rest):
        words = options.get(match[1], "").strip().casefold()
        behind = rest[match.end() : match.end() + 6 + len(words)]
        listed = re.match(r"[*_)\]]{0,4}\s?[.:)]", behind)
        if listed and words and _bare(behind[listed.end() :]).startswith(_bare(words)):
            rivals.add(match[1])
    return rivals & set(options)


def _letter_and_words(answer: str, options: Mapping[str, str]) -> re.Match[str] | None:
    """Return the letter that the answer begins with if its option's words follow: ``B table``."""
    match = re.match(rf"{_OPEN}([A-Z]){_SHUT}\s", answer)
    words = options.get(match[1], "").strip() if match else ""
    if not match or not words:
        return None
    following = _bare(answer[match.end() : match.end() + len(words) + 12])
    return match if following.startswith(_bare(words)) else None


def _listed(answer: str) -> set[str]:
    """Return the letters that begin a line or a sentence like options: ``A. chair``."""
    return {match[1] for match in _LISTED.finditer(answer)}


def _denied(answer: str, place: int) -> bool:
    """Whether ``not`` or a similar word precedes a place."""
    return _NOT.search(answer, max(0, place - 40), place) is not None


def _choice(letters: set[str], parser: str) -> ParsedChoice:
    if len(letters) > 1:
        return ParsedChoice("ambiguous", None, parser)
    return ParsedChoice("ok", next(iter(letters)), parser)


def _by_text(answer: str, options: Mapping[str, str]) -> set[str]:
    """Return the options whose words are the whole answer."""
    prefix = _PREFIX.match(answer)
    words = _bare(answer[prefix.end() if prefix else 0 :])
    return {
        letter for letter, option in options.items() if option.strip() and words == _bare(option)
    }


def _bare(words: str) -> str:
    """Return words in lower case without an article and the marks around them.

    >>> _bare("**A chair**."), _bare("a")
    ('chair', 'a')
    """
    return _DETERMINER.sub("", normalise(words).strip(_TRIM).casefold())


def _letters(answer: str, options: Mapping[str, str]) -> set[str]:
    """Return single capital letters that are neither English words (``A chair``) nor denied.

    If every letter is refused (``A is wrong``), none is chosen; otherwise refused ones count too.
    """
    matches = [
        match
        for match in _LETTER.finditer(answer)
        if match[1] in options
        and not _is_word(answer, match.start(), "AI")
        and not _denied(answer, match.start())
    ]
    if all(_WRONG.match(answer, match.end()) for match in matches):
        return set()
    return {match[1] for match in matches}


def _lower(answer: str, options: Mapping[str, str]) -> set[str]:
    """Return the options in ``(b)`` and ``option b``; used if there are no capital letters."""
    return {
        match[1].upper()
        for match in _LOWER.finditer(answer)
        if match[1].upper() in options
        and not _denied(answer, match.start(1))
        and not _ARTICLE.match(answer, match.end())
    }


def _is_word(answer: str, place: int, words: str) -> bool:
    """Whether the letter at a place is the article ``A`` or the pronoun ``I``."""
    letter = answer[place]
    if letter not in words:
        return False
    before = answer[max(0, place - 5) : place].rstrip()
    at_start = not before or before[-1] in ".!?\n"
    return (letter == "I" or at_start) and bool(_ARTICLE.match(answer, place + 1))
