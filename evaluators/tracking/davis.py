"""The semi-supervised protocol of DAVIS: the first frame's mask is given, so it is no answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluators.tracking.masks import Mask, PerFrame, j_and_f

BINS = 4
"""Stretches of a sequence that decay is taken between, the first and the last of them."""
RECALL_ABOVE = 0.5
"""What recall counts the frames above, in the code of DAVIS."""
TRACKEVAL_RECALL = RECALL_ABOVE + float(np.finfo(np.float64).eps)
"""The same in TrackEval, to which an F of 0.5000000000000001, a half with a rounding error, is not
above a half; to the code of DAVIS it is."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a measure does over the frames of one object.

    Attributes:
        mean: Over frames.
        recall: Share of frames above ``recall_above``, 0.5 by default.
        decay: Mean of the first quarter of the frames minus that of the last.
    """

    mean: float
    recall: float
    decay: float


@dataclass(frozen=True, slots=True)
class DavisScores:
    """J, F and strict F (see ``JAndF``) of one object; ``mean`` is J&F."""

    j: Statistics
    f: Statistics
    f_strict: Statistics

    @property
    def mean(self) -> float:
        """The mean of the two means."""
        return (self.j.mean + self.f.mean) / 2

    @property
    def mean_strict(self) -> float:
        """The same with the strict F."""
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
        void: Pixels that do not count, the same shape.
        recall_above: See ``Statistics.recall``; ``TRACKEVAL_RECALL`` to compare with TrackEval.

    Raises:
        ValueError: Fewer than three frames, or shapes differ.

    >>> masks = np.ones((3, 2, 2), dtype=bool)
    >>> davis_scores(masks, masks).j
    Statistics(mean=1.0, recall=1.0, decay=0.0)
    """
    if truth.ndim != 3 or len(truth) < 3:
        raise ValueError(
            f"masks have shape {truth.shape}; DAVIS leaves out the first and the last frame, so it "
            "takes [frames, height, width] with at least 3 frames"
        )
    inner = slice(1, -1)
    if void is not None and void.shape == truth.shape:
        void = void[inner]
    # Shapes that differ are refused below, whether or not both lose their ends.
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
        raise ValueError("no frames, so no mean, recall or decay")
    recall = float((values > recall_above).mean())
    return Statistics(float(values.mean()), recall, decay(values))


def decay(values: PerFrame) -> float:
    """Return the mean of the first quarter of the frames minus that of the last.

    Neighbouring quarters share a frame, as in the public code, which keeps the bounds of the
    quarters in 8 bits and so fails beyond 256 frames. Here any number of frames is right.

    >>> decay(np.linspace(1, 0, 300)).__round__(3)
    0.749
    """
    bounds = (np.round(np.linspace(1, len(values), BINS + 1) + 1e-10) - 1).astype(np.int64)
    first = values[: bounds[1] + 1]
    last = values[bounds[-2] :]
    return float(first.mean() - last.mean())
