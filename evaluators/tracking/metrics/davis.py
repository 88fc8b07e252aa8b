"""The semi-supervised protocol of DAVIS: the first frame's mask is an input and not scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluators.tracking.metrics.j_and_f import j_and_f
from evaluators.tracking.metrics.masks import Mask, PerFrame

BINS = 4
"""Parts of a sequence; decay compares the first with the last."""
RECALL_ABOVE = 0.5
"""Recall counts frames above this value (code of DAVIS)."""
TRACKEVAL_RECALL = RECALL_ABOVE + float(np.finfo(np.float64).eps)
"""The same in TrackEval, which does not count 0.5000000000000001, a half with a rounding error."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistics of a measure over the frames of one object.

    Attributes:
        mean: Mean over frames.
        recall: Share of frames above ``recall_above``, 0.5 by default.
        decay: Mean of the first quarter of the frames minus that of the last.
    """

    mean: float
    recall: float
    decay: float


@dataclass(frozen=True, slots=True)
class DavisScores:
    """J, F and strict F of one object (see ``JAndF``); ``mean`` is J&F."""

    j: Statistics
    f: Statistics
    f_strict: Statistics

    @property
    def mean(self) -> float:
        """The mean of the two means."""
        return (self.j.mean + self.f.mean) / 2

    @property
    def mean_strict(self) -> float:
        """J&F with the strict F."""
        return (self.j.mean + self.f_strict.mean) / 2


def davis_scores(
    truth: Mask,
    prediction: Mask,
    *,
    void: Mask | None = None,
    recall_above: float = RECALL_ABOVE,
) -> DavisScores:
    """Return J and F of one object without its first and last frame (Pont-Tuset et al., 2017).

    Args:
        truth: Masks of the object [T, H, W].
        prediction: The same shape.
        void: Pixels to ignore, the same shape.
        recall_above: See ``Statistics.recall``; ``TRACKEVAL_RECALL`` to compare with TrackEval.

    Raises:
        ValueError: Fewer than three frames, or shapes differ.

    >>> masks = np.ones((3, 2, 2), dtype=bool)
    >>> davis_scores(masks, masks).j
    Statistics(mean=1.0, recall=1.0, decay=0.0)
    """
    if truth.ndim != 3 or len(truth) < 3:
        raise ValueError(
            f"masks have shape {truth.shape}; give [frames, height, width] with at least 3 frames, "
            "because DAVIS does not score the first and the last"
        )
    inner = slice(1, -1)
    if void is not None and void.shape == truth.shape:
        void = void[inner]
    # j_and_f refuses shapes that differ.
    measured = j_and_f(truth[inner], prediction[inner], void=void)
    return DavisScores(
        statistics(measured.j, recall_above=recall_above),
        statistics(measured.f, recall_above=recall_above),
        statistics(measured.f_strict, recall_above=recall_above),
    )


def statistics(values: PerFrame, *, recall_above: float = RECALL_ABOVE) -> Statistics:
    """Return mean, recall and decay of the values of consecutive frames.

    Args:
        values: Per frame, 0..1.
        recall_above: See ``Statistics.recall``.

    Raises:
        ValueError: There are no values.

    >>> statistics(np.array([1.0, 0.8, 0.6, 0.4]))
    Statistics(mean=0.7, recall=0.75, decay=0.4)
    """
    if values.size == 0:
        raise ValueError("no frames: mean, recall and decay are undefined")
    recall = float((values > recall_above).mean())
    return Statistics(float(values.mean()), recall, decay(values))


def decay(values: PerFrame) -> float:
    """Return the mean of the first quarter of the frames minus that of the last.

    Neighbouring quarters share a frame, as in the public code. That code stores the bounds in 8
    bits and so fails beyond 256 frames; here any number of frames works.

    >>> decay(np.linspace(1, 0, 300)).__round__(3)
    0.749
    """
    bounds = (np.round(np.linspace(1, len(values), BINS + 1) + 1e-10) - 1).astype(np.int64)
    first = values[: bounds[1] + 1]
    last = values[bounds[-2] :]
    return float(first.mean() - last.mean())
