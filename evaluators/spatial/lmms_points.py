"""Points as lmms-eval 0.7.3 reads them: Where2Place, RefSpatial, PointBench, RoboSpatial."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jumpscore.scoring.readers import Reader, ReferenceCrashError, Value

Size = tuple[int, int]
"""(width, height) in pixels."""
Pixels = list[tuple[int, int]]
Mask = npt.NDArray[np.bool_]

# Possessive quantifiers: linear in texts of any length. No space after the bracket or before a
# comma, and a digit before the point.
_SIGNED = r"[-+]?\d++\.?+\d*+"
_TUPLE = re.compile(rf"\(({_SIGNED}(?:,\s*+{_SIGNED})*+)\)")
_PLAIN = r"([-+]?(?:\d++(?:\.\d++)?+|\.\d++))"
_PAIR = re.compile(rf"\({_PLAIN}\s*+,\s*+{_PLAIN}\)")
_FENCE = re.compile(r"```\w*+\n")
_ANSWER = re.compile("<answer>", re.IGNORECASE)
_ANSWER_END = re.compile("</answer>", re.IGNORECASE)
_INT32 = np.iinfo(np.int32)


def written_tuples(text: str, size: Size) -> list[list[float]]:
    """Read every ``(1, 2, ...)``; numbers without a point are integers.

    Raises:
        ReferenceCrashError: One has more digits than Python converts.
    """
    try:
        return [
            [float(part) if "." in part else int(part) for part in inside.split(",")]
            for inside in _TUPLE.findall(text)
        ]
    except ValueError as error:
        raise ReferenceCrashError(f"the public code cannot convert a number ({error})") from error


def pairs_only(tuples: list[list[float]], size: Size) -> list[list[float]]:
    """Keep tuples of two."""
    return [values for values in tuples if len(values) == 2]


def scaled_fractions(pairs: list[list[float]], size: Size) -> Value[Pixels]:
    """Read every number as a fraction of the image, even ``(60, 40)``; rounds towards zero.

    Raises:
        ReferenceCrashError: A number is too large for an index.
    """
    try:
        pixels = [(int(x / 1 * size[0]), int(y / 1 * size[1])) for x, y in pairs]
    except (OverflowError, ValueError) as error:
        raise ReferenceCrashError(f"the public code cannot convert a number ({error})") from error
    if pixels and np.array(pixels).dtype.kind not in "iu":
        raise ReferenceCrashError("the public code cannot use a number as an index")
    return Value(pixels)


TUPLES: Reader[Pixels] = Reader((written_tuples, pairs_only, scaled_fractions))
"""Reader of Where2Place and RefSpatial."""


def as_fractions(point: tuple[float, float], size: Size) -> Value[tuple[float, float]] | None:
    """Read a point as fractions if both numbers are at most 1."""
    x, y = point
    return Value((x * size[0], y * size[1])) if 0 <= x <= 1 and 0 <= y <= 1 else None


def as_thousandths(point: tuple[float, float], size: Size) -> Value[tuple[float, float]] | None:
    """Read a point as thousandths if both numbers are at most 1000."""
    x, y = point
    if not (0 <= x <= 1000 and 0 <= y <= 1000):
        return None
    return Value((x / 1000 * size[0], y / 1000 * size[1]))


def as_pixels(point: tuple[float, float], size: Size) -> Value[tuple[float, float]]:
    """Read a point as pixels."""
    return Value(point)


GUESS: Reader[tuple[float, float]] = Reader((as_fractions, as_thousandths, as_pixels))
"""The unit of a point, which PointBench's scorer guesses from its size."""


def guessed_pairs(
    text: str, size: Size, guess: Reader[tuple[float, float]] = GUESS
) -> Value[Pixels]:
    """Read every ``(1, 2)``, its unit guessed; rounds to the nearest pixel.

    Raises:
        ReferenceCrashError: A number is beyond 32 bits.
    """
    pixels = []
    for x, y in _PAIR.findall(text):
        guessed = guess.read((float(x), float(y)), size) or (0.0, 0.0)
        if not all(_INT32.min - 1 < value < _INT32.max + 1 for value in guessed):
            raise ReferenceCrashError("a number does not fit the public code's 32 bits")
        column, row = (round(value) for value in guessed)
        if not all(_INT32.min <= value <= _INT32.max for value in (column, row)):
            raise ReferenceCrashError("a number does not fit the public code's 32 bits")
        pixels.append((column, row))
    return Value(pixels)


def without_thinking(text: str, *_: object) -> str:
    """Remove everything up to the first ``</think>``."""
    return text.partition("</think>")[2] if "</think>" in text else text


def without_thought(text: str, *_: object) -> str:
    """Remove everything up to the first ``</thought>``."""
    return text.partition("</thought>")[2] if "</thought>" in text else text


def inside_answer_tag(text: str, *_: object) -> str | None:
    """Keep the text between the first ``<answer>`` and the next ``</answer>``, if any."""
    opening = _ANSWER.search(text)
    closing = _ANSWER_END.search(text, opening.end()) if opening else None
    return text[opening.end() : closing.start()] if opening and closing else None


ROBOSPATIAL_RULES = (without_thinking, without_thought, inside_answer_tag)
"""What RoboSpatial's scorer removes before it looks for points or for yes and no."""


@dataclass(frozen=True, slots=True)
class Json:
    """The value of a JSON text, which may be ``None``."""

    data: Any


def fenced_json(text: str, size: Size) -> Json | Value[Pixels]:
    """Read the first fenced block as JSON; without one there are no points.

    Raises:
        ReferenceCrashError: Numbers have too many digits for Python, or brackets nest too deep.
    """
    fence = _FENCE.search(text)
    end = text.find("```", fence.end()) if fence else -1
    if fence is None or end < 0:
        return Value([])
    try:
        return Json(json.loads(text[fence.end() : end].strip()))
    except json.JSONDecodeError:
        return Value([])
    except (ValueError, RecursionError) as error:
        raise ReferenceCrashError(f"the public code cannot read the JSON ({error})") from error


def point_2d_entries(block: Json, size: Size) -> Value[Pixels]:
    """Read ``point_2d`` of every entry in thousandths; rounds towards zero.

    Raises:
        ReferenceCrashError: The data are not a list of objects with numbers.
    """
    try:
        return Value([_thousandths(entry, size) for entry in block.data if _has_point(entry)])
    except (TypeError, ValueError, OverflowError) as error:
        raise ReferenceCrashError(f"the public code cannot read a point ({error})") from error


def _has_point(entry: Any) -> bool:
    # A text that contains the word passes here, and then crashes the public code.
    if "point_2d" not in entry:
        return False
    point = entry["point_2d"]
    return isinstance(point, list) and len(point) == 2


def _thousandths(entry: Any, size: Size) -> tuple[int, int]:
    x, y = entry["point_2d"]
    return int(x / 1000 * size[0]), int(y / 1000 * size[1])


ROBOSPATIAL: Reader[Pixels] = Reader((*ROBOSPATIAL_RULES, fenced_json, point_2d_entries))


def last_line(text: str, right: str) -> str:
    """Return the last line in lower case."""
    return text.strip().lower().split("\n")[-1]


def one_word_only(line: str, right: str) -> Value[bool]:
    """Return whether the line contains only the right one of ``yes`` and ``no``, even in words."""
    wrong = "no" if right == "yes" else "yes"
    return Value(right in line and wrong not in line)


ROBOSPATIAL_WORD: Reader[bool] = Reader((*ROBOSPATIAL_RULES, last_line, one_word_only))


def share_inside(pixels: Pixels, mask: Mask) -> float:
    """Return the share of points inside the mask; 0 without points."""
    return sum(is_inside(pixel, mask) for pixel in pixels) / len(pixels) if pixels else 0.0


def is_inside(pixel: tuple[int, int], mask: Mask) -> bool:
    """Return whether a pixel is inside the mask; pixels outside the image are not."""
    column, row = pixel
    height, width = mask.shape
    return 0 <= column < width and 0 <= row < height and bool(mask[row, column])
