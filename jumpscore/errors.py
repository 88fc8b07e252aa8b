"""Errors that a user can act on: each message names the value, what was allowed and the fix."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)


def visible(text: str) -> str:
    r"""Return text in which letters that cannot be seen, or that reorder a line, are visible.

    Names and messages come from files: they must not control a terminal, or look like others.

    >>> visible("a\u202eb\x1b[0m")
    'a⟨U+202E⟩b⟨U+001B⟩[0m'
    """
    return _INVISIBLE.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


class JumpScoreError(Exception):
    """Base of every error that the package raises on purpose."""


class UsageError(JumpScoreError):
    """The caller asked for something that does not exist or does not fit (exit code 2)."""


class DataError(JumpScoreError):
    """A file of a data set, of predictions or of a run does not hold what it must."""


class VideoError(JumpScoreError):
    """A video cannot be opened or decoded; the message names the file, the time and the reason."""


class NoAnswerError(JumpScoreError):
    """The model gave no usable answer for the one video that it was asked about (exit code 1)."""


class InterruptedRun(JumpScoreError):  # noqa: N818 - nothing went wrong
    """The user stopped a command; the message says what is kept."""


def nearest_names(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'a' or 'b'?"`` for a misspelt name, or ``""`` where none is near.

    >>> nearest_names("moton", ["motion", "replay"])
    "; did you mean 'motion'?"
    """
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    if not close:
        return ""
    return "; did you mean " + " or ".join(repr(match) for match in close) + "?"
