"""How the public code of each benchmark scores an answer, its faults included.

Each reading has a name that rows carry (``SpatialRow.reference``). ``_reference_lmms`` is what
lmms-eval 0.7.3 computes, ``_reference_official`` the benchmark's own script, where it differs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluators.spatial.boxes import Box
from evaluators.spatial.numbers import NumberPolicy, parse_number
from evaluators.spatial.points import in_mask, mask_fraction
from evaluators.spatial.reference_readers import (
    reference_box_iou,
    reference_choice,
    reference_points,
)
from jumpscore.jsonio import parse_json

LMMS, OFFICIAL = "_reference_lmms", "_reference_official"
OVERLAP = 0.5
"""IoU from which a box counts as found."""

# Nothing is given back once taken: linear in texts of any length.
_PLAIN = r"([-+]?(?:\d++(?:\.\d++)?|\.\d++))"
_POINTBENCH = re.compile(rf"\({_PLAIN}\s*+,\s*+{_PLAIN}\)")
_FENCE = re.compile(r"```\w*+\n")
_THOUGHT = re.compile(r"\A.*?</(?:think|thought)>", re.DOTALL)
MRA_AT = np.linspace(0.5, 0.95, 10)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the public code looks at beside the answer.

    Attributes:
        rule: Of the row.
        mask: bool [height, width], for points.
        size: (width, height) of the image in pixels, for boxes.
        box: The true one in pixels.
        number: The true one, or how many points are asked for.
        letter: Of the right option.
        options: Letter -> words.
    """

    rule: str
    mask: npt.NDArray[np.bool_] | None = None
    size: tuple[int, int] = (1, 1)
    box: Box = (0.0, 0.0, 1.0, 1.0)
    number: float = 0.0
    letter: str = ""
    options: Mapping[str, str] | None = None


Reading = Callable[[str, Asked], float]


def _fraction(text: str, asked: Asked, integers: str) -> float:
    assert asked.mask is not None
    height, width = asked.mask.shape
    how = "unit" if integers == "unit" else "pixel"
    points = reference_points(text, size=(width, height), integers=how)  # type: ignore[arg-type]
    return mask_fraction(in_mask(points, asked.mask, convention="pixel"))


def _pointbench(text: str, asked: Asked) -> float:
    """Return PointBench's binary score, as lmms-eval reads points: their unit is guessed."""
    assert asked.mask is not None
    height, width = asked.mask.shape
    points = [_guessed(float(x), float(y), width, height) for x, y in _POINTBENCH.findall(text)]
    if not points:
        return 0.0
    counted = asked.rule == "count"
    if counted and len(points) != asked.number:
        return 0.0
    inside = in_mask(points if counted else points[:1], asked.mask, convention="pixel")
    return float(inside.all())


def _guessed(x: float, y: float, width: int, height: int) -> tuple[int, int]:
    """Return a pixel: of fractions where both are at most 1, of thousandths up to 1000."""
    if 0 <= x <= 1 and 0 <= y <= 1:
        return round(x * width), round(y * height)
    if 0 <= x <= 1000 and 0 <= y <= 1000:
        return round(x / 1000 * width), round(y / 1000 * height)
    outside = max(abs(x), abs(y)) > 2**31
    return (-1, -1) if outside else (round(x), round(y))


def _robospatial(text: str, asked: Asked) -> float:
    """Return RoboSpatial's score: any point of a fenced JSON list, or the last line's yes or no."""
    answer = _THOUGHT.sub("", text)
    tagged = _between(answer, "<answer>", "</answer>")
    answer = (answer if tagged is None else tagged).strip()
    if asked.rule == "word":
        last = answer.lower().split("\n")[-1]
        said = ("yes" in last, "no" in last)
        truth = (asked.options or {}).get(asked.letter, "").lower() == "yes"
        return float(said == (truth, not truth))
    assert asked.mask is not None
    points = _fenced_points(answer)
    return float(in_mask(points, asked.mask, convention="relative_1000").any()) if points else 0.0


def _between(text: str, start: str, end: str) -> str | None:
    """Return what stands between the first tag and the next closing one, in any case."""
    lower = text.lower()
    first = lower.find(start)
    last = lower.find(end, first + len(start)) if first >= 0 else -1
    return text[first + len(start) : last] if last >= 0 else None


def _fenced_points(answer: str) -> list[tuple[float, float]]:
    fence = _FENCE.search(answer)
    end = answer.find("```", fence.end()) if fence else -1
    try:
        items = parse_json(answer[fence.end() : end].strip()) if fence and end >= 0 else []
    except ValueError:
        return []
    points = []
    for item in items if isinstance(items, list) else []:
        point = item.get("point_2d") if isinstance(item, dict) else None
        if isinstance(point, list) and len(point) == 2 and all(map(_is_coordinate, point)):
            points.append((float(point[0]), float(point[1])))
    return points


def _is_coordinate(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 2**53


def _refcoco(text: str, asked: Asked) -> float:
    return float(reference_box_iou(text, asked.box, size=asked.size) >= OVERLAP)


def reference_mra(prediction: float | None, truth: float) -> float:
    """Return MRA as the public code computes it, in float64, where thresholds are not round.

    >>> reference_mra(4, 5)  # an error of 0.2, which is not within 1 - 0.8 there
    0.6
    """
    if prediction is None or truth == 0:
        return 0.0
    return float((abs(prediction - truth) / truth <= 1 - MRA_AT).mean())


def _vsi(text: str, asked: Asked, policy: NumberPolicy) -> float:
    if asked.rule == "number":
        return reference_mra(parse_number(text, policy=policy).value, asked.number)
    return float(reference_choice(text, asked.options or {}) == asked.letter)


REFERENCES: dict[str, Mapping[str, Reading]] = {
    "points_in_mask": {
        LMMS: lambda text, asked: _fraction(text, asked, "unit"),
        OFFICIAL: lambda text, asked: _fraction(text, asked, "pixel"),
    },
    "pointbench": {LMMS: _pointbench},
    "robospatial": {LMMS: _robospatial},
    "refcoco": {LMMS: _refcoco},
    "vsibench": {
        LMMS: lambda text, asked: _vsi(text, asked, "reference_lmms"),
        OFFICIAL: lambda text, asked: _vsi(text, asked, "reference_official"),
    },
    "revsi": {LMMS: lambda text, asked: _vsi(text.strip(), asked, "reference_official")},
}
"""Name -> suffix of its number -> how it reads."""

FITTING: dict[str, tuple[str, ...]] = {
    "points_in_mask": ("points",),
    "pointbench": ("points", "first_point", "count"),
    "robospatial": ("points", "word"),
    "refcoco": ("box",),
    "vsibench": ("number", "choice"),
    "revsi": ("number", "choice"),
}
"""Name -> rules of the rows that it can read."""


def suffixes(names: Sequence[str]) -> list[str]:
    """Return the suffixes of the numbers that some of these readings give, in order.

    >>> suffixes(["vsibench", ""])
    ['_reference_lmms', '_reference_official']
    """
    given = {suffix for name in names for suffix in REFERENCES.get(name, ())}
    return [suffix for suffix in (LMMS, OFFICIAL) if suffix in given]
