"""Classify keys, column headings and labels: the start of an event, its time, its end, ..."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from jumpscore.answers.vocabulary import (
    END_KEYS,
    EVENTS,
    ORDINALS,
    OTHER_KEYS,
    SHORT_TIME_KEYS,
    START_KEYS,
    TIME_KEYS,
    TOTALS,
    words,
)

Role = Literal["start", "time", "end", "index", "other", "unknown"]

_WORD = re.compile(r"[^\W\d_]+|\d+")
_MILLI = frozenset(words("ms msec msecs millis milliseconds millisecond 毫秒"))
_SHORT_STEMS = frozenset(words("end land fin fim from until 始 秒 止 끝"))
"""Stems that occur inside unrelated words; they must start or end a word."""
LONGEST = 80
"""Most characters of a key that are used."""


@lru_cache(maxsize=4096)
def key_role(key: str) -> Role:
    """Return the role of a key in lower case; ``other`` is a number that is not a time.

    >>> [key_role(key) for key in ("start_timestamp", "timeend", "jump", "t", "label")]
    ['start', 'end', 'index', 'time', 'unknown']
    >>> key_role("start time (s)"), key_role("start_frame"), key_role("第1次")
    ('start', 'other', 'index')
    """
    words = _WORD.findall(key[:LONGEST])
    if _has(words, OTHER_KEYS) or not TOTALS.isdisjoint(words):
        return "other"
    if _has(words, START_KEYS):
        return "start"
    if _has(words, END_KEYS) or words[-1:] == ["to"]:
        return "end"
    named = any(word in EVENTS or word.rstrip("s") in EVENTS for word in words)
    if named and not ORDINALS.keys().isdisjoint(words):
        return "index"
    if _has(words, TIME_KEYS) or not SHORT_TIME_KEYS.isdisjoint(words):
        return "time"
    if named or any(word.isdigit() or word in ORDINALS or word in "次回번" for word in words):
        return "index"
    return "unknown"


def key_scale(key: str) -> float:
    """Return seconds per unit if a key names a unit (``start_ms``), else 1."""
    return 1e-3 if not _MILLI.isdisjoint(_WORD.findall(key[:LONGEST])) else 1.0


def _has(words: list[str], stems: tuple[str, ...]) -> bool:
    return any(_names(word, stem) for word in words for stem in stems)


def _names(word: str, stem: str) -> bool:
    if stem in _SHORT_STEMS:
        # "ends", "timeend", "end" but not "calendar"
        return (word.startswith(stem) and len(word) < len(stem) + 5) or word.endswith(stem)
    return word.startswith(stem) or word.endswith((stem, stem + "s"))
