"""Read answers as the public scorers of spatial benchmarks do, faults included.

These readers share nothing with the strict ones, so that either can change alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Literal

from evaluators.spatial.boxes import Box, box_iou
from evaluators.spatial.coordinates import check_size

_DIGITS = re.compile(r"-?\d+(?:\.\d+)?")
_LETTERS = re.compile(r"[a-z]+")
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
_SMALL += "fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: value for value, word in enumerate(_SMALL.split())}
_WORDS |= {word: 10 * value for value, word in enumerate(_TENS.split(), start=2)}
_WORDS |= {"hundred": 100, "thousand": 1000}
_LIST = re.compile(
    r"\[\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*,"
    r"\s*(-?\d+(?:\.\d+)?)\s*\]"
)
_NUMBER = r"[+-]?(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+"
_ROW = re.compile(rf"\s*({_NUMBER})[ ,]+({_NUMBER})[ ,]+({_NUMBER})[ ,]+({_NUMBER})\s*")
# The public parser: no space behind the bracket or before a comma, a digit before the point.
_SIGNED = r"[-+]?\d+(?:\.\d*)?"
_TUPLE = re.compile(rf"\(({_SIGNED}),\s*({_SIGNED})\)")


def first_number(text: str) -> float | None:
    """Return the first number in digits or words, as lmms-eval 0.7.3 finds it.

    Its words are runs of letters, whatever stands between them: ``two (two)`` is 4.

    >>> first_number("three hundred and one, or 5"), first_number("two (two)")
    (301.0, 4.0)
    """
    lowered = text.lower()
    digits = _DIGITS.search(lowered)
    words: list[str] = []
    start = len(lowered)
    for run in _LETTERS.finditer(lowered):
        if run[0] in _WORDS:
            start = min(start, run.start())
            words.append(run[0])
        elif words and run[0] != "and":
            break
    if digits and digits.start() < start:
        return float(digits[0])
    if not words:
        return None
    total = current = 0.0
    for word in words:
        if word == "hundred":
            current = max(current, 1.0) * 100
        elif word == "thousand":
            total, current = total + max(current, 1.0) * 1000, 0.0
        else:
            current += _WORDS[word]
    return total + current


def first_word(text: str) -> float | None:
    """Return the first word as a number, as VSI-Bench's own script reads it.

    >>> first_word("1.5. metres"), first_word("about 1.5")
    (1.5, None)
    """
    try:
        return float(text.split(" ", 1)[0].rstrip(".").strip())
    except ValueError:
        return None


def reference_box_iou(text: str, truth: Box, *, size: tuple[int, int]) -> float:
    """Return the IoU of the public RefCOCO code, which is an oracle's, not the answer's.

    Every box in the text is read as pixels and as thousandths, and whichever comes nearest to the
    truth counts: a model that lists many boxes gains. ``parse_box`` with ``box_iou`` does not.

    Args:
        text: The answer, whole.
        truth: In pixels.
        size: (width, height) of the image in pixels.

    >>> reference_box_iou("[0,0,10,10] [100,120,300,280]", (100, 120, 300, 280), size=(640, 480))
    1.0
    """
    check_size("size", size)
    found = [_box(map(float, groups)) for groups in _LIST.findall(text)]
    if not found and (row := _ROW.fullmatch(text)):
        found = [_box(map(float, row.groups()))]
    scale = (size[0] / 1000, size[1] / 1000) * 2
    readings = found + [_box(a * b for a, b in zip(box, scale, strict=True)) for box in found]
    finite = [box for box in readings if all(map(math.isfinite, box))]
    return max((box_iou(box, truth) for box in finite), default=0.0)


def _box(values: Iterable[float]) -> Box:
    x1, y1, x2, y2 = values
    return x1, y1, x2, y2


def reference_points(
    text: str, *, size: tuple[int, int], integers: Literal["unit", "pixel"]
) -> list[tuple[int, int]]:
    """Return pixels as the public scorers of Where2Place and RefSpatial read them.

    Args:
        text: The answer, whole.
        size: (width, height) of the image in pixels.
        integers: How ``(60, 40)`` is read: lmms-eval scales every number (``unit``), the official
            script guesses that integers are pixels (``pixel``).

    >>> reference_points("(60, 40)", size=(200, 100), integers="pixel")
    [(60, 40)]
    """
    pixels = []
    for x, y in _TUPLE.findall(text):
        whole = integers == "pixel" and "." not in x + y
        width, height = (1, 1) if whole else size
        pixels.append((_truncated(x, width), _truncated(y, height)))
    return pixels


def _truncated(number: str, pixels: int) -> int:
    """Return the pixel of a fraction, towards zero; beyond float64 it is outside of any image."""
    value = float(number) * pixels
    return int(value) if abs(value) < 2**53 else -1


def reference_choice(text: str, options: Mapping[str, str]) -> str | None:
    """Return the letter as the public VSI-Bench and ReVSI code reads it: the first word or nothing.

    It does not know brackets: ``(D)`` is wrong there.

    >>> reference_choice("A. chair", {"A": ""}), reference_choice("(A)", {"A": ""})
    ('A', None)
    """
    letter = text.split(" ", 1)[0].rstrip(".").strip().upper()
    return letter if letter in options else None
