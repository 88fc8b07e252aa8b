"""TraceSpatial-Bench: does a trace pick up the object, carry it past everything, and put it down?

Definitions follow the public scorer (RoboTracer, 2025), computed here without its point-cloud
library. Its collision check covers the way-points only; ``*_path`` covers the whole path.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from evaluators.coordinates import in_mask, to_pixels
from evaluators.traces.camera import Camera, OrientedBox
from evaluators.traces.paths import PathErrors, checked_path, errors_between, resample
from evaluators.traces.scene import Missing, Scene
from jumpscore.answers.places.traces import ParsedTrace
from jumpscore.records import Convention

Floats = npt.NDArray[np.float64]
Status = Literal["ok", "partial", "unparseable", "no_depth", "out_of_range"] | Missing
Values = dict[str, float | None]

REACH = 0.20
"""Maximum distance in metres of the start to the object, and of the end to the box."""
LAST = 3
"""Number of last way-points of which one must end right; only the last one if there are fewer."""
MOST_COLLIDING = 0.20
"""Share of the object's points in occupied voxels that is not yet a collision."""
LARGEST = 1e6
"""Largest coordinate as written; larger ones are ``out_of_range``."""
BLIND_DEPTH = 2.0
"""Depth of the blind baseline in metres, about half of a room."""

NAMES_2D = ("start_2d", "end_2d", "dfd_2d", "hd_2d", "rmse_2d", "mae_2d")
NAMES_3D = (
    *("start", "end", "no_collision", "no_collision_path", "success", "success_path"),
    *("start_distance", "end_distance", "collision", "collision_path", "dfd", "hd", "rmse", "mae"),
)


@dataclass(frozen=True, slots=True)
class TraceTruth:
    """Ground truth in space.

    Attributes:
        trajectory: float64 [n, 3], the true way-points in camera coordinates (metres).
        box: Target of the object.
    """

    trajectory: Floats
    box: OrientedBox

    def __post_init__(self) -> None:
        array = checked_path("trajectory", self.trajectory)
        if array.shape[1] != 3 or (array[:, 2] <= 0).any():
            raise ValueError(f"trajectory {array.tolist()} must be (x, y, z) with z above 0")
        object.__setattr__(self, "trajectory", array)


@dataclass(frozen=True, slots=True)
class TraceScore:
    """Score of one answer.

    Attributes:
        status: ``ok``; ``partial`` (cut off at the token limit, scored on its complete way-points);
            ``unparseable``; ``no_depth`` (the question asks for 3D, a way-point has no depth);
            ``out_of_range`` (a coordinate beyond 1e6, or a depth that is not positive);
            ``no_object`` and ``no_scene`` (our failures: no depth under the mask, or around it, so
            collisions cannot be checked).
        parsed: The parsed answer.
        values: Metric -> value. Shares are 0 or 1, distances are metres, those of ``*_2d``
            fractions of the image. ``None`` means undefined. Unreadable answers have ``success``
            and, in 2D, ``start_2d`` and ``end_2d`` 0, because these count all answers. Items
            without object points or scene have no ``success``.
    """

    status: Status
    parsed: ParsedTrace
    values: Values = field(default_factory=dict)


def score_tracespatial(
    parsed: ParsedTrace,
    truth: TraceTruth,
    scene: Scene,
    *,
    dimensions: Literal[2, 3],
    convention: Convention = "relative_1000",
    seen: tuple[int, int] | None = None,
) -> TraceScore:
    """Score one answer.

    Args:
        parsed: The answer as ``parse_trace`` reads it.
        truth: The true trace and the target's box.
        scene: Depth map, object mask and camera.
        dimensions: Dimensions of the question. In 3D, ``*_2d`` use the projected 3D trace.
        convention: Convention of x and y; the benchmark uses thousandths. Depth is in metres.
        seen: (width, height) of the image that the model saw, for ``pixel``; default the scene's.

    Raises:
        ValueError: ``dimensions`` is neither 2 nor 3, or the convention is unknown.
    """
    if dimensions not in (2, 3):
        raise ValueError(f"dimensions {dimensions!r} must be 2 or 3")
    if (problem := _problem(parsed, dimensions)) is not None:
        return TraceScore(problem, parsed, _nothing(dimensions, scene))
    status: Status = "partial" if parsed.status == "partial" else "ok"
    points = np.array([waypoint[:dimensions] for waypoint in parsed.waypoints])
    size = (scene.camera.width, scene.camera.height)
    points[:, :2] = to_pixels(points[:, :2], convention=convention, size=size, seen=seen) / size
    if dimensions == 2:
        errors = _errors_in_image(points, truth, scene.camera)
        return TraceScore(status, parsed, _values_2d(points, errors, truth, scene))
    trace = scene.camera.to_space(points)
    # The errors in the image compare points at equal steps of arc length in space.
    lines = (resample(trace), resample(truth.trajectory))
    errors = errors_between(*(scene.camera.to_image(line) for line in lines))
    values = _values_2d(points[:, :2], errors, truth, scene) | _values_3d(trace, truth, scene)
    return TraceScore(scene.missing or status, parsed, values)


def content_free_values(truth: TraceTruth, scene: Scene, dimensions: Literal[2, 3]) -> Values:
    """Return the scores of the blind baseline, which stays in the image's centre, at 2 m.

    In 3D ``success``; in 2D ``start_2d``, ``end_2d`` and ``rmse_2d``.
    """
    middle = np.array([[0.5, 0.5, BLIND_DEPTH]])
    if dimensions == 2:
        errors = _errors_in_image(middle[:, :2], truth, scene.camera)
        values = _values_2d(middle[:, :2], errors, truth, scene)
        return {name: values[name] for name in ("start_2d", "end_2d", "rmse_2d")}
    if scene.missing:
        return {"success": None}
    trace = scene.camera.to_space(middle)
    values = _reached(trace, truth, scene)
    if not (values["start"] and values["end"]):  # skip the lookup of collisions
        return {"success": 0.0}
    return {"success": _collision("", values, trace, scene)["success"]}


def _problem(parsed: ParsedTrace, dimensions: int) -> Status | None:
    """Return why a trace cannot be scored."""
    if not parsed.waypoints:
        return "unparseable"
    if dimensions == 3 and any(len(waypoint) < 3 for waypoint in parsed.waypoints):
        return "no_depth"
    for waypoint in parsed.waypoints:
        numbers = waypoint[:dimensions]
        if not all(math.isfinite(number) and abs(number) <= LARGEST for number in numbers):
            return "out_of_range"
        if dimensions == 3 and numbers[2] < 1e-6:
            return "out_of_range"
    return None


def _nothing(dimensions: int, scene: Scene) -> Values:
    values: Values = dict.fromkeys(NAMES_2D)
    if dimensions == 2:
        return values | {"start_2d": 0.0, "end_2d": 0.0}
    # Whether an item counts must not depend on the answer.
    success = None if scene.missing else 0.0
    return values | dict.fromkeys(NAMES_3D) | {"success": success, "success_path": success}


def _last(points: Floats) -> Floats:
    return points[-LAST:] if len(points) >= LAST else points[-1:]


def _values_2d(points: Floats, errors: PathErrors, truth: TraceTruth, scene: Scene) -> Values:
    """Return the image's metrics of way-points [n, 2]."""
    low, high = image_box(truth.box, scene.camera)
    last = _last(points)
    return {
        "start_2d": float(in_mask(points[:1], scene.mask, convention="unit")[0]),
        "end_2d": float(((last >= low) & (last <= high)).all(axis=1).any()),
        **errors.in_image(),
    }


def _errors_in_image(points: Floats, truth: TraceTruth, camera: Camera) -> PathErrors:
    """Return the errors of a 2D trace: arc length in pixels, distances in fractions."""
    pixels = np.array([camera.width, camera.height])
    true = camera.to_image(truth.trajectory)
    return errors_between(resample(points * pixels) / pixels, resample(true * pixels) / pixels)


def image_box(box: OrientedBox, camera: Camera) -> tuple[Floats, Floats]:
    """Return the bounds in the image of a box's corners in front of the camera."""
    corners = box.corners()
    image = camera.to_image(corners[corners[:, 2] > 0])
    if not len(image):
        return np.full(2, np.inf), np.full(2, -np.inf)
    return image.min(axis=0), image.max(axis=0)


def _reached(trace: Floats, truth: TraceTruth, scene: Scene) -> Values:
    """Return start and end of way-points [n, 3] in camera coordinates."""
    nearest = math.dist(trace[0], truth.trajectory[0])
    if len(scene.object_points):
        to_object = np.sqrt(((scene.object_points - trace[0]) ** 2).sum(axis=1))
        nearest = min(nearest, float(to_object.min()))
    farthest = float(truth.box.distances(_last(trace)).min())
    return {
        "start": float(nearest < REACH),
        "end": float(farthest < REACH),
        "start_distance": nearest,
        "end_distance": farthest,
    }


def _values_3d(trace: Floats, truth: TraceTruth, scene: Scene) -> Values:
    """Return the metrics in space of way-points [n, 3] in camera coordinates."""
    path = resample(trace)
    values = _reached(trace, truth, scene)
    values |= asdict(errors_between(path, resample(truth.trajectory)))
    for suffix, positions in (("", trace), ("_path", path)):
        values |= _collision(suffix, values, positions, scene)
    return values


def _collision(suffix: str, values: Values, positions: Floats, scene: Scene) -> Values:
    """Return collision, no collision and success, with names that end in ``suffix``."""
    names = (f"collision{suffix}", f"no_collision{suffix}", f"success{suffix}")
    if scene.missing:
        return dict.fromkeys(names)
    most = float(scene.collision_ratios(positions).max())
    free = most <= MOST_COLLIDING
    success = bool(values["start"]) and bool(values["end"]) and free
    return dict(zip(names, (most, float(free), float(success)), strict=True))
