"""Read times without brackets, on lines and in prose: labels, bullets, units, subtitles."""

from __future__ import annotations

from collections.abc import Sequence

from jumpscore.answers.keys import key_role, key_scale
from jumpscore.answers.times.lists import is_numbered
from jumpscore.answers.times.reading import Reading
from jumpscore.answers.times.roles import STRUCTURE, Value, assign_roles
from jumpscore.answers.tokens import Token, is_whole
from jumpscore.answers.vocabulary import AT, EVENTS, ORDINALS, words

_COPULAS = frozenset(words("is are was were 是 为 um a à"))
_Line = tuple[list[Token], list[Value]]


def split_lines(tokens: Sequence[Token]) -> list[list[Token]]:
    """Return the tokens of every line that is not blank."""
    lines: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind == "newline":
            if lines[-1]:
                lines.append([])
        else:
            lines[-1].append(token)
    return [line for line in lines if line]


def read_lines(lines: Sequence[list[Token]], text: str) -> tuple[Reading, str] | None:
    """Return the times of the lines and their form, or ``None`` if reading them would be a guess.

    Numbers without a unit count only if every one of them is clearly a time, an index, a count or
    the end of a span. Other values are rejected.
    """
    read = [(line, assign_roles(line)) for line in lines]
    _number_lines(read)
    _number_columns(read)
    _scale_by_heading(read)
    values = [one for _, roles in read for one in roles]
    loose = [one for one in values if _is_loose(one)]
    united = [one for one in values if one.role == "time" and not _is_loose(one)]
    doubtful = any(one.role == "unknown" and one.token.kind == "number" for one in values)
    if doubtful or (len(loose) == 1 and not united and _is_lone(loose[0], read)):
        if not united:
            return None
        for one in loose:
            one.role = "unknown"
    reading = Reading(text)
    for one in values:
        if one.role in ("time", "bare"):
            reading.add(one.token, one.scale)
        elif one.role not in STRUCTURE:
            reading.reject(one.token.low, one.token.high)
    if not reading.times:
        return None
    for line in lines:
        for token in line:
            if token.kind == "label" and ":" in token.text:  # 0:76
                reading.reject(token.low, token.high)
    if all(_is_item(line, roles) for line, roles in read):
        return reading, "lines"
    return reading, "units" if united else "prose"


def _scale_by_heading(read: Sequence[_Line]) -> None:
    """Apply a unit before all numbers to them: ``Timestamps in ms: 280, 760``."""
    values = [one for _, roles in read for one in roles if one.role in ("time", "bare", "end")]
    if not all(is_whole(one.token) and not one.unit for one in values):
        return
    first = next((one.token for one in values), None)
    scale = 1.0
    for line, _ in read:
        for token in line:
            if token is first:
                break
            if token.kind in ("word", "key") and key_scale(token.text) != 1.0:
                scale = key_scale(token.text)
    if scale != 1.0:
        for one in values:
            one.unit, one.role = scale, "end" if one.role == "end" else "time"


def _is_loose(one: Value) -> bool:
    """Whether a time has no unit."""
    return one.role in ("time", "bare") and one.token.kind == "number" and not one.unit


def _is_lone(one: Value, read: Sequence[_Line]) -> bool:
    """Whether a lone whole number could also be a count."""
    if not is_whole(one.token):
        return False
    for line, roles in read:
        if one in roles:
            if any(other.role == "index" for other in roles):
                return False
            words = [token.text for token in line if token.kind in ("word", "key")]
            return not any(_introduces_time(word) for word in words)
    return True


def _introduces_time(word: str) -> bool:
    if word in ORDINALS or (word in AT and word not in _COPULAS):
        return True
    return key_role(word) in ("start", "time")


def _is_item(line: list[Token], roles: list[Value]) -> bool:
    """Whether a line is a heading or one item: times with a label but no prose."""
    if not roles:
        return True
    if any(one.role not in ("time", "bare", "end", "index") for one in roles):
        return False
    return all(
        token.kind != "word" or token.text in EVENTS or token.text in ORDINALS for token in line
    )


def _number_lines(read: Sequence[_Line]) -> None:
    """Turn whole numbers on their own lines between lines with times into indices."""
    lone = [
        roles[0]
        for line, roles in read
        if len(roles) == 1 and is_whole(roles[0].token) and roles[0].role == "bare"
        and all(token.kind in ("number", "mark", "close") for token in line)
    ]  # fmt: skip
    others = [one for _, roles in read for one in roles if one.role in ("time", "bare")]
    numbered = all(one.token.value == order for order, one in enumerate(lone, start=1)) or all(
        one.token.value == order for order, one in enumerate(lone)
    )
    rest = len(others) - len(lone)
    if lone and numbered and rest >= len(lone):
        for one in lone:
            one.role = "index"
    elif len(lone) == 1 and lone[0] is others[0] and rest:
        _count_heading(lone[0], others[1:])


def _count_heading(lone: Value, others: Sequence[Value]) -> None:
    """Turn a lone whole number above times into a count if it equals their number."""
    if lone.token.value == len(others) and (others[0].token.value or 0.0) < lone.token.value:
        lone.role = "count"
    elif (others[0].token.value or 0.0) < (lone.token.value or 0.0):
        lone.role = "unknown"


def _number_columns(read: Sequence[_Line]) -> None:
    """Turn the first numbers of numbered lines into indices: ``1, 0.28`` / ``2 - 0.76``."""
    rows = [roles for _, roles in read if any(one.role != "index" for one in roles)]
    if not all(
        len(roles) == 2
        and roles[0].role in ("time", "bare")
        and roles[1].role in ("time", "bare", "end", "unknown")
        for roles in rows
    ):
        return
    if is_numbered([[one.token for one in roles] for roles in rows]):
        for first, second in rows:
            first.role, second.role = "index", "time"
            first.unit = 0.0
