"""Errors that a user can act on: each message names the value, what is allowed and the fix."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

LONGEST_NAME = 100
"""Characters of an unknown name that are printed and compared with the known ones."""
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)


def visible(text: str) -> str:
    r"""Return text with visible codes for characters that are invisible or reorder a line.

    Names and messages come from files; they must not control a terminal or look like others.

    >>> visible("a\u202eb\x1b[0m")
    'a⟨U+202E⟩b⟨U+001B⟩[0m'
    """
    return _INVISIBLE.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


class JumpScoreError(Exception):
    """Base class of all errors that the package raises deliberately."""


class UsageError(JumpScoreError):
    """The caller asked for something that does not exist or is invalid (exit code 2)."""


class DataError(JumpScoreError):
    """A data, prediction or run file is missing or malformed."""


class VideoError(JumpScoreError):
    """A video cannot be opened or decoded; the message names the file, the time and the reason."""


class NoAnswerError(JumpScoreError):
    """The model gave no usable answer for a single video (exit code 1)."""


class InterruptedRun(JumpScoreError):  # noqa: N818 - not an error
    """The user stopped a command; the message reports which results are stored."""


def nearest_names(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'a' or 'b'?"`` for a misspelt name, or ``""`` if none is similar.

    >>> nearest_names("moton", ["motion", "replay"])
    "; did you mean 'motion'?"
    """
    close = difflib.get_close_matches(name[:LONGEST_NAME], list(known), n=3, cutoff=0.6)
    if not close:
        return ""
    return "; did you mean " + " or ".join(repr(match) for match in close) + "?"


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """Return a message about an unknown name.

    >>> unknown_name("model", "moton", ["motion", "replay"])
    "unknown model 'moton'; did you mean 'motion'? Known: motion, replay."
    """
    names = list(known)
    first, last = name.partition(".")[0], name.rpartition(".")[2]
    nearest = nearest_names(last, names) or nearest_names(first, names) or "."
    return f"unknown {what} {name!r:.{LONGEST_NAME}}{nearest} Known: {', '.join(names) or 'none'}."
