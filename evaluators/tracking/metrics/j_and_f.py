"""J and F of masks in one pass, frame by frame; equal to the public code and many times faster."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from evaluators.tracking import bits as packed
from evaluators.tracking.metrics.boundary import TOLERANCE, agreement, boundary_radius
from evaluators.tracking.metrics.masks import Mask, PerFrame, checked_stacks, packed_stretches
from evaluators.tracking.metrics.region import overlap


@dataclass(frozen=True, slots=True)
class JAndF:
    """J and F of one object, or of one query's union of objects.

    Attributes:
        j: Region similarity per frame [T], 0..1.
        f: Boundary measure per frame [T], 0..1.
        f_strict: The same, but 0 for an empty mask against one that fills the frame: neither has a
            boundary, so their F is 1.
    """

    j: PerFrame
    f: PerFrame
    f_strict: PerFrame

    @property
    def mean(self) -> float:
        """The mean of the two means over all frames."""
        return float(self.j.mean() + self.f.mean()) / 2

    @property
    def mean_strict(self) -> float:
        """The mean of J and the strict F."""
        return float(self.j.mean() + self.f_strict.mean()) / 2


def j_and_f(
    truth: Mask, prediction: Mask, *, tolerance: float = TOLERANCE, void: Mask | None = None
) -> JAndF:
    """Return J and F per frame; see ``region_similarity`` and ``boundary_f``.

    >>> masks = np.ones((2, 4, 4), dtype=bool)
    >>> j_and_f(masks, masks).mean
    1.0
    """
    stack = checked_stacks(truth, prediction, void)
    height, width = stack[0].shape[-2:]
    return measure_packed(packed_stretches(*stack), height=height, width=width, tolerance=tolerance)


def measure_packed(
    pairs: Iterable[tuple[packed.Bits, packed.Bits]], *, height: int, width: int, tolerance: float
) -> JAndF:
    """Return J and F of packed masks, one stretch of frames after another.

    Args:
        pairs: (truth, prediction), each [frames, height, words]; both may be transposed.
        height: Rows of the packed masks.
        width: Pixels of a row.
        tolerance: See ``boundary_f``.

    Raises:
        ValueError: The tolerance is invalid.
    """
    radius = boundary_radius(height, width, tolerance=tolerance)
    j, f, f_strict = [], [], []
    for truth, prediction in pairs:
        j.append(overlap(truth, prediction))
        plain, strict = agreement(truth, prediction, width=width, radius=radius)
        f.append(plain)
        f_strict.append(strict)
    return JAndF(np.concatenate(j), np.concatenate(f), np.concatenate(f_strict))


def boundary_f(
    truth: Mask,
    prediction: Mask,
    *,
    tolerance: float = TOLERANCE,
    void: Mask | None = None,
    strict: bool = False,
) -> float | PerFrame:
    """Return F per frame: F1 of boundary pixels within a disk of a boundary pixel of the other.

    A boundary runs between pixels, so a mask that fills the frame has no boundary: against an empty
    mask its F is 1, in the public code too. The strict F of such a pair is 0.

    Args:
        truth: Boolean or integer masks [T, H, W] or one mask [H, W]; non-zero is inside.
        prediction: The same shape.
        tolerance: A fraction of the diagonal below 1, pixels from 1 on. The radius is rounded up,
            as in the public code.
        void: Pixels to ignore, the same shape.
        strict: Score a pair of an empty mask and one that fills the frame 0.

    Returns:
        float64 [T], or a float for one mask; 1.0 if neither has a boundary, 0.0 if only one has.

    Raises:
        ValueError: Shapes differ, an array is not a stack of masks, or the tolerance is invalid.

    >>> truth, prediction = np.zeros((2, 100, 100), dtype=bool)
    >>> truth[40:60, 40:60] = prediction[41:61, 40:60] = True
    >>> boundary_f(truth, prediction)
    1.0
    >>> round(boundary_f(truth, prediction, tolerance=0), 3)
    0.5
    """
    measured = j_and_f(truth, prediction, tolerance=tolerance, void=void)
    values = measured.f_strict if strict else measured.f
    return float(values[0]) if truth.ndim == 2 else values
