"""Score traces as the public code does, faults included: for ``*_reference`` numbers only.

A value is ``None`` if the public code's mean excludes the answer. ``ReferenceCrashError`` means
that the answer crashes the public code.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from evaluators.traces.camera import OrientedBox
from evaluators.traces.paths import (
    VABENCH_SIDE,
    discrete_frechet,
    errors_between,
    hausdorff,
    resample,
    resample_by_place,
)
from evaluators.traces.references import Points
from evaluators.traces.scene import Scene
from evaluators.traces.tracespatial import (
    LAST,
    MOST_COLLIDING,
    NAMES_2D,
    REACH,
    TraceTruth,
    Values,
)
from jumpscore.scoring import ReferenceCrashError

Floats = npt.NDArray[np.float64]

NAMES_3D = ("start", "end", "no_collision", "success")
"""Values in space that the public code has too."""
FARTHEST_PATH = 100.0
"""DFD in fractions of the image beyond which RoboTracer's path means exclude an answer."""
NEAREST_DEPTH = 1e-6
"""Metres; RoboTracer moves nearer points to this depth before it projects them."""


def tracespatial_in_image(points: Points, truth: TraceTruth, scene: Scene) -> Values:
    """Return the scores in the image of way-points that ``tracespatial_reference`` read.

    Without way-points the trace is one point, the image's corner. The start is the pixel nearest to
    the first way-point, halves to even.

    Raises:
        ReferenceCrashError: The first way-point is not finite, which crashes the public code.
    """
    trace = _array([point[:2] for point in points] or [(0.0, 0.0)])
    pixels = trace * (scene.camera.width, scene.camera.height)
    if not np.isfinite(pixels[0]).all():
        raise ReferenceCrashError("the first way-point has no pixel")
    column, row = (round(float(np.float32(at))) for at in pixels[0])
    height, width = scene.mask.shape
    inside = 0 <= row < height and 0 <= column < width
    low, high = _image_box(truth.box, scene)
    last = trace[-LAST:] if len(trace) >= LAST else trace[-1:]
    values: Values = dict.fromkeys(NAMES_2D)
    values["start_2d"] = float(inside and bool(scene.mask[row, column]))
    values["end_2d"] = float(((last >= low) & (last <= high)).all(axis=1).any())
    if np.isfinite(trace).all():
        size = np.array([scene.camera.width, scene.camera.height])
        true = scene.camera.to_image(truth.trajectory) * size
        errors = errors_between(resample(pixels) / size, resample(true) / size)
        if errors.dfd <= FARTHEST_PATH:
            values |= errors.in_image()
    return values


def tracespatial_in_space(points: Points, truth: TraceTruth, scene: Scene) -> Values:
    """Return the scores in space of way-points that ``tracespatial_reference`` read.

    The object is moved by the offset from the first way-point to each one. An answer without depth
    only counts as a failure in ``success``. An item without object or scene has no values here;
    RoboTracer's scorer then skips the check of collisions.

    Raises:
        ReferenceCrashError: Depth is missing for some way-points, or a coordinate is not finite:
            the public code never finishes on such paths.
    """
    values: Values = dict.fromkeys(NAMES_3D)
    if scene.missing:
        return values
    values["success"] = 0.0
    if not points or len(points[0]) < 3:
        return values
    trace = scene.camera.to_space(_array(points))
    if not np.isfinite(trace).all():
        raise ReferenceCrashError("depth is missing or not finite")
    to_object = float(np.sqrt(((scene.object_points - trace[0]) ** 2).sum(axis=1)).min())
    start = min(to_object, math.dist(trace[0], truth.trajectory[0])) < REACH
    last = trace[-LAST:] if len(trace) >= LAST else trace[-1:]
    end = float(truth.box.distances(last).min()) < REACH
    ratios = scene.collision_ratios(trace, moved_from=trace[0])
    free = not (ratios > MOST_COLLIDING).any()
    scores = (float(start), float(end), float(free), float(start and end and free))
    return values | dict(zip(NAMES_3D, scores, strict=True))


def _array(points: object) -> Floats:
    try:
        return np.array(points, dtype=np.float64)
    except OverflowError as error:
        raise ReferenceCrashError("a number is beyond the range of float64") from error


def _image_box(box: OrientedBox, scene: Scene) -> tuple[Floats, Floats]:
    """Return the bounds in the image of all corners, even those behind the camera."""
    corners = box.corners()
    depth = corners[:, 2]
    corners[:, 2] = np.where(np.abs(depth) < NEAREST_DEPTH, NEAREST_DEPTH, depth)
    image = scene.camera.to_image(corners)
    return image.min(axis=0), image.max(axis=0)


def vabench_scores(
    points: Points, truth: Floats, *, size: tuple[int, int]
) -> tuple[float, float] | None:
    """Return (RMSE, MAE) at 0-999 of points that ``vabench_reference`` read.

    Args:
        points: Pixels of the image.
        truth: [m, 2], fractions of the image.
        size: (width, height) of the image in pixels.

    Returns:
        ``None`` for fewer than two points, which the script excludes from its means.

    Raises:
        ReferenceCrashError: A number is too large for float64, so the script drops the answer, or
            not finite, so its means are NaN.
    """
    try:
        scaled = np.array(
            [(x / size[0] * VABENCH_SIDE, y / size[1] * VABENCH_SIDE) for x, y in points]
        )
    except OverflowError as error:
        raise ReferenceCrashError("a number is beyond the range of float64") from error
    if not np.isfinite(scaled).all():
        raise ReferenceCrashError("a number is not finite")
    if min(len(scaled), len(truth)) < 2:
        return None
    n = max(len(scaled), len(truth))
    apart = resample_by_place(scaled, n) - resample_by_place(truth * VABENCH_SIDE, n)
    squares = (apart**2).sum(axis=1)
    return float(np.sqrt(squares.mean())), float((np.abs(apart).sum(axis=1) / 2).mean())


def sharerobot_scores(points: Points, truth: Floats) -> tuple[float, float, float]:
    """Return (DFD, HD, RMSE) of points that ``sharerobot_points`` read.

    Nothing is resampled: RMSE compares the first points that both have. Without points the trace is
    one point, the image's corner.

    Args:
        points: Fractions of the image.
        truth: [m, 2].

    Raises:
        ReferenceCrashError: A number is not finite, so the public means are infinite.

    >>> sharerobot_scores((), np.array([[0.3, 0.4], [0.6, 0.8]]))
    (1.0, 1.0, 0.5)
    """
    trace = _array(points or [(0.0, 0.0)])
    if not np.isfinite(trace).all():
        raise ReferenceCrashError("a number is not finite")
    shared = min(len(trace), len(truth))
    squares = ((trace[:shared] - truth[:shared]) ** 2).sum(axis=1)
    root = float(np.sqrt(squares.mean()))
    return discrete_frechet(trace, truth), hausdorff(trace, truth), root
