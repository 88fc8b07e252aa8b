"""Point F1 and point HOTA: does a predicted point lie on the object it is assigned to?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluators.tracking.metrics.higher_order import hota
from evaluators.tracking.rle import PixelMask
from evaluators.tracking.tracks import Point, Trajectory

ObjectMasks = Mapping[str, Mapping[int, NDArray[Any] | PixelMask]]
"""Object id -> frame -> mask [H, W]; the object is absent in frames that are missing."""


@dataclass(frozen=True, slots=True)
class PointScores:
    """Means over the frames that have true points.

    Attributes:
        precision: Correct over predicted points, 0..1.
        recall: Correct over true points, 0..1.
        f1: Mean of the frames' F1, not F1 of the means.
        frames: How many frames have true points.
        unjudged: Predicted points in other frames; they are ignored.
    """

    precision: float
    recall: float
    f1: float
    frames: int
    unjudged: int


def point_f1(truth: Trajectory, prediction: Trajectory, *, masks: ObjectMasks) -> PointScores:
    """Return precision, recall and F1 of predicted points.

    In every frame with ground truth, predicted and true points are assigned to each other so that
    the total pixel distance is smallest. A pair is correct if the predicted point, rounded to a
    pixel, lies inside the mask of the true point's object. Recall is over the objects present in
    the frame, and F1 is exact: a perfect answer scores 1.

    Args:
        truth: True points; a frame without true points scores 1 if nothing is predicted, else 0.
        prediction: Predicted points; their ids are ignored (``point_hota`` uses them).
        masks: Masks of the true objects, by the ids of ``truth``.

    Returns:
        All 1.0 if no frame has ground truth, as in the public code.

    Raises:
        ValueError: A coordinate is not finite, or a true object has no masks.

    >>> dog = np.zeros((10, 10), dtype=bool)
    >>> dog[2:5, 2:5] = True
    >>> point_f1({0: {"1": (3, 3)}}, {0: {"7": (4.4, 2.6)}}, masks={"1": {0: dog}}).f1
    1.0
    """
    check_points(truth, prediction, masks)
    rows = []
    for frame, true in truth.items():
        points = list(prediction.get(frame, {}).values())
        if not true or not points:
            rows.append((float(not true and not points),) * 3)
            continue
        names = list(true)
        correct = sum(
            is_inside(points[row], masks[names[column]].get(frame))
            for row, column in assign(points, list(true.values()))
        )
        rows.append(
            (correct / len(points), correct / len(true), 2 * correct / (len(points) + len(true)))
        )
    return mean_scores(rows, truth, prediction)


def point_hota(
    truth: Trajectory,
    prediction: Trajectory,
    *,
    masks: ObjectMasks,
    alpha: float = 0.5,
    alignment_eps: float = 0.0,
) -> float:
    """Return HOTA of points: similarity is 1 inside the object's mask and 0 outside.

    Only the frames of ``truth`` count, and the ids of a prediction are its tracks. The similarity
    is binary, so every threshold gives the same result.

    Args:
        truth: True points.
        prediction: Predicted points.
        masks: Masks of the true objects, by the ids of ``truth``.
        alpha: Least similarity of a match.
        alignment_eps: See ``hota``.

    Raises:
        ValueError: A coordinate is not finite, or a true object has no masks.

    >>> dot = np.ones((1, 1), dtype=bool)
    >>> still = {0: {"a": (0, 0)}, 1: {"a": (0, 0)}}
    >>> renamed = {0: {"0": (0, 0)}, 1: {"1": (0, 0)}}
    >>> round(point_hota(still, renamed, masks={"a": {0: dot, 1: dot}}), 4)
    0.7071
    """
    check_points(truth, prediction, masks)
    similarities, true_ids, predicted_ids = [], [], []
    for frame in sorted(truth):
        # Sorted by id, so that ties between assignments are broken by the ids.
        names = sorted(truth[frame])
        points = sorted(prediction.get(frame, {}).items())
        inside = [
            [is_inside(point, masks[name].get(frame)) for _, point in points] for name in names
        ]
        similarities.append(np.array(inside, dtype=np.float64).reshape(len(names), len(points)))
        true_ids.append(names)
        predicted_ids.append([name for name, _ in points])
    measured = hota(
        similarities,
        true_ids,
        prediction_ids=predicted_ids,
        alphas=(alpha,),
        alignment_eps=alignment_eps,
    )
    return measured.mean


def check_points(truth: Trajectory, prediction: Trajectory, masks: ObjectMasks) -> None:
    """Refuse points that cannot be measured.

    Raises:
        ValueError: A coordinate is not finite, or a true object has no masks.
    """
    for points in (*truth.values(), *prediction.values()):
        for name, point in points.items():
            if not all(map(math.isfinite, point)):
                raise ValueError(
                    f"object {name!r} is at {point}; give coordinates in finite pixels"
                )
    missing = {name for points in truth.values() for name in points} - set(masks)
    if missing:
        raise ValueError(f"objects {sorted(missing)} have no masks; these have: {sorted(masks)}")


def assign(predicted: Sequence[Point], true: Sequence[Point]) -> list[tuple[int, int]]:
    """Return the (predicted, true) pairs whose sum of pixel distances is smallest.

    >>> assign([(9.0, 9.0), (0.0, 1.0)], [(0.0, 0.0)])
    [(1, 0)]
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    rows, columns = linear_sum_assignment(cdist(np.asarray(predicted), np.asarray(true)))
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def is_inside(point: Point, mask: NDArray[Any] | PixelMask | None) -> bool:
    """Return whether the pixel nearest to the point (halves to even) exists and is set.

    >>> is_inside((0.5, 0.2), np.array([[1, 0]])), is_inside((-1, 0), np.array([[1, 1]]))
    (True, False)
    """
    if mask is None:
        return False
    height, width = mask.shape
    x, y = round(point[0]), round(point[1])
    return 0 <= x < width and 0 <= y < height and bool(mask[y, x])


def mean_scores(
    rows: Iterable[tuple[float, ...]], truth: Trajectory, prediction: Trajectory
) -> PointScores:
    """Return the means of (precision, recall, F1) over frames."""
    values = np.array(list(rows), dtype=np.float64).reshape(-1, 3)
    means = values.mean(axis=0) if len(values) else np.ones(3)
    unjudged = sum(len(points) for frame, points in prediction.items() if frame not in truth)
    precision, recall, f1 = map(float, means)
    return PointScores(precision, recall, f1, len(values), unjudged)
