"""Score one answer by the rule of its row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluators.coordinates import (
    UNKNOWN_SIZE,
    UNSTATED,
    in_mask,
    mask_fraction,
    right_count,
    to_pixels,
)
from evaluators.drawings import box_shape, drawing, outlines, shape
from evaluators.images import mask_pixels
from evaluators.spatial.boxes import box_iou
from evaluators.spatial.numbers import mean_relative_accuracy, parse_number
from evaluators.spatial.references import (
    LMMS,
    OVERLAP,
    REFERENCES,
    ScoredQuestion,
)
from evaluators.spatial.rows import MASKED, SpatialTruth
from jumpscore.answers.choices import parse_choice, parse_word
from jumpscore.answers.places.boxes import Box, parse_box
from jumpscore.answers.places.points import parse_points
from jumpscore.records import (
    Convention,
    OverlayView,
    ParseSummary,
    Response,
    SampleScore,
    Status,
)
from jumpscore.scoring import ReferenceCrashError
from jumpscore.scoring.reasoning_tags import ReasoningTags, scored_text

CRASH = "answers that crash lmms-eval"
OFFICIAL_CRASH = "answers that crash the benchmark's own script"
UNSTATED_NOTE = "answers in coordinates of an unknown convention: set task.convention"


def score_answer(
    truth: SpatialTruth,
    response: Response,
    *,
    convention: Convention | None = None,
    reasoning_tags: ReasoningTags = "lmms_eval",
) -> SampleScore:
    """Return the score of an answer.

    Its values are ``""`` (the score by the rule, 0..1), ``miou``, ``content_free`` (the blind
    baseline's score) and those of the public code by suffix or name.

    Args:
        truth: Ground truth of the question.
        response: The answer.
        convention: Convention of its coordinates, which overrides wrapper and prompt. By default
            the wrapper's convention applies, then the prompt's; if all are unset, nothing is
            guessed and the answer is unscored.
        reasoning_tags: Which reasoning to remove before lmms-eval's code reads the answer.

    Raises:
        DataError: The mask is damaged or empty.
    """
    mask = mask_pixels(truth.mask) if truth.rule in MASKED else None
    known = convention or response.convention or truth.convention
    if mask is not None:
        score = _points(truth, mask, response, known)
    elif truth.rule == "box":
        score = _box(truth, response, known)
    elif truth.rule == "number":
        score = _number(truth, response)
    else:
        score = _choice(truth, response)
    coordinates = mask is not None or truth.rule == "box"
    notes = _assumptions(truth, response, known) if coordinates else {}
    references, crashes = _references(truth, mask, response.text, reasoning_tags)
    if score.status != "error":
        values = {"content_free": _blind(truth, mask), **references, **score.values}
        score = replace(score, values=values)
    return replace(
        score,
        details={"rule": truth.rule, **score.details},
        notes={**score.notes, **notes, **crashes},
        cluster=truth.media,
        group=truth.cell,
    )


def _assumptions(
    truth: SpatialTruth, response: Response, known: Convention | None
) -> dict[str, int]:
    """Note a coordinate convention or image size that was assumed or overridden."""
    notes = {}
    if known and truth.convention and known != truth.convention:
        notes[f"answers read as {known} although the prompt asks for {truth.convention}"] = 1
    if known == "pixel" and response.image_size is None:
        notes[UNKNOWN_SIZE] = 1
    return notes


def _points(
    truth: SpatialTruth,
    mask: npt.NDArray[np.bool_],
    response: Response,
    convention: Convention | None,
) -> SampleScore:
    parsed = parse_points(
        response.text, convention=convention or "unit", finish_reason=response.finish_reason
    )
    parse = ParseSummary(parsed.parser)
    details: dict[str, Any] = {"points_found": len(parsed.points)}
    notes = {"groups of numbers that are not points": parsed.rejected} if parsed.rejected else {}
    if parsed.points and convention is None:
        notes[UNSTATED_NOTE] = 1
        return SampleScore(
            response.id, "error", parse=parse, details=details, notes=notes, message=UNSTATED
        )
    points = np.asarray(parsed.points, dtype=np.float64).reshape(-1, 2)
    if len(set(parsed.images)) > 1:  # keep points on the image that the question is about
        about = np.array([image == truth.about + 1 for image in parsed.images])
        notes["points on other images"] = int((~about).sum())
        points = points[about]
    if truth.rule == "first_point":
        points = points[:1]
    seen = response.image_size
    inside = in_mask(points, mask, convention=convention or "unit", seen=seen)
    if truth.rule == "count":
        value = float(right_count(inside, int(truth.number)) and len(inside) > 0)
    else:
        value = mask_fraction(inside)
    pixels = to_pixels(points, convention=convention or "unit", size=truth.size, seen=seen)
    within = ((pixels >= 0) & (pixels < truth.size)).all(axis=1)
    outside = int(np.count_nonzero(~within))
    if outside:
        notes["points outside the image"] = outside
    details |= {"size": list(truth.size), "convention": convention}
    answered = shape("answer", "points", pixels / truth.size)
    words = f"{np.count_nonzero(inside)} of {len(inside)} points inside"
    if truth.rule == "count":
        words += f", {truth.number:.0f} asked for"
    shapes = [*outlines("truth", mask), answered]
    view = OverlayView((drawing(shapes, media=truth.about, caption=words),))
    return SampleScore(
        response.id,
        parsed.status,
        {"": value},
        parse=parse,
        view=view,
        details=details,
        notes=notes,
    )


_BOX_NOTES = {
    "inverted": "boxes with swapped corners",
    "ambiguous": "answers with more than one box",
}


def _box(truth: SpatialTruth, response: Response, convention: Convention | None) -> SampleScore:
    parsed = parse_box(
        response.text, convention=convention or "unit", finish_reason=response.finish_reason
    )
    details: dict[str, Any] = {"size": list(truth.size), "true_box": list(truth.box)}
    details |= {"boxes_found": parsed.count, "rejected": parsed.rejected}
    shapes = [box_shape("truth", _fractions(truth.box, truth.size))]
    notes = {_BOX_NOTES[parsed.status]: 1} if parsed.status in _BOX_NOTES else {}
    if parsed.box is not None and convention is None:
        notes[UNSTATED_NOTE] = 1
        return SampleScore(response.id, "error", details=details, notes=notes, message=UNSTATED)
    iou = 0.0
    if parsed.box is not None and convention is not None:
        pixels = to_pixels(
            parsed.box, convention=convention, size=truth.size, seen=response.image_size
        )
        x1, y1, x2, y2 = pixels.tolist()
        details["convention"] = convention
        if np.isfinite(pixels).all():
            box: Box = (x1, y1, x2, y2)
            iou = box_iou(box, truth.box)
            details |= {"answered_box": [round(v, 3) for v in box], "iou": round(iou, 6)}
            shapes.append(box_shape("answer", _fractions(box, truth.size)))
        else:
            notes["answers with numbers too large for any image"] = 1
    words = f"IoU {iou:.2f}" if "answered_box" in details else "no box answered"
    view = OverlayView((drawing(shapes, media=truth.about, caption=words),))
    status: Status = "partial" if parsed.status == "partial" else "ok"
    if parsed.status in ("ambiguous", "unparseable"):
        status = "unparseable"
    return SampleScore(
        response.id,
        status,
        {"": float(iou >= OVERLAP), "miou": iou},
        view=view,
        details=details,
        notes=notes,
    )


def _fractions(box: Box, size: tuple[int, int]) -> list[float]:
    return [corner / size[place % 2] for place, corner in enumerate(box)]


def _shown(truth: SpatialTruth, true: object, answered: object) -> OverlayView:
    """Return the picture, or the first frame of a video, captioned with truth and answer."""
    text = "nothing readable" if answered is None else answered
    caption = f"true: {true}, answered: {text}"
    return OverlayView((drawing([], media=truth.about, caption=caption),))


_NUMBER_NOTES = {
    "ambiguous": "answers with more than one number",
    "not_finite": "answers with infinite numbers",
}


def _number(truth: SpatialTruth, response: Response) -> SampleScore:
    parsed = parse_number(response.text, finish_reason=response.finish_reason)
    readable = parsed.status in ("ok", "partial")
    return SampleScore(
        response.id,
        "unparseable" if not readable else parsed.status,  # type: ignore[arg-type]
        {"": mean_relative_accuracy(parsed.value, truth.number)},
        view=_shown(truth, f"{truth.number:g}", parsed.value),
        details={
            "true_number": truth.number,
            "answered_number": parsed.value,
            "rejected": parsed.rejected,
        },
        notes={_NUMBER_NOTES[parsed.status]: 1} if parsed.status in _NUMBER_NOTES else {},
    )


def _choice(truth: SpatialTruth, response: Response) -> SampleScore:
    parse = parse_word if truth.rule == "word" else parse_choice
    parsed = parse(response.text, truth.options)
    cut = response.finish_reason == "length"
    status: Status = "partial" if cut else "ok" if parsed.status == "ok" else "unparseable"
    return SampleScore(
        response.id,
        status,
        {"": float(parsed.letter == truth.letter)},
        parse=ParseSummary(parsed.parser),
        view=_shown(truth, _option(truth, truth.letter), _option(truth, parsed.letter)),
        details={"true_choice": truth.letter, "answered_choice": parsed.letter},
        notes={"answers that name several options": 1} if parsed.status == "ambiguous" else {},
    )


def _option(truth: SpatialTruth, letter: str | None) -> str | None:
    return None if letter is None else f"{letter} {truth.options[letter]}".strip()


def _references(
    truth: SpatialTruth, mask: npt.NDArray[np.bool_] | None, text: str, tags: ReasoningTags
) -> tuple[dict[str, float], dict[str, int]]:
    """Return the public code's values by suffix, and notes that count answers that crash it."""
    public = REFERENCES.get(truth.reference)
    if public is None:
        return {}, {}
    question = ScoredQuestion(truth, mask)
    scored = text if public.filtered_first else scored_text(text, tags)
    values: dict[str, float] = {}
    notes: dict[str, int] = {}
    for name, score in public.scores.items():
        try:
            values[name] = score(scored if name.endswith(LMMS) else text, question)
        except ReferenceCrashError:
            values[name] = 0.0
            notes[CRASH if name.endswith(LMMS) else OFFICIAL_CRASH] = 1
    return values, notes


def _blind(truth: SpatialTruth, mask: npt.NDArray[np.bool_] | None) -> float:
    """Return the score of the blind baseline.

    It answers the image's centre for points, the whole image for a box, the median of its group for
    a number, and a random option.
    """
    if mask is not None:
        centre = in_mask([(0.5, 0.5)], mask, convention="unit")
        if truth.rule == "count":
            return float(right_count(centre, int(truth.number)))
        return mask_fraction(centre)
    if truth.rule == "box":
        width, height = truth.size
        return float(box_iou((0.0, 0.0, float(width), float(height)), truth.box) >= OVERLAP)
    if truth.rule == "number":
        return mean_relative_accuracy(truth.blind, truth.number)
    return 1 / len(truth.options)


def middle(values: Sequence[float]) -> float:
    """Return the median of numbers; of an even count, the lower middle one.

    >>> middle([3.0, 1.0, 2.0, 10.0])
    2.0
    """
    ordered = sorted(value for value in values if math.isfinite(value))
    return ordered[(len(ordered) - 1) // 2] if ordered else 0.0
