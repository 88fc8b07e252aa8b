"""Read the groups of numbers in an answer: lists, tuples, objects, tags and keys.

A single pass over the tokens with a stack: linear in time, whatever the nesting depth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from dataclasses import field as default

from jumpscore.answers.places.axes import AXIS_WORDS, axis_of, named_groups
from jumpscore.answers.places.groups import DEEPEST, POINT_KEYS, Entry, Form, Group, decimal_commas
from jumpscore.answers.places.tags import FRAMED, TagReading, read_tag
from jumpscore.answers.tokens import Token
from jumpscore.answers.vocabulary import words

MISSING = frozenset(words("null none nan undefined unknown"))
"""Words instead of a number; a list that contains one is malformed, not prose."""
_QUIET = frozenset("\"'`*\\&#$_/")
"""Marks that are allowed next to a number in a list."""
_ABOUT = frozenset("≈≃~")
"""Marks between the name of an axis and an approximate value."""
_LOCATION = re.compile(r"loc_?\d{1,4}")
_SEPARATORS = frozenset(",;.|\n")
_UNREADABLE = frozenset(("label", "percent", "measure", "clock"))
"""Kinds of tokens that contain digits but are not coordinates."""
MOST_FIELDS = 12
"""Most groups of numbers in an object that describes one point."""
_KEYED_GAP = 16
"""Most characters between the coordinates of a point in prose: ``x: 60 and y: 40``."""


@dataclass(slots=True)
class _Frame:
    """An open bracket or tag and its content so far."""

    kind: Form
    low: int
    key: str = ""
    muted: bool = False
    entries: list[Entry] = default(default_factory=list)
    pending: str = ""
    separator: str = ""
    quote: str = ""
    quoted: int = 0
    quoted_words: int = 0
    words: int = 0
    missing: int = 0
    odd: int = 0
    inner: bool = False
    groups: int = 0
    strings: list[Group] = default(default_factory=list)


def read_groups(tokens: list[Token]) -> list[Group]:
    """Return every group of numbers, in the order of the text.

    >>> from jumpscore.answers.tokens import tokenize
    >>> text = '[{"point_2d": [1, 2]}, (3, 4)] x: 5, y: 6 <point>7 8</point>'
    >>> [(g.values, g.form, g.key) for g in read_groups(tokenize(text))]
    ... # doctest: +NORMALIZE_WHITESPACE
    [((1.0, 2.0), '[', 'point_2d'), ((3.0, 4.0), '(', ''), ((5.0, 6.0), 'keys', ''),
     ((7.0, 8.0), 'tag', 'point')]
    """
    reader = _Reader()
    for place, token in enumerate(tokens):
        reader.read(token, tokens[place + 1] if place + 1 < len(tokens) else None)
    return reader.finish()


class _Reader:
    """The stack of open brackets and the groups of closed ones."""

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self.root = _Frame("keys", 0)
        self.stack: list[_Frame] = []
        self.tags = 0

    @property
    def top(self) -> _Frame:
        return self.stack[-1] if self.stack else self.root

    def read(self, token: Token, behind: Token | None) -> None:
        if token.kind == "open":
            self._open(token.text, token.low)  # type: ignore[arg-type]
        elif token.kind == "close":
            self._close(token.high)
        elif token.kind == "tag":
            self._tag(token)
        else:
            _add(self.top, token, behind)

    def finish(self) -> list[Group]:
        self.groups += named_groups(self.root.entries, "keys", gap=_KEYED_GAP)
        return sorted(self.groups, key=lambda group: group.low)

    def _open(self, kind: Form, low: int, key: str | None = None) -> None:
        if len(self.stack) >= DEEPEST:  # the outermost bracket must have been left open
            self.tags -= self.stack.pop(0).kind == "tag"
        top = self.top
        muted = top.muted or (bool(top.quote) and top.quoted_words > 0)
        frame = _Frame(kind, low, top.pending if key is None else key, muted)
        frame.groups = len(self.groups)
        top.inner = True
        top.separator += "#"
        self.stack.append(frame)

    def _close(self, high: int) -> None:
        while self.stack and self.stack[-1].kind == "tag":
            self._pop(self.stack[-1].low, whole=False)
        if self.stack:
            self._pop(high, whole=True)

    def _tag(self, token: Token) -> None:
        reading = read_tag(token.text)
        if reading.groups:
            self._tag_groups(token, reading)
        elif _LOCATION.fullmatch(reading.name):
            self._location(token)
        elif reading.name[:1] in ("x", "y") and axis_of(reading.name):  # <x>533</x><y>310</y>
            self.top.pending = "" if reading.closing else reading.name
        elif reading.name in FRAMED and not reading.closing:
            self._open("tag", token.low, reading.name)
            self.tags += 1
        elif reading.name in FRAMED and self.tags:
            while self.stack[-1].kind != "tag":
                self._pop(token.low, whole=False)
            self._pop(token.high, whole=True)
        else:
            self.top.odd += 1

    def _tag_groups(self, token: Token, reading: TagReading) -> None:
        self.top.inner = True
        for values, names, image in reading.groups:
            group = Group(
                values, "tag", token.low, token.high, names, reading.name,
                outer=(token.low, token.high), image=image, malformed=not values,
            )  # fmt: skip
            self.groups.append(group)

    def _location(self, token: Token) -> None:
        """Reject ``<loc0123><loc0456>``, since its scale and order depend on the model."""
        last = self.groups[-1] if self.groups else None
        low = token.low
        if last is not None and last.key == "loc" and last.high == token.low:
            low = self.groups.pop().low
        self.groups.append(Group((), "tag", low, token.high, key="loc", malformed=True))

    def _pop(self, high: int, *, whole: bool) -> None:
        frame = self.stack.pop()
        self.tags -= frame.kind == "tag"
        if not whole or frame.muted:
            return
        inside = len(self.groups) - frame.groups
        group = None if frame.inner else _leaf(frame, high)
        if group is not None:
            field = self.top.kind == "{" and bool(group.key)
            self.groups += _pairs_of_tag(replace(group, field=field), frame)
        elif frame.strings and not frame.inner:
            self.groups += frame.strings
        elif any(axis_of(entry.key) for entry in frame.entries):
            self._fields(frame, high, inside)
        if frame.kind == "{" and len(self.groups) - frame.groups <= MOST_FIELDS:
            self._enclose(frame, high)

    def _enclose(self, frame: _Frame, high: int) -> None:
        """Set ``outer`` of the only group of an object, or of the only group with a point's key."""
        places = range(frame.groups, len(self.groups))
        points = [place for place in places if self.groups[place].key in POINT_KEYS]
        for only in (places, points):
            if len(only) == 1:
                self.groups[only[0]] = replace(self.groups[only[0]], outer=(frame.low, high))
                return

    def _fields(self, frame: _Frame, high: int, inside: int) -> None:
        named = named_groups(frame.entries, frame.kind)
        if len(named) == 1:
            spread = (frame.low, high)
            named = [replace(named[0], low=frame.low, high=high, outer=spread, key=frame.key)]
        self.groups += named
        depth = [e.token.value for e in frame.entries if axis_of(e.key) == "d"]
        if depth and inside == 1 and not named:
            self.groups[-1] = replace(self.groups[-1], depth=depth[0])


def _add(frame: _Frame, token: Token, behind: Token | None) -> None:
    """Add a token that is not a bracket to the innermost open bracket."""
    number = _number(token)
    if number is not None:
        frame.entries.append(Entry(frame.pending, number, frame.separator))
        frame.pending = frame.separator = ""
    elif token.kind == "key":
        frame.pending = token.text
        frame.separator += "k"
    elif token.kind in ("comma", "pipe", "newline"):
        frame.pending = "" if token.kind != "newline" else frame.pending
        frame.separator += token.text
    elif token.kind == "word":
        _add_word(frame, token, behind)
    elif token.kind in _UNREADABLE:
        frame.missing += 1
        frame.separator += "#"
    elif token.kind != "mark":
        frame.odd += 1
        frame.separator += "#"
    elif token.text in "\"'" and frame.quote in ("", token.text) and _may_quote(frame):
        _quote(frame, token)
    elif token.text == ".":
        frame.separator += "."  # the full stop of "533."
    elif token.text not in _QUIET and not (token.text in ":=≈≃" and frame.pending):
        frame.odd += 1
        frame.separator += "#"


def _add_word(frame: _Frame, token: Token, behind: Token | None) -> None:
    if frame.quote:
        frame.quoted_words += 1
    elif (
        token.text in AXIS_WORDS
        and behind is not None
        and (behind.kind == "number" or behind.text in _ABOUT)
    ):
        frame.pending = token.text  # "x 533", "x ≈ 533"
        frame.separator += "k"
    elif token.text in ("px", "pixel", "pixels"):
        frame.separator += "#"
        frame.odd += 1
    else:
        frame.words += token.text not in MISSING
        frame.missing += token.text in MISSING
        frame.separator += "w"


def _may_quote(frame: _Frame) -> bool:
    """Whether a quote may open or close a string: in lists, objects, and as an item of a tuple."""
    item = not (frame.entries or frame.words) or frame.separator.endswith(",")
    return frame.kind in "[{" or (frame.kind == "(" and (bool(frame.quote) or item))


def _quote(frame: _Frame, mark: Token) -> None:
    if not frame.quote:
        frame.quote, frame.quoted, frame.quoted_words = mark.text, len(frame.entries), 0
        return
    inside = frame.entries[frame.quoted :]
    if frame.quoted_words:  # a label: the numbers in it are part of it
        del frame.entries[frame.quoted :]
    elif frame.kind == "{" and len(inside) > 1:  # {"point": "533, 310"}
        low, high = inside[0].token.low, inside[-1].token.high
        values = tuple(decimal_commas(inside) or [entry.value for entry in inside])
        key = inside[0].key
        frame.strings.append(Group(values, "[", low, high, key=key, outer=(low, high)))
    frame.quote, frame.quoted_words = "", 0


def _pairs_of_tag(group: Group, frame: _Frame) -> list[Group]:
    """Return the points of ``<points>533 310, 20 40</points>``, or the unchanged group."""
    between = [entry.separator for entry in frame.entries[2::2]]
    inside = [entry.separator for entry in frame.entries[1::2]]
    paired = len(frame.entries) % 2 == 0 and all(between) and not set(inside) & set(between)
    if frame.kind != "tag" or len(group.values) < 4 or not paired:
        return [group]
    return [
        replace(group, values=(first.value, second.value), low=first.token.low,
                high=second.token.high, outer=(first.token.low, second.token.high))
        for first, second in zip(frame.entries[::2], frame.entries[1::2], strict=True)
    ]  # fmt: skip


def _number(token: Token) -> Token | None:
    if token.kind in ("number", "frames"):
        return token
    if token.kind == "label" and token.text.isdecimal():  # too long for any coordinate
        return token._replace(kind="number", value=float(token.text))
    return None


def _deep(frame: _Frame, high: int) -> Group | None:
    """Return the pair of ``(100, 200, depth=1.5)`` with its depth."""
    keys = [axis_of(entry.key) if entry.key else "" for entry in frame.entries]
    if keys != ["", "", "d"] or frame.missing or frame.odd or frame.words or frame.kind == "{":
        return None
    x, y, depth = (entry.value for entry in frame.entries)
    return Group(
        (x, y), frame.kind, frame.low, high, key=frame.key, depth=depth, outer=(frame.low, high)
    )


def _leaf(frame: _Frame, high: int) -> Group | None:
    """Return the group of a bracket that contains only numbers, or a malformed group."""
    numbers = len(frame.entries) + frame.missing
    deep = _deep(frame, high)
    if deep is not None:
        return deep
    if not numbers or frame.words or any(entry.key for entry in frame.entries):
        return None
    if numbers == 1 and (frame.missing or frame.odd):
        return None
    loose = any(set(entry.separator) - _SEPARATORS for entry in frame.entries)
    if frame.missing or frame.odd or loose:
        return Group((), frame.kind, frame.low, high, malformed=True)
    values = decimal_commas(frame.entries) or [entry.value for entry in frame.entries]
    return Group(
        tuple(values), frame.kind, frame.low, high, key=frame.key, outer=(frame.low, high),
    )  # fmt: skip
