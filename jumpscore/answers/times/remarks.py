"""Recognise values that are not times of events by the words and signs around them."""

from __future__ import annotations

from collections.abc import Sequence

from jumpscore.answers.tokens import TIMES, VALUES, Token
from jumpscore.answers.vocabulary import AND, AT, EVENTS, HEDGES, PLURALS, TO, words

_NOT = frozenset(words("not isn't wasn't nicht pas"))
_NEGATIVE = frozenset(words("no not nothing none never"))
_UNTIL = frozenset(words("until till"))
_BESIDES = frozenset(words("just exactly precisely"))
"""Hedges after ``not`` that do not deny the value: not just at 0.5 s but also at 0.7 s."""
_MORE = frozenset(words("a between from further more other real visible"))
"""Words between ``no jump`` and a time without a jump."""
_SPACINGS = frozenset(words("interval gap spacing period difference"))
_OF_SPACINGS = frozenset(words("between each two consecutive successive of the"))
_OPERATORS = frozenset("/÷×*x")
_ROUNDING = 0.011
"""Tolerance for a sum of rounded seconds: ``0.33 + 0.33 = 0.67``."""
_SUBTITLES = frozenset(words("dialogue comment"))


def is_denied(gap: Sequence[Token]) -> bool:
    """Whether the words before a value deny it: ``not at 0.5 s but ...``.

    >>> from jumpscore.answers.tokens import tokenize
    >>> [is_denied(tokenize(text)) for text in ("not at", "instead of", "not just at", "at")]
    [True, True, False, False]
    """
    texts = [token.text for token in gap if token.kind in ("word", "key")]
    if texts[-2:] in (["rather", "than"], ["instead", "of"]):
        return True
    events = False
    for text in reversed(texts):
        if text in _NOT or (text == "no" and events):
            return True
        events = events or text in EVENTS
        known = text in AT or text in HEDGES or text in EVENTS or text in _MORE
        if text in _BESIDES or not known:
            return False
    return False


def is_total(gap: Sequence[Token], ahead: Sequence[Token]) -> bool:
    """Whether a whole number is a count of events: ``Jumps (3)``, ``3 in total``."""
    if [token.text for token in ahead[:2]] == ["in", "total"]:
        return True
    before = [token.text for token in gap[-2:]]
    opened = len(before) == 2 and before[1] == "(" and before[0] in PLURALS
    return opened and bool(ahead) and ahead[0].kind == "close"


def is_negative_until(gap: Sequence[Token]) -> bool:
    """Whether a value is the time of the next event: ``no further jumps until 1.24 s``."""
    texts = [token.text for token in gap if token.kind == "word"]
    negative = any(text in _NEGATIVE or text.endswith("n't") for text in texts)
    return bool(texts) and texts[-1] in _UNTIL and negative


def is_spacing(gap: Sequence[Token], ahead: Sequence[Token]) -> bool:
    """Whether a value is the time between two events: ``the interval between jumps is 0.48 s``."""
    behind = ahead[0] if ahead else None
    if behind is not None and (behind.kind == "dash" or behind.text in TO or behind.text in AND):
        return False  # a span
    if behind is not None and behind.kind == "comma" and len(ahead) < 2:
        return False  # a row
    for token in reversed(gap):
        if token.kind != "word":
            return False
        if token.text in _SPACINGS:
            return token is not gap[-1] or behind is None or behind.kind != "comma"
        if not any(token.text in known for known in (AT, HEDGES, EVENTS, _OF_SPACINGS)):
            return False
    return False


def formula_places(line: Sequence[Token]) -> set[int]:
    """Return the places of the terms of a formula: ``7 / 25 = 0.28 s``, ``0.76 - 0.28 = 0.48 s``.

    A sum must have the right result, since ``0.28 - 0.50 = Jump 1`` is a span of time.
    """
    places: set[int] = set()
    for place, token in enumerate(line[1:-1], start=1):
        if token.text == "=":
            places.update(_terms(line, place))
        elif token.text in _OPERATORS and place + 2 < len(line):
            before, behind, last = line[place - 1], *line[place + 1 : place + 3]
            ends = last.text == "=" or last.kind == "key"
            if ends and before.kind in VALUES and behind.value:
                places |= {place - 1, place + 1}
    return places


def _terms(line: Sequence[Token], equals: int) -> list[int]:
    """Return the places of the terms of ``a + b - c`` before ``=``, if the result is right."""
    result = line[equals + 1]
    scale = result.scale or 1.0
    places: list[int] = []
    total = 0.0
    for place in range(equals - 1, -1, -2):
        token, before = line[place], line[max(0, place - 2) : place]
        sign = before[1].text if len(before) > 1 and before[0].value is not None else ""
        if token.kind not in TIMES or token.value is None:
            return []
        places.append(place)
        value = token.value if token.scale else token.value * scale
        total += -value if sign == "-" else value
        if sign not in ("-", "+"):
            break
    right = result.value is not None and abs(total - result.value) <= _ROUNDING
    return places if right and len(places) > 1 else []


def subtitle_places(line: Sequence[Token]) -> tuple[int, int] | None:
    """Return the places of the start and the end in a line of an ASS subtitle file.

    >>> from jumpscore.answers.tokens import tokenize
    >>> subtitle_places(tokenize("Dialogue: 0,0:00:00.28,0:00:00.50,Default,,Jump"))
    (3, 5)
    """
    if not line or line[0].kind != "key" or line[0].text not in _SUBTITLES:
        return None
    clocks = [place for place, token in enumerate(line[:8]) if token.kind == "clock"]
    return (clocks[0], clocks[1]) if len(clocks) == 2 else None
