"""Read answers as the public scorers of spatial benchmarks do, faults included.

The readers of lmms-eval are in separate modules, ``lmms_points`` and its neighbours. They share no
code with the strict readers, so either can change alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from evaluators.coordinates import check_size
from evaluators.spatial import lmms_numbers, lmms_points
from evaluators.spatial.boxes import Box
from evaluators.spatial.lmms_boxes import best_iou

# The official script: no space after the bracket or before a comma, a digit before the point.
_SIGNED = r"[-+]?\d++(?:\.\d*+)?+"
_TUPLE = re.compile(rf"\(({_SIGNED}),\s*+({_SIGNED})\)")


def first_number(text: str) -> float | None:
    """Return the first number in digits or words, as lmms-eval 0.7.3 reads it.

    Words are runs of letters, with any marks between them: ``two (two)`` is 4.

    >>> first_number("three hundred and one, or 5"), first_number("two (two)")
    (301.0, 4.0)
    """
    return lmms_numbers.NUMBER.read(text)


def first_word(text: str) -> float | None:
    """Return the first word as a number, as VSI-Bench's own script reads it.

    >>> first_word("1.5. metres"), first_word("about 1.5")
    (1.5, None)
    """
    return lmms_numbers.WORD_NUMBER.read(text)


def reference_box_iou(text: str, truth: Box, *, size: tuple[int, int]) -> float:
    """Return the IoU of the public RefCOCO code, an upper bound of the answer's IoU.

    Every box in the text is read as pixels and as thousandths, and the best match with the truth
    counts, which rewards listing many boxes. ``parse_box`` with ``box_iou`` does not.

    Args:
        text: The whole answer.
        truth: The true box in pixels.
        size: (width, height) of the image in pixels.

    Raises:
        ReferenceCrashError: The public code stops with an error on this answer.

    >>> reference_box_iou("[0,0,10,10] [100,120,300,280]", (100, 120, 300, 280), size=(640, 480))
    1.0
    """
    check_size("size", size)
    return best_iou(text, truth, size=size)


def reference_points(
    text: str, *, size: tuple[int, int], integers: Literal["unit", "pixel"]
) -> list[tuple[int, int]]:
    """Return pixels as the public scorers of Where2Place and RefSpatial read them.

    Args:
        text: The whole answer.
        size: (width, height) of the image in pixels.
        integers: How to read ``(60, 40)``: lmms-eval scales every number (``unit``), the official
            script takes integers as pixels (``pixel``).

    Raises:
        ReferenceCrashError: The public code stops with an error on this answer.

    >>> reference_points("(60, 40)", size=(200, 100), integers="pixel")
    [(60, 40)]
    """
    if integers == "unit":
        return lmms_points.TUPLES.read(text, size) or []
    pixels = []
    for x, y in _TUPLE.findall(text):
        width, height = size if "." in x + y else (1, 1)
        pixels.append((_truncated(x, width), _truncated(y, height)))
    return pixels


def _truncated(number: str, pixels: int) -> int:
    """Return the pixel of a fraction, rounded towards zero; -1 if it is too large."""
    value = float(number) * pixels
    return int(value) if abs(value) < 2**53 else -1


def reference_choice(text: str, options: Mapping[str, str]) -> str | None:
    """Return the letter as the public VSI-Bench and ReVSI code reads it, from the first word only.

    It does not accept brackets: ``(D)`` is not read.

    >>> reference_choice("A. chair", {"A": ""}), reference_choice("(A)", {"A": ""})
    ('A', None)
    """
    return lmms_numbers.LETTER.read(text, options)
