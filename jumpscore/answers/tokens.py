"""Split a prepared answer into typed tokens with their offsets.

All parsers of numbers and times read these tokens. A number and its unit of time are one token; the
unit must be on the same line as the number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Literal, NamedTuple

from jumpscore.answers.vocabulary import (
    AND,
    FRAMES,
    FROM,
    HEDGES,
    KEYS,
    SECONDS_PER,
    TIMES_COUNTED,
    TO,
    alternatives,
    words,
)

Kind = Literal[
    "number",  # 0.28, -3, 1e3, nan, inf
    "measure",  # with a unit of time: 0.28 s, 280 ms, 1 min 2.5 s, 2m3s
    "clock",  # 01:02.5, 0:01:02, 00:00:01,240
    "frames",  # frame 96, 96 frames, the 153 of "frames 96 to 153"
    "percent",  # 12%
    "label",  # digits that are not a single number: 1.2.3, 3D, 1st, 1/2, a run of 40 digits
    "dash",  # - ~ → -> --> ... between two things
    "comma",  # , ;
    "pipe",  # |
    "newline",
    "open",  # ( [ {
    "close",  # ) ] }
    "key",  # a word or quoted text followed by : or =
    "tag",  # <points coords="...">
    "word",
    "mark",  # everything else: quotes, stars, full stops, bullets
]

VALUES = frozenset({"number", "measure", "clock", "frames", "percent"})
"""Kinds of tokens with a value."""
TIMES = frozenset({"number", "measure", "clock"})
"""Kinds of tokens that can be times."""
LONGEST_NUMBER = 30
"""Most characters of a number; a longer run of digits is a ``label``."""
LONGEST_BLANK = 12
"""Most blanks between a number and its unit; LaTeX around the unit becomes blanks."""
LONGEST_KEY = 60
"""Most characters of a key in quotes."""


class Token(NamedTuple):
    """One piece of an answer.

    Attributes:
        kind: See ``Kind``.
        low: Offset of its first character.
        high: Offset after its last character.
        text: Its characters in lower case; of a key without quotes and without the ``:``.
        value: The number; seconds of a measure or a clock; may be nan or infinite.
        scale: Seconds per last unit of a measure (0.001, 1, 60, 3600), 1 for a clock, else 0.
        signed: Whether the ``-`` of a negative value could also be a range mark, since a number
            precedes it (``3.2 -5.1``).
    """

    kind: Kind
    low: int
    high: int
    text: str
    value: float | None = None
    scale: float = 0.0
    signed: bool = False


def is_whole(token: Token) -> bool:
    """Whether a token is a whole number without a unit, a sign or a decimal point."""
    return token.kind == "number" and token.text.isdigit()


_token = partial(tuple.__new__, Token)
"""Builds a token from a tuple of all fields; three times as fast as with keywords."""
_LATIN = "A-Za-zµÀ-ʯͰ-ӿ\u0600-\u06ff\u0900-\u097fẞΩKÅ"
"""Letters of scripts with spaces between words; in other scripts each character is a word."""
_KNOWN = alternatives(
    word
    for word in {*SECONDS_PER, *TO, *FROM, *AND, *FRAMES, *TIMES_COUNTED, *HEDGES, *KEYS}
    if not word.isascii()
)
_ATOM = re.compile(
    r" *+(?:(?P<newline>\n)"
    r"|(?P<odd>(?=[-+niNI])[+-]?(?i:nan|inf|infinity)\b)"
    rf"|(?P<word>(?<!_)_*+[{_LATIN}](?:[{_LATIN}0-9]++|_(?=\w)|(?<=[{_LATIN}])'(?=[a-zA-Z]))*+)"
    r"|(?=\d)(?:"
    # 01:02.5, 00:00:01,240 as in subtitles; digits and colons that are not a clock are a chain
    r"(?P<clock>\d{1,4}:[0-5]\d(?::[0-5]\d)?(?:\.\d{1,30}|,\d{1,3}(?![\d:.]))?)(?![\d:]|\.\d)"
    r"|(?P<compact>(?i:(?:\d{1,3}h)?\d{1,4}m(?:in)?\d{1,2}(?:\.\d{1,9})?(?:s(?:ecs?)?)?"
    r"|\d{1,3}h\d{1,2}m(?:in)?|\d{1,4}'[0-5]\d(?:\.\d{1,9})?\"))(?!\w)"
    r"|(?P<chain>\d++(?:(?:\.\d++){2,}+|/\d++(?:/\d++)*+|(?::\d++){2,}+|:\d\d++)))"
    r"|(?P<number>(?:\d++(?:\.\d++)?+|(?<!\w)\.\d++)(?:[eE][+-]?\d{1,3}(?![\w.]))?)"
    r"|(?P<comma>[,;])|(?P<open>[\[({])|(?P<close>[\])}])|(?P<pipe>\|)"
    # a tag, or one that was cut off within its attributes; <time 0.28> is read as words
    r"|(?=<)(?P<tag></?(?!(?i:t|ts|time\w{0,9}|start\w{0,9}|begin|end\w{0,9})[\s:=]\s?[\d.])"
    r"[A-Za-z_][^<>\n]*>|<[A-Za-z_]\w*\s[^<>\n]*=[^<>\n]*)"
    r"|(?P<dash>-{1,3}>|={1,2}>|\.{2,3}|…|[-~→]+)"
    rf"|(?=[^\x00-\x7f])(?P<other>(?i:{_KNOWN})|[^\W\d_])"
    r"|(?P<mark>.)|(?P<end>\Z))",
    re.DOTALL,
)
_SIMPLE = frozenset(words("newline word comma open close pipe tag dash mark"))
"""Groups of ``_ATOM`` whose names are kinds of tokens."""
_SAMPLED = frozenset(words("sampled key video consecutive input provided given extracted uniform"))
"""Words between a number of frames and the word for them."""
_QUOTES = "\"'`*"
_BEFORE_SIGN = frozenset("\"'%.")
_LINKS = TO | AND
_NUMBERS = ("number", "measure", "clock", "frames")


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a normalised text, in order; spaces are left out.

    Linear in the text.

    >>> [(t.kind, t.value) for t in tokenize("1 min 2.5 s | 280 ms | 0:01.5") if t.value]
    [('measure', 62.5), ('measure', 0.28), ('clock', 1.5)]
    >>> [t.kind for t in tokenize("frames 96 to 153: v2, 1.2.3")]
    ['word', 'frames', 'word', 'frames', 'mark', 'word', 'comma', 'label']
    >>> [t.text for t in tokenize('{"start time": 0.28, x1=3}') if t.kind == "key"]
    ['start time', 'x1']
    """
    return list(_frames(_keys(_signs(list(_measures(list(_atoms(text)), text))))))


def _atoms(text: str) -> Iterator[Token]:
    for match in _ATOM.finditer(text):
        kind = match.lastgroup or "end"
        low, high = match.span(kind)
        characters = text[low:high].lower()
        if kind in _SIMPLE:
            yield _token((kind, low, high, characters, None, 0.0, False))
        elif kind == "number":
            yield _number(text, low, high)
        elif kind == "clock":
            yield Token("clock", low, high, characters, _clock(characters), 1.0)
        elif kind == "compact":
            seconds, scale = _compact(characters)
            yield Token("measure", low, high, characters, seconds, scale)
        elif kind == "chain":
            yield Token("label", low, high, characters)
        elif kind == "odd":
            yield Token("number", low, high, characters, float(characters))
        elif kind == "other":
            yield Token("word", low, high, characters)


def _number(text: str, low: int, high: int) -> Token:
    written = text[low:high]
    behind_word = (
        low > 1 and text[low - 1] == "." and text[low - 2].isalnum() and text[low - 2].isascii()
    )
    if behind_word or high - low > LONGEST_NUMBER:
        return Token("label", low, high, written)
    return _token(("number", low, high, written, float(written), 0.0, False))


def _clock(written: str) -> float:
    """Return seconds of ``MM:SS.f``, ``H:MM:SS.f`` or ``HH:MM:SS,fff``.

    >>> _clock("00:01:02,500")
    62.5
    """
    seconds = 0.0
    for part in written.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def _compact(written: str) -> tuple[float, float]:
    """Return (seconds, last scale) of ``2m3.5s`` or ``1h2m``.

    >>> _compact("2m3.5s")
    (123.5, 1.0)
    """
    seconds, scale = 0.0, 1.0
    written = written.replace("'", "m").replace('"', "s")
    for number, unit in re.findall(r"([\d.]+)([a-z]*)", written):
        scale = SECONDS_PER.get(unit or "s", 1.0)
        seconds += float(number) * scale
    return seconds, scale


def _measures(atoms: list[Token], text: str) -> Iterator[Token]:
    """Join numbers with their units, and measures with their smaller parts (1 min 2.5 s)."""
    place = 0
    while place < len(atoms):
        token = atoms[place]
        if token.value is None:
            yield token
            place += 1
            continue
        token, place = _one_measure(atoms, place, text)
        while token.kind == "measure" and place < len(atoms) and atoms[place].kind != "newline":
            behind = place + (atoms[place].text in AND or atoms[place].text == ",")
            if behind >= len(atoms) or atoms[behind].low - token.high > 5:
                break
            part, after = _one_measure(atoms, behind, text)
            if part.kind != "measure" or part.scale >= token.scale or token.value is None:
                break
            if atoms[place].text == "," and (token.scale < 60 or (part.value or 0.0) >= 60):
                break  # "1 min, 2.5 s" is one time, "1 s, 500 ms" are two
            value = token.value + (part.value or 0.0)
            token = token._replace(high=part.high, text=text[token.low : part.high], value=value,
                scale=part.scale,
            )  # fmt: skip
            place = after
        yield token


def _one_measure(atoms: list[Token], place: int, text: str) -> tuple[Token, int]:
    """Return the token at a place, with its unit if it has one, and the place after it."""
    token = atoms[place]
    place += 1
    if token.kind not in ("number", "clock") or place >= len(atoms):
        return token, place
    behind = atoms[place]
    gap = behind.low - token.high
    if behind.kind == "dash" and behind.text == "-" and not gap and place + 1 < len(atoms):
        unit = atoms[place + 1]  # a 10-second clip
        if unit.low == behind.high and unit.text in SECONDS_PER and token.kind == "number":
            return _measured(token, unit), place + 2
    if behind.kind == "mark" and behind.text == "%" and gap <= 1:
        return token._replace(kind="percent", high=behind.high), place + 1
    if behind.kind == "mark" and (unit_place := _behind_marks(atoms, place)) is not None:
        return _measured(token, atoms[unit_place]), unit_place + 1
    if behind.kind != "word" or gap > LONGEST_BLANK:
        return token, place
    if behind.text in ("percent", "percents"):
        return token._replace(kind="percent", high=behind.high), place + 1
    if behind.text in SECONDS_PER:
        return _measured(token, behind), place + 1
    if gap == 0 and behind.text[0].isascii() and behind.text not in FRAMES | TIMES_COUNTED | {"x"}:
        return Token("label", token.low, behind.high, token.text + behind.text), place + 1
    return token, place


def _behind_marks(atoms: list[Token], place: int) -> int | None:
    """Return the place of the unit of ``**0.28** s`` if marks follow the number."""
    for position in range(place, min(place + 3, len(atoms))):
        if atoms[position].text in SECONDS_PER and position > place:
            return position
        if atoms[position].kind != "mark" or atoms[position].text not in "*`_":
            return None
    return None


def _measured(token: Token, unit: Token) -> Token:
    if token.kind == "clock":
        return token._replace(high=unit.high)
    scale = SECONDS_PER[unit.text]
    value = (token.value or 0.0) * scale
    if scale < 1:  # 280 ms is 0.28 s, not 0.28000000000000003
        value = (token.value or 0.0) / round(1 / scale)
    return _token(("measure", token.low, unit.high, token.text, value, scale, token.signed))


def _signs(tokens: list[Token]) -> list[Token]:
    """Join a ``-`` with the number after it if it is a sign and not a range mark."""
    signed: list[Token] = []
    for token in tokens:
        before = signed[-1] if signed else None
        sign = before is not None and before.high == token.low and before.text in ("-", "+")
        if before is None or not sign or token.kind not in _NUMBERS or token.value is None:
            signed.append(token)
            continue
        previous = signed[-2] if len(signed) > 1 else None
        if previous is not None and previous.high == before.low and _ends_value(previous):
            signed.append(token)
            continue
        value = -token.value if before.text == "-" else token.value
        doubtful = previous is not None and previous.kind in _NUMBERS and before.text == "-"
        signed[-1] = token._replace(
            low=before.low, text=before.text + token.text, value=value, signed=doubtful
        )
    return signed


def _ends_value(token: Token) -> bool:
    """Whether a ``-`` directly after the token is a range mark or a hyphen."""
    if token.kind in ("newline", "mark", "dash", "open", "comma", "pipe"):
        return token.text in _BEFORE_SIGN
    return True


def _keys(tokens: list[Token]) -> list[Token]:
    """Turn words and quoted texts followed by ``:`` or ``=`` into keys."""
    joined: list[Token] = []
    for token in tokens:
        if token.kind == "mark" and token.text in ":=" and joined:
            start = _key_start(joined)
            if start is not None:
                texts = [part.text for part in joined[start:] if part.kind != "mark"]
                key = Token("key", joined[start].low, token.high, " ".join(texts))
                joined[start:] = [key]
                continue
        joined.append(token)
    return joined


def _key_start(tokens: list[Token]) -> int | None:
    """Return the place of the first token of a key at the end of the tokens, or ``None``."""
    last = tokens[-1]
    if last.kind == "word":
        return len(tokens) - 1
    if last.kind != "mark" or last.text not in _QUOTES:
        return None
    for place in range(len(tokens) - 2, max(-1, len(tokens) - 9), -1):
        token = tokens[place]
        if last.high - token.low > LONGEST_KEY or token.kind == "newline":
            return None
        if token.kind == "mark" and token.text == last.text:
            kinds = [part.kind for part in tokens[place + 1 : -1]]
            return place if "word" in kinds else None
    return None


def _frames(tokens: list[Token]) -> Iterator[Token]:
    """Mark numbers of frames: next to a word for frames, or in a row with such a number."""
    marked = list(tokens)
    for place, (before, token) in enumerate(pairwise(marked), start=1):
        if token.kind == "number" and before.kind in ("word", "key") and before.text in FRAMES:
            marked[place] = token._replace(kind="frames")
        elif before.kind == "number" and (token.kind == "word" or token.text == "fps"):
            noun = token.text
            if noun in _SAMPLED and place + 1 < len(marked):
                noun = marked[place + 1].text
            if noun in FRAMES:
                marked[place - 1] = before._replace(kind="frames")
    if not any(token.kind == "frames" for token in marked):
        return iter(marked)
    for place in range(2, len(marked)):
        token, link, first = marked[place], marked[place - 1], marked[place - 2]
        linked = link.kind in ("dash", "comma") or link.text in _LINKS
        if token.kind == "number" and linked and first.kind == "frames":
            marked[place] = token._replace(kind="frames")
    for place in range(len(marked) - 3, -1, -1):
        token, link, last = marked[place : place + 3]
        linked = link.kind == "dash" or link.text in _LINKS
        linked = linked or (link.kind == "comma" and token.text.isdigit())
        if token.kind == "number" and linked and last.kind == "frames":
            marked[place] = token._replace(kind="frames")
    return iter(marked)
