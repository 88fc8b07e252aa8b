"""The scores of the public code, faults included, for comparison with published tables.

Equal to the ``rvos`` tasks of lmms-eval 0.7.3.
"""

from __future__ import annotations

import numpy as np

from evaluators.tracking.metrics.higher_order import ALPHAS
from evaluators.tracking.metrics.masks import Mask
from evaluators.tracking.metrics.points import (
    ObjectMasks,
    PointScores,
    assign,
    is_inside,
    mean_scores,
    point_hota,
)
from evaluators.tracking.metrics.region import region_similarity
from evaluators.tracking.tracks import Trajectory


def point_f1_reference(
    truth: Trajectory, prediction: Trajectory, *, masks: ObjectMasks
) -> PointScores:
    """Return precision, recall and F1 as the public code does, with its two faults.

    Recall is over all objects of the query, present in the frame or not, so a perfect answer can
    score 0.889. And the n-th true point of a frame is looked up in the n-th mask of the query,
    which is another object's mask if the frame contains only some of the objects.

    Args:
        truth: True points.
        prediction: Predicted points.
        masks: Masks of all objects of the query, in its order.

    >>> masks = {"a": {}, "b": {0: np.ones((1, 1), dtype=bool)}}
    >>> point_f1_reference({0: {"b": (0, 0)}}, {0: {"0": (0, 0)}}, masks=masks).f1
    0.0
    """
    rows = []
    for frame, true in truth.items():
        points = list(prediction.get(frame, {}).values())
        if not true or not points:
            rows.append((float(not true and not points),) * 3)
            continue
        present = [by_frame.get(frame) for by_frame in masks.values()]
        if not np.isfinite(points).all() or not present:
            # The public code stops here and scores the whole query 0.
            return mean_scores([(0.0, 0.0, 0.0)], truth, prediction)
        correct = sum(
            column < len(present) and is_inside(points[row], present[column])
            for row, column in assign(points, list(true.values()))
        )
        precision, recall = correct / len(points), correct / len(present)
        f1 = 2 * precision * recall / (precision + recall + 1e-10)
        rows.append((precision, recall, f1))
    return mean_scores(rows, truth, prediction)


def point_hota_reference(truth: Trajectory, prediction: Trajectory, *, masks: ObjectMasks) -> float:
    """Return HOTA of points as the public code does.

    It adds the smallest step of float64 to the denominator of the alignment of two tracks, which
    breaks ties between assignments: if two objects overlap, it may choose the wrong one's track.

    Args:
        truth: True points.
        prediction: Predicted points.
        masks: Masks of all objects of the query.

    >>> masks = {name: dict.fromkeys((0, 1), np.ones((1, 1), dtype=bool)) for name in "ab"}
    >>> true = dict.fromkeys((0, 1), {"a": (0, 0), "b": (0, 0)})
    >>> predicted = {0: {"0": (0, 0), "1": (0, 0)}, 1: {"0": (0, 0)}}
    >>> round(point_hota_reference(true, predicted, masks=masks), 4)
    0.5401
    """
    eps = float(np.finfo(np.float64).eps)
    return point_hota(truth, prediction, masks=masks, alignment_eps=eps)


def mask_hota_reference(truth: Mask, prediction: Mask) -> float:
    """Return the mean over 0.05..0.95 of the root of DetA, as if association were perfect.

    Args:
        truth: Masks of one object [T, H, W]; an empty mask is not a detection.
        prediction: The same shape.

    Returns:
        0..1; 1.0 if no frame has a detection.

    Raises:
        ValueError: Shapes differ, or an array is not a stack of masks.

    >>> masks = np.zeros((2, 1, 2), dtype=bool)
    >>> masks[0] = True
    >>> mask_hota_reference(masks, masks[::-1])
    0.0
    """
    true, predicted = truth.any(axis=(1, 2)), prediction.any(axis=(1, 2))
    similarity = np.where(true & predicted, region_similarity(truth, prediction), -1.0)
    matches = (similarity >= np.asarray(ALPHAS)[:, None]).sum(axis=1)
    either = int(true.sum() + predicted.sum()) - matches
    return float(np.sqrt(np.where(either > 0, matches / np.maximum(either, 1), 1.0)).mean())
