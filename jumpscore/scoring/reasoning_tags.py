"""What the ``lmms-eval`` command takes off an answer before a task scores it.

The command's default, ``--reasoning_tags``, takes off ``<think>`` and ``<analysis>``; with or
without it, outer white space goes. The readers of the public code stay as its functions are, and
this is the step before them.
"""

from __future__ import annotations

import json
from typing import Literal

ReasoningTags = Literal["lmms_eval", "none"]
"""``lmms_eval``: as its command does by default. ``none``: as with ``--reasoning_tags none``, and
from Python without command-line arguments; only outer white space is taken off."""

TAGS: tuple[tuple[str, str], ...] = (("<think>", "</think>"), ("<analysis>", "</analysis>"))
"""Pairs of the command's default, in the order in which they are taken off."""
COMMAND_DEFAULT = json.dumps(TAGS)
"""The same as ``--reasoning_tags`` has it."""


def scored_text(text: str, tags: ReasoningTags = "lmms_eval") -> str:
    """Return the part of an answer that lmms-eval scores.

    Every pair of tags goes with what stands between; a closing tag that has no opening one takes
    all before it along; an opening tag without a closing one stays. Case matters.

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
    """Take off pairs from the left until none is left, in linear time.

    What stands before and behind a pair may become a tag: ``<th<think></think>ink>`` leaves one.
    """
    kept: list[tuple[int, int]] = []  # stretches of the text, none empty
    position = 0
    while True:
        tail = _tail(text, kept, len(opening) - 1)
        seam = (tail + text[position : position + len(opening) - 1]).find(opening)
        start = position if seam >= 0 else text.find(opening, position)
        before = len(tail) - seam if seam >= 0 else 0  # how much of the tag is kept already
        end = text.find(closing, start + len(opening) - before) if start >= 0 else -1
        if end < 0:
            return "".join([*(text[low:high] for low, high in kept), text[position:]])
        _drop(kept, before)
        kept += [(position, start)] if start > position else []
        position = end + len(closing)


def _tail(text: str, kept: list[tuple[int, int]], length: int) -> str:
    """Return the last characters of what is kept."""
    tail = ""
    for low, high in reversed(kept):
        if len(tail) >= length:
            break
        tail = text[max(low, high - length) : high] + tail
    return tail[-length:]


def _drop(kept: list[tuple[int, int]], length: int) -> None:
    """Take the last characters off what is kept."""
    while length > 0:
        low, high = kept.pop()
        kept += [(low, high - length)] if high - low > length else []
        length -= high - low
