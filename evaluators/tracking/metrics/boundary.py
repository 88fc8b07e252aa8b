"""F, the boundary measure of masks: F1 of two 1-pixel boundaries up to ``tolerance`` apart.

After Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation"
(CVPR 2016). Only the box that contains the boundaries is looked at.
"""

from __future__ import annotations

import math

import numpy as np

from evaluators.tracking import bits as packed
from evaluators.tracking.metrics.masks import PerFrame

TOLERANCE = 0.008
"""Distance of two boundaries that match, as a fraction of the diagonal; the value of DAVIS."""


def boundary_radius(height: int, width: int, *, tolerance: float = TOLERANCE) -> int:
    """Return how many pixels apart two matching boundaries may lie.

    Raises:
        ValueError: The tolerance is negative, infinite or NaN.

    >>> boundary_radius(480, 854), boundary_radius(1080, 1920)
    (8, 18)
    >>> boundary_radius(480, 854, tolerance=3)
    3
    """
    if not 0 <= tolerance < math.inf:
        raise ValueError(
            f"tolerance {tolerance} is invalid; give a fraction of the diagonal below 1, or pixels "
            "from 1 on"
        )
    if tolerance < 1 - np.finfo(np.float64).eps:
        tolerance *= math.sqrt(height * height + width * width)
    return math.ceil(tolerance)


def agreement(
    truth: packed.Bits, prediction: packed.Bits, *, width: int, radius: int
) -> tuple[PerFrame, PerFrame]:
    """Return F and the strict F of packed masks per frame."""
    edges = _cropped(packed.boundary(np.stack([truth, prediction]), width))
    true, predicted = packed.count(edges)
    matched_true, matched_predicted = packed.count(packed.dilate(edges, radius)[::-1] & edges)
    # Without a predicted boundary precision is 1; without a true one recall is 1.
    precision = np.where(predicted > 0, matched_predicted / np.maximum(predicted, 1), 1.0)
    recall = np.where(true > 0, matched_true / np.maximum(true, 1), 1.0)
    both = precision + recall
    f = np.where(both > 0, 2 * precision * recall / np.where(both > 0, both, 1.0), 0.0)
    # If neither has a boundary, each mask is empty or fills the frame; the strict F compares them.
    differ = (truth != prediction).any(axis=(1, 2))
    return f, np.where((true == 0) & (predicted == 0) & differ, 0.0, f)


def _cropped(edges: packed.Bits) -> packed.Bits:
    """Crop to the rows and words that contain a boundary; nothing outside can match."""
    anywhere = np.bitwise_or.reduce(edges.reshape(-1, *edges.shape[-2:]), axis=0)
    [rows] = np.nonzero(anywhere.any(axis=1))
    [words] = np.nonzero(anywhere.any(axis=0))
    if rows.size == 0:
        return edges[..., :1, :1]
    return edges[..., rows[0] : rows[-1] + 1, words[0] : words[-1] + 1]
