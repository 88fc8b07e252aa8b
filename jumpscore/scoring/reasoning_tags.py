"""Remove the text that the ``lmms-eval`` command removes from an answer before a task scores it.

By default, its option ``--reasoning_tags`` removes ``<think>`` and ``<analysis>``; leading and
trailing white space is always removed. This step precedes the readers of the public code.
"""

from __future__ import annotations

import json
from typing import Literal

ReasoningTags = Literal["lmms_eval", "none"]
"""``lmms_eval``: the default of the command. ``none``: as with ``--reasoning_tags none`` or
in calls from Python without command-line arguments; only outer white space is removed."""

TAGS: tuple[tuple[str, str], ...] = (("<think>", "</think>"), ("<analysis>", "</analysis>"))
"""The command's default pairs, in the order in which they are removed."""
COMMAND_DEFAULT = json.dumps(TAGS)
"""The default in the format of ``--reasoning_tags``."""


def scored_text(text: str, tags: ReasoningTags = "lmms_eval") -> str:
    """Return the part of an answer that lmms-eval scores.

    Every pair of tags is removed with its content. A closing tag without an opening one is removed
    with all text before it; an opening tag without a closing one stays. Tags are case-sensitive.

    >>> scored_text("<think>They jump at 1.2s.</think> [0.5, 1.0] ")
    '[0.5, 1.0]'
    >>> scored_text("At 1.2s.</think>[0.5]"), scored_text("<think>[0.5]")
    ('[0.5]', '<think>[0.5]')
    """
    if tags == "lmms_eval":
        for opening, closing in TAGS:
            text = _without_pairs(text, opening, closing)
            if closing in text and opening not in text:
                text = text.rpartition(closing)[2]
    return text.strip()


def _without_pairs(text: str, opening: str, closing: str) -> str:
    """Remove pairs from left to right until none is left, in linear time.

    The text around a removed pair may form a new tag: ``<th<think></think>ink>``.
    """
    rest: list[tuple[int, int]] = []  # (start, end) of remaining pieces that are not empty
    position = 0
    while True:
        tail = _tail(text, rest, len(opening) - 1)
        seam = (tail + text[position : position + len(opening) - 1]).find(opening)
        start = position if seam >= 0 else text.find(opening, position)
        before = len(tail) - seam if seam >= 0 else 0  # characters of the tag in ``rest``
        end = text.find(closing, start + len(opening) - before) if start >= 0 else -1
        if end < 0:
            return "".join([*(text[low:high] for low, high in rest), text[position:]])
        _drop(rest, before)
        rest += [(position, start)] if start > position else []
        position = end + len(closing)


def _tail(text: str, pieces: list[tuple[int, int]], length: int) -> str:
    """Return the last characters of some pieces of a text."""
    tail = ""
    for low, high in reversed(pieces):
        if len(tail) >= length:
            break
        tail = text[max(low, high - length) : high] + tail
    return tail[-length:]


def _drop(pieces: list[tuple[int, int]], length: int) -> None:
    """Remove the last characters of some pieces of a text."""
    while length > 0:
        low, high = pieces.pop()
        pieces += [(low, high - length)] if high - low > length else []
        length -= high - low
