"""What one answer is worth under the rule of its row."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from evaluators.coordinates import to_pixels
from evaluators.drawings import box_shape, drawing, outlines, shape
from evaluators.traces.parsing import ParsedTrace, parse_trace
from evaluators.traces.paths import path_errors, vabench_errors
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
from evaluators.traces.scene import Lacking
from evaluators.traces.sharerobot import sharerobot_points
from evaluators.traces.tracespatial import (
    LARGEST,
    NAMES_2D,
    TraceScore,
    Values,
    content_free_values,
    image_box,
    score_parsed,
)
from jumpscore.records import Convention, OverlayView, Response, Shape, Status
from jumpscore.scoring import ReferenceCrashError

Floats = npt.NDArray[np.float64]

UNSTATED = (
    "the answer holds coordinates, and nobody states their convention; set task.convention to "
    "unit, relative_1000 or pixel"
)
SIDE = 999
"""Largest coordinate of VABench-V's square."""
MOST_SHOWN = 100
"""Way-points of an answer that reports show."""
STATUS: dict[str, Status] = {
    "ok": "ok", "no_object": "ok", "no_scene": "ok", "partial": "partial",
}  # fmt: skip
NOTES = {
    "no_depth": "answers in 3D with a way-point that has no depth",
    "out_of_range": "answers with a coordinate beyond any image or scene",
}
STOPPED: dict[Rule, str] = {
    "tracespatial_2d": "answers that end a run of the public scorer with an error",
    "tracespatial_3d": "answers that the public scorer cannot read, or never finishes with",
    "vabench": "answers that the public script drops from its means, or that make them NaN",
    "sharerobot": "answers that end a run of the public code, or that it runs as Python",
}
"""What a run of the public code would do where it has no number; here they are counted."""
LACKING: dict[Lacking, str] = {
    "no_object": "items whose object has no depth: no collisions, no success",
    "no_scene": "items without depth around the object: no collisions, no success",
}


@dataclass(frozen=True, slots=True)
class RuleScore:
    """What one answer is worth.

    Attributes:
        status: See ``STATUSES``.
        values: Metric -> value.
        details: JSON-ready facts.
        view: What a report draws.
        notes: Counted oddities.
        message: Why there is no score.
        marked: True shapes for reports beside the trace: the object, the target's box.
    """

    status: Status
    values: Values = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    message: str | None = None
    marked: tuple[Shape | None, ...] = ()
    view: OverlayView | None = None


@dataclass(frozen=True, slots=True)
class PublicReading:
    """How the public code is run, where that depends on the model.

    Attributes:
        parser: Which of RoboTracer's parsers reads an answer; see ``tracespatial_reference``.
        reasoning: Embodied-R1's ``reasoning_model``; see ``vabench_reference``.
    """

    parser: Parser = "auto"
    reasoning: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    """An answer, and how its coordinates are meant."""

    text: str
    parsed: ParsedTrace
    convention: Convention
    seen: tuple[int, int] | None
    public: PublicReading

    def fractions(self, goal: Goal, waypoints: Points) -> Floats | None:
        """Return way-points as fractions of the image; ``None`` of none, or of absurd ones."""
        points = np.array([waypoint[:2] for waypoint in waypoints])
        if not len(points) or not (np.abs(points) <= LARGEST).all():
            return None
        size = goal.size
        pixels = to_pixels(points, convention=self.convention, size=size, seen=self.seen)
        found: Floats = pixels / size
        return found


def score_answer(
    goal: Goal,
    response: Response,
    *,
    convention: Convention | None = None,
    public: PublicReading | None = None,
) -> RuleScore:
    """Score an answer.

    Args:
        goal: Of the question.
        response: The answer.
        convention: Of its x and y, whatever wrapper and benchmark say. By default the wrapper's
            word counts, then the benchmark's; where all are silent nothing is guessed and the
            answer has no score.
        public: How ``*_reference`` values read it. They take coordinates as the benchmark's code
            does, whatever the model's wrapper states.

    Raises:
        DataError: A picture of the scene is damaged.
    """
    parsed = parse_trace(response.text, finish_reason=response.finish_reason)
    known = convention or response.convention or goal.convention
    shown = parsed.waypoints[:MOST_SHOWN]
    details: dict[str, Any] = {
        "rule": goal.rule,
        "form": parsed.form,
        "waypoints": len(parsed.waypoints),
        "answered_trace": [list(point) for point in shown if all(map(math.isfinite, point))],
        "convention": known,
    }
    notes = (
        {"groups of numbers that are not way-points": parsed.rejected} if parsed.rejected else {}
    )
    if known is None and parsed.waypoints:
        return RuleScore("error", details=details, notes=notes, message=UNSTATED)
    if known and goal.convention and known != goal.convention:
        notes[f"answers read as {known}, and the benchmark's are {goal.convention}"] = 1
    if known == "pixel" and response.image_size is None:
        notes["answers in pixels of an image whose size nobody states, read as the file's"] = 1
    public = public or PublicReading()
    read = _Read(response.text, parsed, known or "unit", response.image_size, public)
    found = RULES[goal.rule](goal, read)
    answered = read.fractions(goal, parsed.waypoints)
    if answered is not None and ((answered < 0) | (answered > 1)).any():
        notes["answers with way-points outside of the image"] = 1
    shapes = [
        *found.marked,
        shape("truth", "path", goal.trace),
        None if answered is None else shape("answer", "path", answered),
    ]
    values: Values = {"parsed": float(found.status in ("ok", "partial")), **found.values}
    return replace(
        found,
        values=values,
        details={**details, **found.details},
        notes={**notes, **found.notes},
        view=OverlayView((drawing(shapes),)),
    )


def _tracespatial(goal: Goal, read: _Read, dimensions: Literal[2, 3]) -> RuleScore:
    assert goal.target is not None
    scene, target = goal.scene(), goal.target

    def scored(parsed: ParsedTrace) -> TraceScore:
        return score_parsed(
            parsed,
            target,
            scene,
            dimensions=dimensions,
            convention=read.convention,
            seen=read.seen,
        )

    found = scored(read.parsed)
    named = NAMES_2D if dimensions == 2 else NAMES_3D
    reference: Values = dict.fromkeys(named)
    notes = {NOTES[found.status]: 1} if found.status in NOTES else {}
    score_points = tracespatial_in_image if dimensions == 2 else tracespatial_in_space
    try:
        points = tracespatial_reference(read.text, parser=read.public.parser)
        reference = score_points(points, target, scene)
    except ReferenceCrashError:
        counted = ("start_2d", "end_2d") if dimensions == 2 else ("success",)
        reference |= dict.fromkeys(counted, None if dimensions == 3 and scene.lacking else 0.0)
        notes[STOPPED[goal.rule]] = 1
    values = found.values | {f"{name}_reference": reference[name] for name in named}
    free = content_free_values(target, scene, dimensions)
    values |= {f"content_free_{name}": value for name, value in free.items()}
    if dimensions == 3 and scene.lacking:
        notes[LACKING[scene.lacking]] = 1
    status = STATUS.get(found.status, "unparseable")
    low, high = image_box(target.box, scene.camera)
    marked = (*outlines("truth", scene.mask), box_shape("truth", (*low, *high)))
    return RuleScore(status, values, {"read_as": found.status}, notes, marked=marked)


def _tracespatial_2d(goal: Goal, read: _Read) -> RuleScore:
    return _tracespatial(goal, read, 2)


def _tracespatial_3d(goal: Goal, read: _Read) -> RuleScore:
    return _tracespatial(goal, read, 3)


def _in_image(
    goal: Goal, read: _Read, *, least: int
) -> tuple[Floats | None, Status, dict[str, int]]:
    """Return a trace as fractions, its status and notes; ``None`` for one that has no score."""
    waypoints = read.parsed.waypoints
    trace = read.fractions(goal, waypoints)
    if trace is not None and len(trace) >= least:
        return trace, "partial" if read.parsed.status == "partial" else "ok", {}
    notes = {}
    if waypoints and trace is None:
        notes = {NOTES["out_of_range"]: 1}
    elif trace is not None:
        notes = {"answers with one way-point, which is no trace": 1}
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
    names = (f"rmse_{SIDE}_reference", f"mae_{SIDE}_reference")
    values |= dict(zip(names, reference or (None, None), strict=True))
    # No answer may pay: it counts as the trace that is everywhere as far off as the image allows.
    farthest = np.where(goal.trace < 0.5, 1.0, 0.0)
    worst = _vabench_errors("_all", farthest, goal.trace)
    for name, limit in worst.items():
        value = values[name.removesuffix("_all")]
        values[name] = limit if value is None or limit is None else min(value, limit)
    middle = _vabench_errors("_all", np.full((2, 2), 0.5), goal.trace)
    values["content_free_rmse_999_all"] = middle["rmse_999_all"]
    return RuleScore(status, values, notes=notes)


def _vabench_errors(suffix: str, trace: Floats | None, truth: Floats) -> Values:
    found = None if trace is None else vabench_errors(trace, truth, size=(1, 1))
    errors = (None, None) if found is None else found
    names = (f"rmse_{SIDE}{suffix}", f"mae_{SIDE}{suffix}")
    return dict(zip(names, errors, strict=True))


def _sharerobot(goal: Goal, read: _Read) -> RuleScore:
    trace, status, notes = _in_image(goal, read, least=1)
    names = ("dfd_2d", "hd_2d", "rmse_2d", "mae_2d")
    values: Values = dict.fromkeys(names)
    if trace is not None:
        errors = path_errors(trace, goal.trace)
        found = (errors.dfd, errors.hd, errors.rmse, errors.mae)
        values = dict(zip(names, found, strict=True))
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
    "tracespatial_2d": _tracespatial_2d,
    "tracespatial_3d": _tracespatial_3d,
    "vabench": _vabench,
    "sharerobot": _sharerobot,
}
