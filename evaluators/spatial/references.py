"""Scores of each benchmark's public code, faults included.

Rows name their public scorer (``SpatialRow.reference``). ``_reference_lmms`` is the score of
lmms-eval 0.7.3, ``_reference_official`` that of the benchmark's own script, if it differs. Scorers
receive the same text as the public function, after ``reasoning_tags``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from evaluators.spatial import lmms_choices, lmms_crosspoint, lmms_numbers, lmms_points
from evaluators.spatial.lmms_boxes import reference_box_iou
from evaluators.spatial.numbers import NumberPolicy, parse_number
from evaluators.spatial.roborefer import roborefer_accuracy
from jumpscore.scoring.readers import Reader, ReferenceCrashError

if TYPE_CHECKING:
    from evaluators.spatial.rows import SpatialTruth  # which checks names of REFERENCES

LMMS, OFFICIAL = "_reference_lmms", "_reference_official"
OVERLAP = 0.5
"""Minimum IoU of a correct box."""
MRA_AT = np.linspace(0.5, 0.95, 10)


@dataclass(frozen=True, slots=True)
class ScoredQuestion:
    """The truth that the public code compares an answer with.

    Attributes:
        truth: The question's truth.
        mask: Its mask as pixels, bool [height, width], for points.
    """

    truth: SpatialTruth
    mask: npt.NDArray[np.bool_] | None = None

    @property
    def drawn(self) -> npt.NDArray[np.bool_]:
        """The mask of a question about points."""
        assert self.mask is not None
        return self.mask

    @property
    def mask_size(self) -> tuple[int, int]:
        """(width, height) of the mask."""
        height, width = self.drawn.shape
        return width, height


ReferenceScore = Callable[[str, ScoredQuestion], float]


def _tuples(text: str, question: ScoredQuestion) -> float:
    pixels = lmms_points.TUPLES.read(text, question.mask_size) or []
    return lmms_points.share_inside(pixels, question.drawn)


def _official_tuples(text: str, question: ScoredQuestion) -> float:
    return roborefer_accuracy(text, question.drawn)


def _pointbench(text: str, question: ScoredQuestion) -> float:
    """Return PointBench's binary score: the first point, or all of a count, are inside."""
    pixels = lmms_points.guessed_pairs(text, question.mask_size).value
    counted = question.truth.rule == "count"
    if not pixels or (counted and len(pixels) != question.truth.number):
        return 0.0
    checked = pixels if counted else pixels[:1]
    return float(all(lmms_points.is_inside(pixel, question.drawn) for pixel in checked))


def _robospatial(text: str, question: ScoredQuestion) -> float:
    """Return RoboSpatial's score: any point of a fenced JSON list, or the last line's yes or no."""
    if question.truth.rule == "word":
        right = question.truth.options.get(question.truth.letter, "").strip().lower()
        correct = lmms_points.ROBOSPATIAL_WORD.read(text, "yes" if right == "yes" else "no")
        return float(bool(correct))
    pixels = lmms_points.ROBOSPATIAL.read(text, question.mask_size) or []
    return float(any(lmms_points.is_inside(pixel, question.drawn) for pixel in pixels))


def _crosspoint(text: str, question: ScoredQuestion) -> float:
    """Return CrossPoint's score: the point, in pixels, is in the mask; or the letter is right."""
    if question.truth.rule == "choice":
        return float(lmms_crosspoint.CHOICE.read(text) == question.truth.letter)
    pixel = lmms_crosspoint.answered_pixel(text)
    return float(pixel is not None and lmms_points.is_inside(pixel, question.drawn))


def refcoco_iou(text: str, question: ScoredQuestion) -> float:
    """Return the IoU of RefCOCO's public code.

    Raises:
        ReferenceCrashError: The public code raises, or its IoU and mean are NaN.
    """
    iou = reference_box_iou(text, question.truth.box, size=question.truth.size)
    if math.isnan(iou):
        raise ReferenceCrashError("the public code's IoU of this answer is not a number")
    return iou


def _refcoco(text: str, question: ScoredQuestion) -> float:
    return float(refcoco_iou(text, question) >= OVERLAP)


def reference_mra(prediction: float | None, truth: float) -> float:
    """Return MRA as the public code computes it, with rounding errors in its thresholds.

    >>> reference_mra(4, 5)  # an error of 0.2 is above its 1 - 0.8
    0.6
    """
    if prediction is None or truth == 0:
        return 0.0
    return float((abs(prediction - truth) / truth <= 1 - MRA_AT).mean())


def _vsi(text: str, question: ScoredQuestion, policy: NumberPolicy) -> float:
    truth = question.truth
    if truth.rule == "choice":
        return float(lmms_numbers.LETTER.read(text, truth.options) == truth.letter)
    number = parse_number(text, policy=policy)
    if number.status != "unparseable" and truth.number == 0:
        raise ReferenceCrashError("the public code divides by a true number of 0")
    return reference_mra(number.value, truth.number)


def _revsi(text: str, question: ScoredQuestion) -> float:
    try:
        return _vsi(text.strip(), question, "reference_official")
    except ReferenceCrashError:
        return 0.0  # the public code catches it


def _letter(reader: Reader[str]) -> ReferenceScore:
    return lambda text, question: float(reader.read(text) == question.truth.letter)


def _blink(text: str, question: ScoredQuestion) -> float:
    truth = question.truth
    return float(lmms_choices.BLINK.read(text, "".join(truth.options)) == truth.letter)


def _word(reader: Reader[str]) -> ReferenceScore:
    """Return the score of a task whose filter searches the question's text."""
    return lambda text, question: float(
        lmms_choices.is_same_word(reader.read(text, question.truth.listing), question.truth.letter)
    )


@dataclass(frozen=True, slots=True)
class PublicScorer:
    """The public code of a benchmark.

    Attributes:
        rules: Rules of the rows that it scores.
        scores: Suffix of the main metric, or the name of another -> score of an answer.
        filtered_first: Whether its own filter reads the answer before reasoning tags are removed.
    """

    rules: tuple[str, ...]
    scores: Mapping[str, ReferenceScore]
    filtered_first: bool = False


def _of_choices(score: ReferenceScore, *, filtered_first: bool = False) -> PublicScorer:
    return PublicScorer(("choice",), {LMMS: score}, filtered_first)


REFERENCES: dict[str, PublicScorer] = {
    "points_in_mask": PublicScorer(("points",), {LMMS: _tuples, OFFICIAL: _official_tuples}),
    "pointbench": PublicScorer(("points", "first_point", "count"), {LMMS: _pointbench}),
    "robospatial": PublicScorer(("points", "word"), {LMMS: _robospatial}),
    "crosspoint": PublicScorer(("first_point", "choice"), {LMMS: _crosspoint}),
    "refcoco": PublicScorer(("box",), {LMMS: _refcoco, f"miou{LMMS}": refcoco_iou}),
    "vsibench": PublicScorer(
        ("number", "choice"),
        {
            LMMS: lambda text, question: _vsi(text, question, "reference_lmms"),
            OFFICIAL: lambda text, question: _vsi(text, question, "reference_official"),
        },
    ),
    "revsi": PublicScorer(("number", "choice"), {LMMS: _revsi}),
    "cv_bench": _of_choices(_letter(lmms_choices.FIRST_LETTER)),
    "embspatial": _of_choices(_letter(lmms_choices.FIRST_LETTER)),
    "blink": _of_choices(_blink),
    "erqa": _of_choices(_letter(lmms_choices.ERQA)),
    "mmsi_bench": _of_choices(_letter(lmms_choices.MMSI)),
    "sat": _of_choices(_word(lmms_choices.BY_ORDER), filtered_first=True),
    "metavqa": _of_choices(_word(lmms_choices.BY_ORDER), filtered_first=True),
    "crpe": _of_choices(_word(lmms_choices.CRPE), filtered_first=True),
}
"""``SpatialRow.reference`` -> public scorer."""


def suffixes(names: Sequence[str]) -> list[str]:
    """Return the suffixes of the main metric that these public scorers add, in order.

    >>> suffixes(["vsibench", ""])
    ['_reference_lmms', '_reference_official']
    """
    available = {
        suffix for name in names if name in REFERENCES for suffix in REFERENCES[name].scores
    }
    return [suffix for suffix in (LMMS, OFFICIAL) if suffix in available]
