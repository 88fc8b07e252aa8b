"""Read the lists and objects of a text, and choose those that are the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from jumpscore.answers.answer import Answer
from jumpscore.answers.keys import key_role
from jumpscore.answers.times.brackets import Node, Part, elements, flatten, plain
from jumpscore.answers.times.lines import split_lines
from jumpscore.answers.times.lists import read_node
from jumpscore.answers.times.reading import Reading, Status
from jumpscore.answers.times.roles import assign_roles
from jumpscore.answers.tokens import Token, is_whole
from jumpscore.answers.vocabulary import EVENTS, ORDINALS

_BULLETS = frozenset("-*•")
LONGEST_LABEL = 24
"""Most tokens before a list that are its label."""


@dataclass(slots=True)
class _Entry:
    """A list or an object, its reading, and the words before it."""

    node: Node
    reading: Reading
    label: list[Token]
    opens_line: bool


def read_structures(parts: Sequence[Part], answer: Answer) -> tuple[Reading, str, Status] | None:
    """Return the times of the lists that are the answer, the form and the status.

    ``None`` if there is no list, or if the lists only number times outside of them.
    """
    entries = list(_entries(parts, answer))
    if not entries:
        return None
    cut = _settle_open(entries[-1], answer.text) if not entries[-1].node.closed else False
    if not any(entry.reading.times for entry in entries):
        rejected = Reading(answer.original)
        for entry in entries:
            rejected.refuse(entry.reading)
        if cut or not entries[-1].node.closed:
            return rejected, "list", "partial"
        return rejected, "list", "ok" if rejected.rejected_count else "empty"
    units = [p for p in parts if isinstance(p, Token) and p.kind in ("measure", "clock")]
    if units and all(map(_is_mark, entries)):
        return None
    answers, form = _choose([entry for entry in entries if entry.reading.times], answer.text)
    reading = Reading(answer.original)
    answer_ids = {id(entry) for entry in answers}
    for entry in entries:
        if id(entry) in answer_ids:
            reading.extend(entry.reading)
        elif entry.reading.times:
            reading.reject(entry.node.low, entry.node.high)
        else:
            reading.refuse(entry.reading)
    _reject_outside(parts, [entry.node for entry in entries], reading)
    whole = answers[-1].node.closed and not cut
    return reading, form, "ok" if whole else "partial"


def drop_marks(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens without marks such as ``[1]`` if there are times with a unit."""
    kinds = {token.kind for token in tokens}
    if "open" not in kinds or kinds.isdisjoint(("measure", "clock")):
        return list(tokens)
    unmarked: list[Token] = []
    place = 0
    while place < len(tokens):
        three = tokens[place : place + 3]
        if [token.text for token in three[::2]] == ["[", "]"] and is_whole(three[1]):
            place += 3
        else:
            unmarked.append(tokens[place])
            place += 1
    return unmarked


def _entries(parts: Sequence[Part], answer: Answer) -> Iterator[_Entry]:
    only_tuples = _only_tuples(parts)
    label: list[Token] = []
    heading: list[Token] = []
    fresh = True
    for part in parts:
        if isinstance(part, Node):
            if part.bracket != "(" or only_tuples or not plain(part):
                reading = read_node(part, answer.original)
                yield _Entry(part, reading, label or heading, fresh)
                fresh = False
            label, heading = [], []
        elif part.kind == "newline":
            if label:
                ends = label[-1].kind == "key" or any(t.text == ":" for t in label[-3:])
                heading = label if ends else []
            label, fresh = [], True
        else:
            label.append(part)
            if len(label) > LONGEST_LABEL:
                del label[0]
            fresh = fresh and part.text in ("-", "*", "•", '"', ",")


def _only_tuples(parts: Sequence[Part]) -> bool:
    """Whether an answer consists of tuples: ``(0.28, 0.5), (0.76, 0.9)``."""
    nodes = [part for part in parts if isinstance(part, Node)]
    return bool(nodes) and all(
        plain(part) and len(list(elements(part))) > 1
        if isinstance(part, Node)
        else part.kind in ("comma", "newline", "mark")
        for part in parts
    )


def _settle_open(entry: _Entry, text: str) -> bool:
    """Drop the last time of a list that was cut off if it may be incomplete."""
    times = entry.reading.times
    if not times:
        return False
    end = entry.reading.spans[-1][1]
    behind = text[end : entry.node.high]
    separated = any(mark in behind for mark in ",;") or text.rstrip().endswith(("]", "}"))
    if not separated:
        entry.reading.drop_last()
    return True


def _choose(entries: list[_Entry], text: str) -> tuple[list[_Entry], str]:
    """Return the entries that are the answer, and their form.

    A lone whole number next to a longer list is a total or a reference mark; a list whose label
    names ends, frames or scores is not the answer.
    """
    named = [entry for entry in entries if _label_role(entry) not in ("end", "other")]
    entries = named or entries
    starts = [entry for entry in entries if _label_role(entry) == "start"]
    if starts and len(starts) < len(entries) and len(named) != len(entries):
        entries = starts
    longer = [entry for entry in entries if not _is_mark(entry)]
    entries = longer or entries
    if len(entries) == 1 and _is_numbered_event(entries[0]):
        _keep_start(entries[0].reading)
    if len(entries) < 2:
        return entries, "list"
    if all(entry.opens_line and len(entry.reading.times) == 1 for entry in entries) and all(
        "\n" in text[a.node.high : b.node.low] for a, b in pairwise(entries)
    ):
        return entries, "lines"
    words = [any(token.kind in ("word", "key") for token in entry.label) for entry in entries]
    if not any(words) and all(len(entry.reading.times) == 1 for entry in entries):
        return entries, "list"
    if all(_is_event(entry) for entry in entries):
        for entry in entries:
            _keep_start(entry.reading)
        return entries, "list"
    objects = [entry for entry in entries if entry.node.bracket == "{"]
    if len(objects) == len(entries) and all(len(e.reading.times) == 1 for e in entries):
        return entries, "list"
    if all(_follow(a, b, text) for a, b in pairwise(entries)):
        return entries, "list"
    return entries[-1:], "list"


def _label_role(entry: _Entry) -> str:
    """Return the role that the words before a list name."""
    words = [token.text for token in entry.label if token.kind in ("word", "key")]
    return key_role(" ".join(words[-4:]))


def _is_mark(entry: _Entry) -> bool:
    """Whether a list is one whole number, such as a total or a reference mark."""
    tokens = list(flatten(entry.node.parts[:3])) if len(entry.node.parts) < 4 else []
    return len(tokens) == 1 and is_whole(tokens[0]) and entry.node.closed


def _is_event(entry: _Entry) -> bool:
    """Whether a list is the start and the end of one event: ``Jump 1: [0.28, 0.5]``."""
    if entry.node.bracket == "{" or not plain(entry.node) or len(entry.reading.times) > 2:
        return False
    if len(list(elements(entry.node))) != 2 and entry.node.closed:
        return False
    roles = assign_roles(entry.label)
    named = [token for token in entry.label if token.kind not in ("mark", "pipe", "dash", "close")]
    if len(named) == 1 and is_whole(named[0]):  # 1. [0.28, 0.50]
        return True
    return all(one.role == "index" for one in roles) and (
        not entry.label
        or bool(roles)
        or any(token.text in ORDINALS or token.text in EVENTS for token in entry.label)
        or all(token.kind in ("mark", "comma", "dash") for token in entry.label)
    )


def _is_numbered_event(entry: _Entry) -> bool:
    """Whether the label of a pair numbers one event: ``Jump 1: [0.28, 0.5]``, ``1. [0.28, 0.5]``.

    ``1.`` is the only number that counts without a word, as the first item of a list.
    """
    texts = [token.text for token in entry.label if token.text not in _BULLETS]
    if texts not in (["1", "."], ["1", ")"]):
        events = any(token.text in EVENTS for token in entry.label)
        roles = [one.role for one in assign_roles(entry.label)]
        if not events or roles != ["index"]:
            return False
    return _is_event(entry)


def _keep_start(reading: Reading) -> None:
    del reading.times[1:], reading.spans[1:]


def _follow(first: _Entry, second: _Entry, text: str) -> bool:
    """Whether the second list continues the first, on a later line and at later times."""
    return "\n" in text[first.node.high : second.node.low] and max(first.reading.times) < min(
        second.reading.times
    )


def _reject_outside(parts: Sequence[Part], nodes: list[Node], reading: Reading) -> None:
    """Reject the values outside the lists that neither number nor describe a list."""
    known = {node.low for node in nodes}
    outside = [part for part in parts if isinstance(part, Token) or part.low not in known]
    for line in split_lines(list(flatten(outside))):
        for one in assign_roles(line):
            if one.role not in ("index", "section", "end"):
                reading.reject(one.token.low, one.token.high)
