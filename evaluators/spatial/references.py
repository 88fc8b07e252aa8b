"""How the public code of each benchmark scores an answer, its faults included.

Each reading has a name that rows carry (``SpatialRow.reference``). ``_reference_lmms`` is what
lmms-eval 0.7.3 computes, ``_reference_official`` the benchmark's own script, where it differs.
Readings take the answer as the public function does: ``reasoning_tags`` has its turn before them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluators.spatial import lmms_choices, lmms_crosspoint, lmms_points
from evaluators.spatial.boxes import Box
from evaluators.spatial.lmms_boxes import best_iou
from evaluators.spatial.numbers import NumberPolicy, parse_number
from evaluators.spatial.reference_readers import reference_choice
from evaluators.spatial.roborefer import roborefer_accuracy
from jumpscore.scoring.readers import Reader, ReferenceCrashError

LMMS, OFFICIAL = "_reference_lmms", "_reference_official"
OVERLAP = 0.5
"""IoU from which a box counts as found."""
MRA_AT = np.linspace(0.5, 0.95, 10)


@dataclass(frozen=True, slots=True)
class ScoredQuestion:
    """What the public code looks at besides the answer.

    Attributes:
        rule: Of the row.
        mask: bool [height, width], for points.
        size: (width, height) of the image in pixels, for boxes.
        box: The true one in pixels.
        number: The true one, or how many points are asked for.
        letter: Of the right option.
        options: Letter -> words.
        question: The question's text, in which some tasks look for the options.
    """

    rule: str
    mask: npt.NDArray[np.bool_] | None = None
    size: tuple[int, int] = (1, 1)
    box: Box = (0.0, 0.0, 1.0, 1.0)
    number: float = 0.0
    letter: str = ""
    options: Mapping[str, str] | None = None
    question: str = ""

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


def _tuples(text: str, asked: ScoredQuestion) -> float:
    pixels = lmms_points.TUPLES.read(text, asked.mask_size) or []
    return lmms_points.share_inside(pixels, asked.drawn)


def _official_tuples(text: str, asked: ScoredQuestion) -> float:
    return roborefer_accuracy(text, asked.drawn)


def _pointbench(text: str, asked: ScoredQuestion) -> float:
    """Return PointBench's binary score: the first point is inside; of counts, all, as many."""
    pixels = lmms_points.guessed_pairs(text, asked.mask_size).value
    counted = asked.rule == "count"
    if not pixels or (counted and len(pixels) != asked.number):
        return 0.0
    checked = pixels if counted else pixels[:1]
    return float(all(lmms_points.is_inside(pixel, asked.drawn) for pixel in checked))


def _robospatial(text: str, asked: ScoredQuestion) -> float:
    """Return RoboSpatial's score: any point of a fenced JSON list, or the last line's yes or no."""
    if asked.rule == "word":
        right = (asked.options or {}).get(asked.letter, "").strip().lower()
        found = lmms_points.ROBOSPATIAL_WORD.read(text, "yes" if right == "yes" else "no")
        return float(bool(found))
    pixels = lmms_points.ROBOSPATIAL.read(text, asked.mask_size) or []
    return float(any(lmms_points.is_inside(pixel, asked.drawn) for pixel in pixels))


def _crosspoint(text: str, asked: ScoredQuestion) -> float:
    """Return CrossPoint's score: the point, in pixels, is in the mask; or the letter is right."""
    if asked.rule == "choice":
        return float(lmms_crosspoint.CHOICE.read(text) == asked.letter)
    pixel = lmms_crosspoint.answered_pixel(text)
    return float(pixel is not None and lmms_points.is_inside(pixel, asked.drawn))


def refcoco_iou(text: str, asked: ScoredQuestion) -> float:
    """Return the IoU of RefCOCO's public code.

    Raises:
        ReferenceCrashError: It raises there, or is not a number, as is the mean then.
    """
    iou = best_iou(text, asked.box, size=asked.size)
    if math.isnan(iou):
        raise ReferenceCrashError("the public code's IoU of this answer is not a number")
    return iou


def _refcoco(text: str, asked: ScoredQuestion) -> float:
    return float(refcoco_iou(text, asked) >= OVERLAP)


def reference_mra(prediction: float | None, truth: float) -> float:
    """Return MRA as the public code computes it, in float64, where thresholds are not round.

    >>> reference_mra(4, 5)  # an error of 0.2, which is not within 1 - 0.8 there
    0.6
    """
    if prediction is None or truth == 0:
        return 0.0
    return float((abs(prediction - truth) / truth <= 1 - MRA_AT).mean())


def _vsi(text: str, asked: ScoredQuestion, policy: NumberPolicy) -> float:
    if asked.rule == "choice":
        return float(reference_choice(text, asked.options or {}) == asked.letter)
    number = parse_number(text, policy=policy)
    if number.status != "unparseable" and asked.number == 0:
        raise ReferenceCrashError("the public code divides by a true number of 0")
    return reference_mra(number.value, asked.number)


def _revsi(text: str, asked: ScoredQuestion) -> float:
    try:
        return _vsi(text.strip(), asked, "reference_official")
    except ReferenceCrashError:
        return 0.0  # which the public code catches


def _letter(reader: Reader[str]) -> ReferenceScore:
    return lambda text, asked: float(reader.read(text) == asked.letter)


def _blink(text: str, asked: ScoredQuestion) -> float:
    return float(lmms_choices.BLINK.read(text, "".join(asked.options or {})) == asked.letter)


def _word(reader: Reader[str]) -> ReferenceScore:
    """Return the reading of a task whose filter looks at the question's text."""
    return lambda text, asked: float(
        lmms_choices.is_same_word(reader.read(text, asked.question), asked.letter)
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
            LMMS: lambda text, asked: _vsi(text, asked, "reference_lmms"),
            OFFICIAL: lambda text, asked: _vsi(text, asked, "reference_official"),
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
