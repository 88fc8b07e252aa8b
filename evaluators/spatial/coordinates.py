"""Coordinate conventions, and the written forms that points and boxes share."""

from __future__ import annotations

import re
from typing import get_args

import numpy as np
import numpy.typing as npt

from jumpscore.records import Convention, FinishReason
from jumpscore.scoring.parsing import answer_window

Floats = npt.NDArray[np.float64]

NUMBER = r"[+-]?(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+"
"""Of any length, and read in one go: nothing of a long number is taken for a number."""
_ENTRY = rf"(?:{NUMBER}|[+-]?(?i:nan|inf(?:inity)?)\b)"
LIST = re.compile(rf"[(\[]\s{{0,9}}({_ENTRY}(?:\s{{0,9}},\s{{0,9}}{_ENTRY}){{1,5}})\s{{0,9}}[)\]]")
"""Two to six numbers in brackets; only pairs are points, only fours are boxes. ``nan`` and ``inf``
are numbers here: an answered point that is nowhere is no point less."""
_OPEN_LIST = re.compile(r"[(\[][\s\d.,:;eE+\-\"'(\[]*+\Z|\{[\s\w.,:;+\-\"']{0,200}+\Z")
_FENCE = re.compile(r"`{3,}(?:\w{0,20}\n)?")


def check_convention(convention: str) -> None:
    """Refuse a name that is no convention.

    Raises:
        ValueError: It is not.
    """
    if convention not in get_args(Convention):
        known = ", ".join(get_args(Convention))
        raise ValueError(f"convention {convention!r} is not one of {known}")


def check_size(name: str, size: tuple[int, int]) -> None:
    """Refuse a (width, height) that is not positive.

    Raises:
        ValueError: It is not.
    """
    if len(size) != 2 or min(size) <= 0:
        raise ValueError(f"{name} {tuple(size)} must be (width, height) in pixels, both positive")


def to_pixels(
    coordinates: npt.ArrayLike,
    *,
    convention: Convention,
    size: tuple[int, int],
    seen: tuple[int, int] | None = None,
) -> Floats:
    """Return continuous pixel coordinates in an image, float64 of the same shape.

    Args:
        coordinates: [..., 2k] alternating x and y; x to the right, y down, from the top left.
        convention: Declared by the model, never guessed from the size of the numbers.
        size: (width, height) of the image that the truth is drawn on.
        seen: (width, height) of the image that the model saw, for ``pixel``; default ``size``.

    Raises:
        ValueError: The convention is not known or a size is not positive.

    >>> to_pixels([[500, 250]], convention="relative_1000", size=(640, 480)).tolist()
    [[320.0, 120.0]]
    """
    check_convention(convention)
    check_size("size", size)
    check_size("seen", seen or size)
    array: Floats = np.asarray(coordinates, dtype=np.float64)
    full = {"unit": (1, 1), "relative_1000": (1000, 1000), "pixel": seen or size}[convention]
    scale = np.array([size[0] / full[0], size[1] / full[1]])
    with np.errstate(over="ignore"):  # beyond float64 is outside of any image
        scaled: Floats = array * np.tile(scale, array.shape[-1] // 2)
    return scaled


def written_lists(answer: str) -> list[tuple[float, ...]]:
    """Return every bracketed list of two to six numbers, in order."""
    return [tuple(map(float, match[1].split(","))) for match in LIST.finditer(answer)]


def answer_of(text: str) -> str:
    """Return the answer without its reasoning: the last fenced block that holds a digit, or all."""
    low, high, _ = answer_window(text)
    answer = text[low:high]
    parts = _FENCE.split(answer)
    blocks = [part for part in parts[1::2] if any(map(str.isdigit, part))]
    return blocks[-1] if blocks else answer


def is_cut(answer: str, finish_reason: FinishReason | None) -> bool:
    """Whether the model was stopped at its token limit, or the answer ends inside of a list.

    >>> is_cut("[(0.3, 0.4), (0.5", None), is_cut("(0.3, 0.4)", None)
    (True, False)
    """
    opened = max(answer.rfind(mark) for mark in "([{")
    closed = max(answer.rfind(mark) for mark in ")]}")
    left_open = opened > closed and _OPEN_LIST.match(answer, opened) is not None
    return finish_reason == "length" or left_open
