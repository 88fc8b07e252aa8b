"""Score one answer by the rule of its row."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from evaluators.coordinates import UNKNOWN_SIZE, UNSTATED, to_pixels
from evaluators.drawings import box_shape, drawing, outlines, shape
from evaluators.traces.paths import VABENCH_SIDE, path_errors, vabench_errors
from evaluators.traces.reference_scores import (
    NAMES_3D,
    sharerobot_scores,
    tracespatial_in_image,
    tracespatial_in_space,
    vabench_scores,
)
from evaluators.traces.references import (
    Parser,
    Points,
    tracespatial_reference,
    vabench_reference,
)
from evaluators.traces.rows import Goal, Rule
from evaluators.traces.scene import Missing
from evaluators.traces.sharerobot import sharerobot_points
from evaluators.traces.tracespatial import (
    LARGEST,
    NAMES_2D,
    Values,
    content_free_values,
    image_box,
    score_tracespatial,
)
from jumpscore.answers.places.traces import ParsedTrace, parse_trace
from jumpscore.records import Convention, OverlayView, Response, SampleScore, Shape, Status
from jumpscore.scoring import ReferenceCrashError

Floats = npt.NDArray[np.float64]

MOST_SHOWN = 100
"""Maximum number of way-points in reports."""
STATUS: dict[str, Status] = {
    "ok": "ok", "no_object": "ok", "no_scene": "ok", "partial": "partial",
}  # fmt: skip
NOTES = {
    "no_depth": "answers in 3D with a way-point that has no depth",
    "out_of_range": "answers with a coordinate out of range",
}
STOPPED: dict[Rule, str] = {
    "tracespatial_2d": "answers that crash the public scorer",
    "tracespatial_3d": "answers that the public scorer cannot read or never finishes",
    "vabench": "answers that the public script drops from its means, or that make them NaN",
    "sharerobot": "answers that crash the public code, or that it executes as Python",
}
"""Notes that count answers without a score by the public code."""
MISSING: dict[Missing, str] = {
    "no_object": "items whose object has no depth: no collisions, no success",
    "no_scene": "items without depth around the object: no collisions, no success",
}


@dataclass(frozen=True, slots=True)
class RuleScore:
    """Score of one answer by the rule of its row.

    Attributes:
        status: See ``STATUSES``.
        values: Metric -> value.
        details: JSON-ready facts.
        notes: Counted oddities.
        marked: Further true shapes for reports: the object, the target's box.
    """

    status: Status
    values: Values = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    marked: tuple[Shape | None, ...] = ()


@dataclass(frozen=True, slots=True)
class PublicReading:
    """Settings of the public code that depend on the model.

    Attributes:
        parser: RoboTracer's parser; see ``tracespatial_reference``.
        reasoning: Embodied-R1's ``reasoning_model``; see ``vabench_reference``.
    """

    parser: Parser = "auto"
    reasoning: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    """An answer and the convention of its coordinates."""

    text: str
    parsed: ParsedTrace
    convention: Convention
    seen: tuple[int, int] | None
    public: PublicReading

    def fractions(self, goal: Goal, waypoints: Points) -> Floats | None:
        """Return way-points as fractions of the image; ``None`` if empty or out of range."""
        points = np.array([waypoint[:2] for waypoint in waypoints])
        if not len(points) or not (np.abs(points) <= LARGEST).all():
            return None
        size = goal.size
        pixels = to_pixels(points, convention=self.convention, size=size, seen=self.seen)
        fractions: Floats = pixels / size
        return fractions


def score_answer(
    goal: Goal,
    response: Response,
    *,
    convention: Convention | None = None,
    public: PublicReading | None = None,
) -> SampleScore:
    """Score an answer.

    Args:
        goal: Ground truth of the question.
        response: The answer.
        convention: Convention of its x and y, which overrides wrapper and benchmark. By default
            the wrapper's convention applies, then the benchmark's; if all are unset, nothing is
            guessed and the answer is unscored.
        public: Settings of the ``*_reference`` values, which always use the benchmark's
            coordinates.

    Raises:
        DataError: A picture of the scene is damaged.
    """
    parsed = parse_trace(response.text, finish_reason=response.finish_reason)
    known = convention or response.convention or goal.convention
    displayed = parsed.waypoints[:MOST_SHOWN]
    details: dict[str, Any] = {
        "rule": goal.rule,
        "form": parsed.form,
        "waypoints": len(parsed.waypoints),
        "answered_trace": [list(point) for point in displayed if all(map(math.isfinite, point))],
        "convention": known,
    }
    notes = (
        {"groups of numbers that are not way-points": parsed.rejected} if parsed.rejected else {}
    )
    if known is None and parsed.waypoints:
        return SampleScore(
            response.id,
            "error",
            details=details,
            notes=notes,
            message=UNSTATED,
            cluster=goal.image or None,
        )
    if known and goal.convention and known != goal.convention:
        notes[f"answers read as {known} although the benchmark uses {goal.convention}"] = 1
    if known == "pixel" and response.image_size is None:
        notes[UNKNOWN_SIZE] = 1
    public = public or PublicReading()
    read = _Read(response.text, parsed, known or "unit", response.image_size, public)
    score = RULES[goal.rule](goal, read)
    answered = read.fractions(goal, parsed.waypoints)
    if answered is not None and ((answered < 0) | (answered > 1)).any():
        notes["answers with way-points outside the image"] = 1
    shapes = [
        *score.marked,
        shape("truth", "path", goal.trace),
        None if answered is None else shape("answer", "path", answered),
    ]
    values: Values = {"parsed": float(score.status in ("ok", "partial")), **score.values}
    return SampleScore(
        response.id,
        score.status,
        values,
        view=OverlayView((drawing(shapes),)),
        details={**details, **score.details},
        notes={**notes, **score.notes},
        cluster=goal.image or None,
    )


def _tracespatial(goal: Goal, read: _Read, dimensions: Literal[2, 3]) -> RuleScore:
    assert goal.target is not None
    scene, target = goal.scene(), goal.target
    score = score_tracespatial(
        read.parsed,
        target,
        scene,
        dimensions=dimensions,
        convention=read.convention,
        seen=read.seen,
    )
    named = NAMES_2D if dimensions == 2 else NAMES_3D
    reference: Values = dict.fromkeys(named)
    notes = {NOTES[score.status]: 1} if score.status in NOTES else {}
    score_points = tracespatial_in_image if dimensions == 2 else tracespatial_in_space
    try:
        points = tracespatial_reference(read.text, parser=read.public.parser)
        reference = score_points(points, target, scene)
    except ReferenceCrashError:
        counted = ("start_2d", "end_2d") if dimensions == 2 else ("success",)
        reference |= dict.fromkeys(counted, None if dimensions == 3 and scene.missing else 0.0)
        notes[STOPPED[goal.rule]] = 1
    values = score.values | {f"{name}_reference": reference[name] for name in named}
    free = content_free_values(target, scene, dimensions)
    values |= {f"content_free_{name}": value for name, value in free.items()}
    if dimensions == 3 and scene.missing:
        notes[MISSING[scene.missing]] = 1
    status = STATUS.get(score.status, "unparseable")
    low, high = image_box(target.box, scene.camera)
    marked = (*outlines("truth", scene.mask), box_shape("truth", (*low, *high)))
    return RuleScore(status, values, {"read_as": score.status}, notes, marked=marked)


def _in_image(
    goal: Goal, read: _Read, *, least: int
) -> tuple[Floats | None, Status, dict[str, int]]:
    """Return a trace as fractions, or ``None`` if it cannot be scored, with status and notes."""
    waypoints = read.parsed.waypoints
    trace = read.fractions(goal, waypoints)
    if trace is not None and len(trace) >= least:
        return trace, "partial" if read.parsed.status == "partial" else "ok", {}
    notes = {}
    if waypoints and trace is None:
        notes = {NOTES["out_of_range"]: 1}
    elif trace is not None:
        notes = {"answers with a single way-point": 1}
    return None, "unparseable", notes


def _vabench(goal: Goal, read: _Read) -> RuleScore:
    trace, status, notes = _in_image(goal, read, least=2)
    values = _vabench_errors("", trace, goal.trace)
    reference = None
    try:
        points = vabench_reference(read.text, reasoning=read.public.reasoning)
        reference = vabench_scores(points, goal.trace, size=goal.size)
    except ReferenceCrashError:
        notes[STOPPED[goal.rule]] = 1
    names = (f"rmse_{VABENCH_SIDE}_reference", f"mae_{VABENCH_SIDE}_reference")
    values |= dict(zip(names, reference or (None, None), strict=True))
    # A missing answer must not pay off: it counts as the trace with the largest possible error.
    farthest = np.where(goal.trace < 0.5, 1.0, 0.0)
    worst = _vabench_errors("_all", farthest, goal.trace)
    for name, limit in worst.items():
        value = values[name.removesuffix("_all")]
        values[name] = limit if value is None or limit is None else min(value, limit)
    middle = _vabench_errors("_all", np.full((2, 2), 0.5), goal.trace)
    values["content_free_rmse_999_all"] = middle["rmse_999_all"]
    return RuleScore(status, values, notes=notes)


def _vabench_errors(suffix: str, trace: Floats | None, truth: Floats) -> Values:
    pair = None if trace is None else vabench_errors(trace, truth, size=(1, 1))
    errors = (None, None) if pair is None else pair
    names = (f"rmse_{VABENCH_SIDE}{suffix}", f"mae_{VABENCH_SIDE}{suffix}")
    return dict(zip(names, errors, strict=True))


def _sharerobot(goal: Goal, read: _Read) -> RuleScore:
    trace, status, notes = _in_image(goal, read, least=1)
    names = ("dfd_2d", "hd_2d", "rmse_2d", "mae_2d")
    values: Values = dict.fromkeys(names)
    if trace is not None:
        values = path_errors(trace, goal.trace).in_image()
    reference: tuple[float | None, ...] = (None, None, None)
    try:
        reference = sharerobot_scores(sharerobot_points(read.text, size=goal.size), goal.trace)
    except ReferenceCrashError:
        notes[STOPPED[goal.rule]] = 1
    values |= {f"{name}_reference": value for name, value in zip(names, reference, strict=False)}
    middle = path_errors(np.full((1, 2), 0.5), goal.trace)
    values["content_free_rmse_2d"] = middle.rmse
    return RuleScore(status, values, notes=notes)


RULES: dict[Rule, Callable[[Goal, _Read], RuleScore]] = {
    "tracespatial_2d": partial(_tracespatial, dimensions=2),
    "tracespatial_3d": partial(_tracespatial, dimensions=3),
    "vabench": _vabench,
    "sharerobot": _sharerobot,
}
