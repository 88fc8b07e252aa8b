"""The first steps of every parser of places: prepare the answer and collect groups of numbers."""

from __future__ import annotations

from typing import NamedTuple

from jumpscore.answers.answer import Answer, prepare
from jumpscore.answers.places.brackets import read_groups
from jumpscore.answers.places.groups import Group
from jumpscore.answers.region import choose, is_cut
from jumpscore.answers.tokens import Token
from jumpscore.records import FinishReason


class Region(NamedTuple):
    """A part of an answer: its tokens and its groups of numbers, in the order of the text."""

    tokens: list[Token]
    groups: list[Group]


class Opened(NamedTuple):
    """An answer, whether it was cut off, the part to read, and the rest of the text."""

    answer: Answer
    cut: bool
    inside: Region
    outside: Region


def open_answer(text: str, finish_reason: FinishReason | None) -> Opened:
    """Prepare an answer and split it into the part to read and the rest.

    >>> opened = open_answer("Near (1, 2). Answer: (3, 4)", None)
    >>> [[group.values for group in part.groups] for part in (opened.inside, opened.outside)]
    [[(3.0, 4.0)], [(1.0, 2.0)]]
    """
    answer = prepare(text, finish_reason=finish_reason)
    inside, outside = (Region(part, read_groups(part)) for part in choose(answer))
    return Opened(answer, is_cut(answer.text, finish_reason), inside, outside)
