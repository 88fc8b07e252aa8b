"""Apply a unit next to a list to the numbers in the list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from jumpscore.answers.keys import key_scale
from jumpscore.answers.tokens import Token
from jumpscore.answers.vocabulary import FRAMES, SECONDS_PER

LONGEST_LABEL = 12
"""Most tokens before or after a list that are searched for its unit."""


def fit_units(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with the numbers of a list as measures or frames if a word names a unit.

    The word follows the list (``[280, 760] ms``, ``[7, 19] (frame numbers)``) or precedes it
    (``Times (ms): [280, 760]``). Only brackets without inner brackets are considered.

    >>> from jumpscore.answers.tokens import tokenize
    >>> [token.value for token in fit_units(tokenize("Times (ms): [280, 760]")) if token.value]
    [0.28, 0.76]
    >>> [token.kind for token in fit_units(tokenize("[7, 19] frames")) if token.value]
    ['frames', 'frames']
    """
    fitted = list(tokens)
    opened: int | None = None
    objects = 0  # the key of a list in an object names its unit by itself
    for place, token in enumerate(tokens):
        objects += {"{": 1, "}": -1}.get(token.text, 0)
        if token.kind == "open":
            opened = place
        elif token.kind == "close" and opened is not None:
            inside = range(opened + 1, place)
            unit = _unit(tokens, opened, place, keyed=objects > 0)
            if unit is not None and all(_is_bare(tokens[item]) for item in inside):
                for item in inside:
                    if tokens[item].kind == "number":
                        fitted[item] = _fit(tokens[item], unit)
            opened = None
    return fitted


def _unit(tokens: Sequence[Token], low: int, high: int, *, keyed: bool) -> float | None:
    """Return seconds per unit next to a list, 0 for frames, ``None`` for seconds or no unit."""
    behind = _words(islice(tokens, high + 1, high + 1 + LONGEST_LABEL), behind=True)
    if any(word in FRAMES for word in behind[:2]):
        return 0.0
    scale = SECONDS_PER.get(behind[0], 1.0) if behind else 1.0
    if scale == 1.0 and not keyed:
        before = _words(reversed(tokens[max(0, low - LONGEST_LABEL) : low]), behind=False)
        if before and before[0] in FRAMES:
            return 0.0
        scale = next((key_scale(word) for word in before if key_scale(word) != 1.0), 1.0)
    return scale if scale != 1.0 else None


def _words(tokens: Iterator[Token], *, behind: bool) -> list[str]:
    """Return the words next to a list, up to the next value or, after it, the end of the line."""
    words: list[str] = []
    for token in tokens:
        if token.value is not None or (behind and token.kind not in ("word", "open")):
            break
        if token.kind in ("word", "key"):
            words.append(token.text)
    return words


def _is_bare(token: Token) -> bool:
    return token.kind in ("number", "comma", "newline") or token.text in "\"'`"


def _fit(token: Token, scale: float) -> Token:
    if scale == 0.0:
        return token._replace(kind="frames")
    value = token.value or 0.0
    seconds = value / round(1 / scale) if scale < 1 else value * scale
    return token._replace(kind="measure", value=seconds, scale=scale)
