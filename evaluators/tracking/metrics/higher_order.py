"""HOTA (higher order tracking accuracy) of masks, or of any detections with a similarity."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluators.tracking import bits as packed
from evaluators.tracking.metrics.masks import Mask

Similarity = NDArray[np.float64]

ALPHAS = tuple(float(alpha) for alpha in np.arange(0.05, 0.99, 0.05))
"""The 19 thresholds 0.05..0.95 of the public code, with their floating-point tails."""
_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Hota:
    """HOTA and its two factors at each threshold [A]; ``hota**2 == detection * association``.

    Attributes:
        alphas: Least similarity of a match.
        hota: 0..1.
        detection: DetA: matches over all detections of either side.
        association: AssA: how well matched pairs of tracks agree, averaged over all matches.
    """

    alphas: tuple[float, ...]
    hota: NDArray[np.float64]
    detection: NDArray[np.float64]
    association: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """HOTA, the mean over the thresholds."""
        return float(self.hota.mean())


def hota(
    similarities: Sequence[Similarity],
    truth_ids: Sequence[Sequence[Hashable]],
    *,
    prediction_ids: Sequence[Sequence[Hashable]],
    alphas: Sequence[float] = ALPHAS,
    alignment_eps: float = 0.0,
) -> Hota:
    """Return HOTA of one sequence (Luiten et al., "HOTA", IJCV 2020, equations 9 to 12).

    In every frame detections are paired so that the sum of similarity times the global alignment
    of their tracks is largest; the pairs that reach a threshold are its matches.

    Args:
        similarities: Per frame, 0..1, [true detections, predicted detections].
        truth_ids: Per frame, the track of every true detection, at most once per frame.
        prediction_ids: Per frame, the track of every predicted detection.
        alphas: Thresholds.
        alignment_eps: Added to the denominator of the global alignment of two tracks; a value
            other than 0 can break ties between assignments.

    Returns:
        Values per threshold: all 0 if only one side has detections, all 1 if neither has
        (``trackeval`` returns 0 then: it treats such a sequence as empty, not as perfect).

    Raises:
        ValueError: The shape of a frame's similarities does not match its ids.

    >>> sure = np.array([[1.0]])
    >>> hota([sure, sure], [["a"], ["a"]], prediction_ids=[[0], [1]]).mean.__round__(4)
    0.7071
    """
    _check(similarities, truth_ids, prediction_ids)
    true, true_count = _numbered(truth_ids)
    predicted, predicted_count = _numbered(prediction_ids)
    if not true_count.size or not predicted_count.size:
        value = np.full(len(alphas), float(true_count.size == predicted_count.size))
        return Hota(tuple(alphas), value, value, value)
    counts = (true_count, predicted_count)
    alignment = _alignment(similarities, true, predicted, counts=counts, eps=alignment_eps)
    matches = _matches(similarities, true, predicted, alignment=alignment, alphas=alphas)
    total = matches.sum(axis=(1, 2))
    either = true_count[:, None] + predicted_count - matches
    association = (matches * matches / either).sum(axis=(1, 2)) / np.maximum(total, 1)
    detection = total / (true_count.sum() + predicted_count.sum() - total)
    return Hota(tuple(alphas), np.sqrt(detection * association), detection, association)


def mask_hota(truth: Mask, prediction: Mask, *, alphas: Sequence[float] = ALPHAS) -> Hota:
    """Return HOTA of one object's masks, or of several objects'.

    Args:
        truth: Masks [T, H, W], or [objects, T, H, W].
        prediction: As many frames of the same size, and any number of objects.
        alphas: Thresholds of J.

    Returns:
        Values per threshold; ``.mean`` is HOTA. Unlike in the public code for one object, a missed
        frame also lowers association.

    Raises:
        ValueError: Frames differ in number or size.

    >>> masks = np.ones((4, 2, 2), dtype=bool)
    >>> late = masks.copy()
    >>> late[0] = False
    >>> mask_hota(masks, late).mean
    0.75
    """
    if truth.ndim not in (3, 4) or prediction.ndim not in (3, 4):
        raise ValueError(
            f"masks have shapes {truth.shape} and {prediction.shape}; give [frames, height, width] "
            "or [objects, frames, height, width]"
        )
    if truth.shape[-3:] != prediction.shape[-3:]:
        raise ValueError(
            f"frames of truth are {truth.shape[-3:]} and of prediction {prediction.shape[-3:]} "
            "(number, height, width); resize and pair them first"
        )
    true = truth.reshape(-1, *truth.shape[-3:])
    predicted = prediction.reshape(-1, *truth.shape[-3:])
    similarities, true_ids, predicted_ids = [], [], []
    for frame in range(truth.shape[-3]):
        left, right = packed.pack(true[:, frame]), packed.pack(predicted[:, frame])
        [rows], [columns] = np.nonzero(packed.count(left)), np.nonzero(packed.count(right))
        similarities.append(_similarity(left[rows], right[columns]))
        true_ids.append(rows.tolist())
        predicted_ids.append(columns.tolist())
    return hota(similarities, true_ids, prediction_ids=predicted_ids, alphas=alphas)


def _check(
    similarities: Sequence[Similarity],
    truth_ids: Sequence[Sequence[Hashable]],
    prediction_ids: Sequence[Sequence[Hashable]],
) -> None:
    if not len(similarities) == len(truth_ids) == len(prediction_ids):
        raise ValueError(
            f"{len(similarities)} frames of similarities, {len(truth_ids)} of true and "
            f"{len(prediction_ids)} of predicted ids; give as many of each"
        )
    for frame, similarity in enumerate(similarities):
        expected = len(truth_ids[frame]), len(prediction_ids[frame])
        if similarity.shape != expected:
            raise ValueError(
                f"similarities of frame {frame} have shape {similarity.shape}; its ids require "
                f"{expected}"
            )


def _numbered(
    ids: Sequence[Iterable[Hashable]],
) -> tuple[list[NDArray[np.intp]], NDArray[np.float64]]:
    """Return the tracks numbered per frame, and how many detections each has."""
    numbers: dict[Hashable, int] = {}
    frames = [
        np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.intp)
        for names in ids
    ]
    together: NDArray[Any] = np.concatenate(frames) if frames else np.zeros(0, dtype=np.intp)
    return frames, np.bincount(together, minlength=len(numbers)).astype(np.float64)


def _alignment(
    similarities: Sequence[Similarity],
    true: list[NDArray[np.intp]],
    predicted: list[NDArray[np.intp]],
    *,
    counts: tuple[NDArray[np.float64], NDArray[np.float64]],
    eps: float,
) -> Similarity:
    """Return, per pair of tracks, the Jaccard index of their soft co-occurrence."""
    together = np.zeros((counts[0].size, counts[1].size))
    for similarity, rows, columns in zip(similarities, true, predicted, strict=True):
        either = similarity.sum(axis=0) + similarity.sum(axis=1)[:, None] - similarity
        share = np.divide(
            similarity, either, out=np.zeros_like(similarity), where=either > _EPSILON
        )
        together[np.ix_(rows, columns)] += share
    aligned: Similarity = together / (counts[0][:, None] + counts[1] - together + eps)
    return aligned


def _matches(
    similarities: Sequence[Similarity],
    true: list[NDArray[np.intp]],
    predicted: list[NDArray[np.intp]],
    *,
    alignment: Similarity,
    alphas: Sequence[float],
) -> NDArray[np.float64]:
    """Return the number of matches per threshold and pair of tracks."""
    from scipy.optimize import linear_sum_assignment

    thresholds = np.asarray(alphas, dtype=np.float64) - _EPSILON
    matches = np.zeros((len(alphas), *alignment.shape))
    for similarity, rows, columns in zip(similarities, true, predicted, strict=True):
        score = alignment[np.ix_(rows, columns)] * similarity
        left, right = linear_sum_assignment(score, maximize=True)
        reached = similarity[left, right] >= thresholds[:, None]
        matches[:, rows[left], columns[right]] += reached
    return matches


def _similarity(true: packed.Bits, predicted: packed.Bits) -> Similarity:
    """Return J of every pair of non-empty masks."""
    shared = np.array([packed.count(mask & predicted) for mask in true], dtype=np.float64)
    shared = shared.reshape(len(true), len(predicted))
    either = packed.count(true)[:, None] + packed.count(predicted) - shared
    similarity: Similarity = shared / either
    return similarity
