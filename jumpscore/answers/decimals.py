"""Join numbers with a decimal comma (0,28) or with commas between thousands (1,200)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from jumpscore.answers.tokens import Token, is_whole

LONGEST_FRACTION = 3
"""Most digits after a decimal comma."""


def join_commas(tokens: Sequence[Token], *, listed: bool = False) -> list[Token]:
    """Return the tokens with ``0 , 28`` joined if the text cannot be a row of whole numbers.

    A comma is a decimal comma if the numbers are separated by something else (a semicolon, a line
    break, words), if a unit follows, or if the joined numbers rise and the single ones do not.

    Args:
        tokens: Tokens of one list, or of a text without its lists.
        listed: Whether the tokens are in brackets, where two numbers alone are a row.

    >>> from jumpscore.answers.tokens import tokenize
    >>> [t.value for t in join_commas(tokenize("0,28; 0,76; 1,24")) if t.value is not None]
    [0.28, 0.76, 1.24]
    >>> [t.value for t in join_commas(tokenize("1,2,3 s")) if t.value is not None]
    [1.0, 2.0, 3.0]
    """
    groups = _groups(tokens)
    if not groups or not _decimal(tokens, groups, listed):
        return list(tokens)
    joined: list[Token] = []
    place = 0
    for first in groups:
        joined += tokens[place:first]
        joined.append(_joined(tokens[first], tokens[first + 2]))
        place = first + 3
    return [*joined, *tokens[place:]]


def join_in_brackets(
    tokens: Sequence[Token],
    *,
    outside: Callable[[list[Token]], list[Token]] = list,
    tuples: bool = True,
) -> list[Token]:
    """Return the tokens with decimal commas joined within each outermost pair of brackets.

    Args:
        tokens: Tokens of a whole text.
        outside: Function that joins the tokens between brackets.
        tuples: Whether ``(`` and ``)`` count as brackets.
    """
    joined: list[Token] = []
    loose: list[Token] = []
    inside: list[Token] = []
    depth = 0
    for token in tokens:
        bracket = tuples or token.text not in "()"
        depth += bracket and token.kind == "open"
        (inside if depth else loose).append(token)
        if bracket and token.kind == "close" and depth:
            depth -= 1
            if depth == 0:
                joined += outside(loose) + join_commas(inside, listed=True)
                loose, inside = [], []
    return joined + outside(loose) + join_commas(inside, listed=True)


def join_thousands(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with ``1,200`` and ``1,200.5`` joined.

    >>> from jumpscore.answers.tokens import tokenize
    >>> [t.value for t in join_thousands(tokenize("1,200 - 1,300.5 s")) if t.value is not None]
    [1200.0, 1300.5]
    """
    joined: list[Token] = []
    for token in tokens:
        comma, first = (joined[-1], joined[-2]) if len(joined) > 1 else (None, None)
        digits = token.text.partition(".")[0]
        if (
            comma is not None
            and first is not None
            and comma.text == ","
            and first.high == comma.low
            and comma.high == token.low
            and first.kind == "number"
            and token.kind in ("number", "measure")
            and len(digits) == 3
            and digits.isdigit()
            and first.text.lstrip("-").isdigit()
            and first.text.lstrip("-")[0] != "0"
        ):
            joined[-2:] = [_thousand(first, token)]
        else:
            joined.append(token)
    return joined


def _thousand(first: Token, token: Token) -> Token:
    sign = -1.0 if first.text.startswith("-") else 1.0
    value = abs(first.value or 0.0) * 1000 + _bare(token)
    text = first.text + token.text
    scale = token.scale or 1.0
    value = value / round(1 / scale) if scale < 1 else value * scale
    return token._replace(low=first.low, text=text, value=sign * value, signed=first.signed)


def _bare(token: Token) -> float:
    """Return the number of a measure without its scale."""
    return float(token.text) if token.kind == "measure" else (token.value or 0.0)


def _joined(first: Token, second: Token) -> Token:
    number = float(f"{first.text}.{second.text}")
    kind = second.kind
    if kind == "measure" and second.scale < 1:
        value = number / round(1 / second.scale)
    else:
        value = number * (second.scale or 1.0)
    text = f"{first.text}.{second.text}"
    return second._replace(low=first.low, text=text, value=value, signed=first.signed)


def _groups(tokens: Sequence[Token]) -> list[int]:
    """Return the places of the first of three tokens: digits, a comma and digits that touch."""
    groups: list[int] = []
    commas = [place for place, token in enumerate(tokens) if token.text == ","]
    for place in [comma - 1 for comma in commas if 0 < comma < len(tokens) - 1]:
        if groups and place < groups[-1] + 3:
            continue
        if _touch(tokens, place) and not _chained(tokens, place):
            groups.append(place)
    return groups


def _touch(tokens: Sequence[Token], place: int) -> bool:
    first, comma, second = tokens[place : place + 3]
    return (
        comma.text == ","
        and first.high == comma.low
        and comma.high == second.low
        and first.kind == "number"
        and first.text.lstrip("-").isdigit()
        and second.kind in ("number", "measure")
        and second.text.isdigit()
        and len(second.text) <= LONGEST_FRACTION
    )


def _chained(tokens: Sequence[Token], place: int) -> bool:
    """Whether a comma touches the group as well, as in ``1,2,3``."""
    before = tokens[place - 1] if place else None
    behind = tokens[place + 3] if place + 3 < len(tokens) else None
    last = tokens[place + 4] if place + 4 < len(tokens) else None
    if before is not None and before.text == "," and before.high == tokens[place].low:
        return True
    touches = behind is not None and behind.text == "," and behind.low == tokens[place + 2].high
    return bool(touches and behind is not None and last is not None and last.low == behind.high)


def _decimal(tokens: Sequence[Token], groups: list[int], listed: bool) -> bool:
    inside = {place for first in groups for place in (first, first + 2)}
    for place, token in enumerate(tokens):
        if place not in inside and token.kind in ("number", "measure") and "." in token.text:
            return False
    if any(tokens[first + 2].kind == "measure" for first in groups):
        return True
    if all(tokens[first].text.lstrip("-") == "0" for first in groups) and not listed:
        return True
    if len(groups) < 2:
        return False
    rows = [tokens[a + 3 : b] for a, b in pairwise(groups)]
    if all(any(token.text == ";" for token in row) for row in rows):
        return True
    if not any(token.text == "," for row in rows for token in row):
        return not _numbered(tokens, groups)
    if any(token.kind in ("number", "clock") for row in rows for token in row):
        return False
    if not any(len(row) == 1 and row[0].text == "," for row in rows):
        return not _numbered(tokens, groups)
    singles = [tokens[place].value or 0.0 for first in groups for place in (first, first + 2)]
    wholes = [float(f"{tokens[first].text}.{tokens[first + 2].text}") for first in groups]
    return not _rises(singles) and _rises(wholes)


def _numbered(tokens: Sequence[Token], groups: list[int]) -> bool:
    """Whether the first digits only number the lines: ``1,5`` / ``2,9`` / ``3,12``."""
    firsts = [tokens[first] for first in groups]
    return len(groups) > 1 and all(
        is_whole(token) and token.value == order for order, token in enumerate(firsts, start=1)
    )


def _rises(values: list[float]) -> bool:
    return all(a < b for a, b in pairwise(values))
