"""A shortcut for the two most common forms of times: plain lists of numbers and labelled lines.

``parse`` would read the same times from the tokens of the text, but far more slowly.
"""

from __future__ import annotations

import re

from jumpscore.answers.times.reading import Reading

_LIST_ITEM = re.compile(r"-?\d{1,15}(?:\.\d{1,30})?+", re.ASCII)
_LIST = re.compile(
    rf"\s*+\[\s*+{_LIST_ITEM.pattern}(?:\s*+,\s*+{_LIST_ITEM.pattern})*+\s*+\]\s*+", re.ASCII
)
_LINE_ITEM = re.compile(
    r" {0,9}+(?:[-*] )?(?:(?:[Jj]ump|[Rr]ep|[Ss]kip|[Hh]op|[Ee]vent) \d{1,4}: |\d{1,4}[.)] )?"
    r"(?P<time>\d{1,4}\.\d{1,9}) ?(?:s|sec|seconds)?(?: {0,9}+\n| *+\Z)",
    re.ASCII,
)
_LINES = re.compile(rf"\s*+(?:{_LINE_ITEM.pattern.replace('?P<time>', '?:')})++\s*+", re.ASCII)


def read_plain(text: str, original: str, *, cut: bool) -> tuple[Reading, str] | None:
    """Return the times and their form, ``None`` for text in any other shape.

    A list without a decimal point is not plain, since its commas may be decimal commas, and lines
    are not if the last of them may be cut off.

    Args:
        text: Normalised text.
        original: The text as the model wrote it.
        cut: Whether the model was stopped at its token limit.

    >>> read_plain(text := "Jump 1: 0.28 s\\nJump 2: 0.76 s", text, cut=False)[0].times
    [0.28, 0.76]
    """
    if "." not in text:
        return None
    if _LIST.fullmatch(text):
        matches, form = list(_LIST_ITEM.finditer(text)), "list"
        spans = [match.span() for match in matches]
    elif not cut and _LINES.fullmatch(text):
        spans = [match.span("time") for match in _LINE_ITEM.finditer(text)]
        form = "lines"
    else:
        return None
    return Reading(original, [float(text[low:high]) for low, high in spans], spans), form
