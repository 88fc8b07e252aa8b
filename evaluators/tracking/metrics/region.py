"""J, the region similarity of masks: the intersection over the union, frame by frame.

After Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation"
(CVPR 2016).
"""

from __future__ import annotations

import numpy as np

from evaluators.tracking import bits as packed
from evaluators.tracking.metrics.masks import Mask, PerFrame, checked_stacks, packed_stretches


def region_similarity(
    truth: Mask, prediction: Mask, *, void: Mask | None = None
) -> float | PerFrame:
    """Return J per frame: shared pixels over pixels of either mask; 1.0 if both are empty.

    Args:
        truth: Boolean or integer masks [T, H, W] or one mask [H, W]; non-zero is inside.
        prediction: The same shape.
        void: Pixels to ignore, the same shape.

    Returns:
        float64 [T], or a float for one mask.

    Raises:
        ValueError: Shapes differ, or an array is not a stack of masks.

    >>> region_similarity(np.array([[1, 1, 0]]), np.array([[0, 1, 1]]))
    0.3333333333333333
    """
    stack = checked_stacks(truth, prediction, void)
    values = [overlap(*pair) for pair in packed_stretches(*stack)]
    return float(values[0][0]) if truth.ndim == 2 else np.concatenate(values)


def overlap(truth: packed.Bits, prediction: packed.Bits) -> PerFrame:
    """Return J of packed masks per frame."""
    shared = packed.count(truth & prediction)
    either = packed.count(truth | prediction)
    return np.where(either > 0, shared / np.maximum(either, 1), 1.0)
