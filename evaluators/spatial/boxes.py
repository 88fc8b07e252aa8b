"""Score a box against the true box."""

from __future__ import annotations

import math

from jumpscore.answers.places.boxes import Box


def box_iou(box: Box, truth: Box) -> float:
    """Return intersection over union of two boxes in the same coordinates, 0..1.

    A box without area, such as an inverted one, scores 0. Corners are continuous coordinates: no
    pixel is added to width and height.

    Raises:
        ValueError: A corner is not finite, or the truth is inverted.

    >>> box_iou((0, 0, 2, 1), (0, 0, 1, 1))
    0.5
    """
    for name, corners in (("box", box), ("truth", truth)):
        if len(corners) != 4 or not all(map(math.isfinite, corners)):
            raise ValueError(f"{name} {tuple(corners)} must be four finite numbers")
    if truth[2] < truth[0] or truth[3] < truth[1]:
        raise ValueError(f"truth {tuple(truth)} must be x1, y1, x2, y2 with x1 <= x2 and y1 <= y2")
    width = min(box[2], truth[2]) - max(box[0], truth[0])
    height = min(box[3], truth[3]) - max(box[1], truth[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (_area(box) + _area(truth) - width * height)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
