"""Read Python literals without running or recursing into anything: linear time on any text.

Public scorers hand answers to ``ast.literal_eval`` or even ``eval``. Both build a syntax tree of
whatever a model wrote, and the second one runs it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

DEEPEST = 200
"""Open brackets at which Python itself gives up."""
LARGEST_INTEGER = 1 << 14_000
"""Beyond it, arithmetic on integers is refused; Python reads at most 4,300 digits."""

_SPACE = re.compile(r"(?:[ \t\f]|\\\n(?!\Z))*+")
_BLANK_LINE = re.compile(r"[ \t\f]*+(?:#[^\n]*+)?+\n")
_BLANK_END = re.compile(r"(?:[ \t\f]*+(?:#[^\n]*+)?+\n)*+(?:[ \t\f]*+#[^\n]*+)?+\Z")
_NUMBER = re.compile(
    r"(?:(?:\d++(?:_\d++)*+(?:\.(?:\d++(?:_\d++)*+)?+)?+|\.\d++(?:_\d++)*+)"
    r"(?:[eE][+-]?\d++(?:_\d++)*+)?+)[jJ]?+(?![\w.])",
    re.ASCII,
)
_BASED = re.compile(
    r"0(?:[xX](?:_?[\da-fA-F])++|[oO](?:_?[0-7])++|[bB](?:_?[01])++)(?![\w.])", re.ASCII
)
_STRING = re.compile(
    r"(?P<raw>[rR]?)[uU]?(?:'''(?P<a>(?:[^\\']|\\.|'(?!''))*+)'''"
    r'|"""(?P<b>(?:[^\\"]|\\.|"(?!""))*+)"""'
    r"|(?!''\')'(?P<c>(?:[^\\'\n]|\\.)*+)'|(?!\"\"\")\"(?P<d>(?:[^\\\"\n]|\\.)*+)\")",
    re.DOTALL,
)
_BAD_ESCAPE = re.compile(
    r"(?<!\\)(?:\\\\)*+\\(?:x(?![\da-fA-F]{2})|u(?![\da-fA-F]{4})|U(?![\da-fA-F]{8})|N)", re.ASCII
)
_WORD = re.compile(r"(?:True|False|None)(?!\w)|\.\.\.")
_OPERATOR = re.compile(r"\*\*|//|[-+*/%]")
_CONSTANTS = {"True": True, "False": False, "None": None, "...": ...}
_CLOSING = {"(": ")", "[": "]", "{": "}"}

_BINDING: dict[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "+": (1, operator.add),
    "-": (1, operator.sub),
    "*": (2, operator.mul),
    "/": (2, operator.truediv),
    "//": (2, operator.floordiv),
    "%": (2, operator.mod),
}


class LiteralError(ValueError):
    """The text is not a literal."""


@dataclass(slots=True)
class _OpenBracket:
    """An open bracket, or the whole text.

    Attributes:
        opening: The bracket, or nothing.
        items: Finished elements; keys and values in turn for a dictionary.
        slot: Operands and operators of the element that is being read.
        commas: How many commas were read.
        keyed: Whether colons separate keys and values; ``None`` until that is known.
    """

    opening: str
    items: list[Any] = field(default_factory=list)
    slot: list[Any] = field(default_factory=list)
    commas: int = 0
    keyed: bool | None = None


class _Operator(str):
    """Keeps ``-`` the operator apart from ``"-"`` the string."""

    __slots__ = ()


def read_literal(text: str, *, arithmetic: bool = False) -> Any:
    """Return the value of a literal: numbers, strings, constants, lists, tuples, dicts and sets.

    The same as ``ast.literal_eval``, except that bytes and sums with imaginary numbers are refused.

    Args:
        text: Anything.
        arithmetic: Also evaluate ``+ - * / // %`` between numbers.

    Raises:
        LiteralError: It is anything else, or nests deeper than Python reads.
        ArithmeticError: A division by zero, a number too large.

    >>> read_literal("[(1, .5), [1_000, -2e1]]  # a comment")
    [(1, 0.5), [1000, -20.0]]
    >>> read_literal("[[0.25 * 640, 2]]", arithmetic=True)
    [[160.0, 2]]
    """
    return _LiteralReader(text, arithmetic=arithmetic).read()


class _LiteralReader:
    def __init__(self, text: str, *, arithmetic: bool) -> None:
        if "\0" in text or not _is_encodable(text):
            raise LiteralError("not source code")
        self.text = text.lstrip(" \t").replace("\r\n", "\n").replace("\r", "\n")
        self.arithmetic = arithmetic
        self.place = 0
        self.stack = [_OpenBracket("")]

    def read(self) -> Any:
        self._skip_blank_lines()
        while self.place < len(self.text):
            self._step()
        frame = self.stack.pop()
        if self.stack:
            raise LiteralError("a bracket is not closed")
        self._finish_slot(frame, needed=not frame.items)
        return tuple(frame.items) if frame.commas else frame.items[0]

    def _skip_blank_lines(self) -> None:
        """Skip empty lines and comments; an indented first line is an error in Python."""
        start = 0
        while blank := _BLANK_LINE.match(self.text, self.place):
            self.place = start = blank.end()
        if start and self.text[start : start + 1] in (" ", "\t"):
            raise LiteralError("unexpected indent")

    def _step(self) -> None:
        self.place = self._spaces(self.place)
        if self.place >= len(self.text):
            return
        character = self.text[self.place]
        frame = self.stack[-1]
        if character == "#":
            end = self.text.find("\n", self.place)
            self.place = len(self.text) if end < 0 else end
        elif character == "\n":
            self._newline(frame)
        elif character in "([{":
            self._open(character)
        elif character in ")]}":
            self._close(character)
        elif character == ",":
            self._finish_slot(frame, needed=True)
            frame.commas += 1
            self.place += 1
        elif character == ":":
            self._colon(frame)
        else:
            self._value(frame)

    def _spaces(self, place: int) -> int:
        match = _SPACE.match(self.text, place)
        return match.end() if match else place

    def _newline(self, frame: _OpenBracket) -> None:
        self.place += 1
        if frame.opening:
            return
        # Python refuses a last line of nothing but spaces.
        if not _BLANK_END.match(self.text, self.place):
            raise LiteralError("a second line")
        self.place = len(self.text)

    def _open(self, character: str) -> None:
        frame = self.stack[-1]
        if frame.slot and not isinstance(frame.slot[-1], _Operator):
            raise LiteralError("a call or an index")
        if len(self.stack) > DEEPEST:
            raise LiteralError("too many nested brackets")
        self.stack.append(_OpenBracket(character))
        self.place += 1

    def _close(self, character: str) -> None:
        frame = self.stack.pop()
        if not self.stack or _CLOSING[frame.opening] != character:
            raise LiteralError("brackets do not match")
        self._finish_slot(frame, needed=bool(frame.keyed) and len(frame.items) % 2 == 1)
        self.stack[-1].slot.append(_made(frame))
        self.place += 1

    def _colon(self, frame: _OpenBracket) -> None:
        is_key = frame.opening == "{" and frame.keyed is not False and len(frame.items) % 2 == 0
        if not is_key or (frame.keyed is None and frame.items):
            raise LiteralError("a colon outside of a dictionary")
        frame.keyed = True
        self._finish_slot(frame, needed=True, is_key=True)
        self.place += 1

    def _value(self, frame: _OpenBracket) -> None:
        text, place = self.text, self.place
        if sign := _OPERATOR.match(text, place):
            frame.slot.append(_Operator(sign[0]))
            self.place = sign.end()
            return
        for pattern, convert in _VALUES:
            if match := pattern.match(text, place):
                value = convert(match)
                before = frame.slot[-1] if frame.slot else None
                are_strings = type(value) is str and type(before) is str  # and so one string
                if frame.slot and not isinstance(before, _Operator) and not are_strings:
                    raise LiteralError("two values without a comma")
                frame.slot.append(value)
                self.place = match.end()
                return
        raise LiteralError(f"not a literal: {text[place : place + 20]!r}")

    def _finish_slot(self, frame: _OpenBracket, *, needed: bool, is_key: bool = False) -> None:
        """Move what was read since the last comma or colon to the items."""
        slot, frame.slot = frame.slot, []
        if not slot:
            if needed:
                raise LiteralError("a value is missing")
            return
        if frame.keyed and not is_key and len(frame.items) % 2 == 0:
            raise LiteralError("a key without a value")
        if frame.opening == "{" and frame.keyed is None:
            frame.keyed = False
        frame.items.append(_evaluated(slot, arithmetic=self.arithmetic))


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(match: re.Match[str]) -> int | float | complex:
    digits = match[0].replace("_", "")
    if digits[-1] in "jJ":
        return complex(digits)
    if not digits.isdigit():
        return float(digits)
    if digits[0] == "0" and digits.strip("0"):
        raise LiteralError("an integer with leading zeros")
    try:
        return int(digits)
    except ValueError:
        raise LiteralError("an integer of too many digits") from None


def _based(match: re.Match[str]) -> int:
    return int(match[0].replace("_", ""), 0)


def _string(match: re.Match[str]) -> str:
    """Return the text as written, escapes included: callers only ask whether it is empty."""
    content = match["a"] or match["b"] or match["c"] or match["d"] or ""
    if not match["raw"] and _BAD_ESCAPE.search(content):
        raise LiteralError("an escape that Python refuses")
    return content


_VALUES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Any]], ...] = (
    (_BASED, _based),
    (_NUMBER, _number),
    (_STRING, _string),
    (_WORD, lambda match: _CONSTANTS[match[0]]),
)


def _made(frame: _OpenBracket) -> Any:
    items = frame.items
    if frame.opening == "[":
        return items
    if frame.opening == "(":
        return items[0] if len(items) == 1 and not frame.commas else tuple(items)
    try:
        if frame.keyed:
            return dict(zip(items[::2], items[1::2], strict=True))
        return set(items) if items else {}
    except (TypeError, ValueError) as error:
        raise LiteralError(str(error)) from None


def _evaluated(slot: list[Any], *, arithmetic: bool) -> Any:
    """Return the value of one element: operands with operators between and before them."""
    if len(slot) == 1 and not isinstance(slot[0], _Operator):
        return slot[0]
    if all(type(part) is str for part in slot):
        return "".join(slot)
    if not arithmetic:
        if len(slot) == 2 and slot[0] in ("+", "-") and type(slot[1]) in (int, float, complex):
            return -slot[1] if slot[0] == "-" else +slot[1]
        raise LiteralError("arithmetic")
    return _calculated(slot)


def _calculated(slot: list[Any]) -> Any:
    values: list[Any] = []
    waiting: list[str] = []
    sign = 1
    expects_value = True

    def apply() -> None:
        right, left = values.pop(), values.pop()
        result = _BINDING[waiting.pop()][1](left, right)
        if isinstance(result, int) and abs(result) > LARGEST_INTEGER:
            raise OverflowError("an integer of too many digits")
        values.append(result)

    for token in slot:
        if isinstance(token, _Operator):
            if expects_value and token in ("+", "-"):
                sign = -sign if token == "-" else sign
                continue
            if expects_value or token not in _BINDING:
                raise LiteralError(f"an operator {token}")
            while waiting and _BINDING[waiting[-1]][0] >= _BINDING[token][0]:
                apply()
            waiting.append(str(token))
        elif not expects_value or not isinstance(token, (int, float, complex)):
            raise LiteralError("an operator between what is not numbers")
        else:
            values.append(-token if sign < 0 else token)
            sign = 1
        expects_value = isinstance(token, _Operator)
    if expects_value:
        raise LiteralError("a value is missing")
    while waiting:
        apply()
    return values.pop()
