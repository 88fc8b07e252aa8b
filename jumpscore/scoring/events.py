"""Numbers that mean what they say, per video: F1, counts, timing, extras and misses.

Why not the paper's mAP alone: its greedy matching loses pairs, false positives after the last match
are free, and float64 decides at the edge of a tolerance. It is reported beside these.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from jumpscore.scoring.matching import Pair, count_sorted_pairs, match_events, sorted_times
from jumpscore.scoring.reference import TOLERANCES

WIDEST = max(TOLERANCES)
"""Tolerance in seconds at which timing, extras and misses are counted."""


@dataclass(frozen=True, slots=True)
class EventScores:
    """Scores of one video.

    Attributes:
        values: Metric name -> value, ``None`` where not defined.
        pairs: The matching at the widest tolerance.
        extras: Places of predictions without a partner there.
        misses: Places of true events without a partner there.
    """

    values: dict[str, float | None]
    pairs: tuple[Pair, ...]
    extras: tuple[int, ...]
    misses: tuple[int, ...]


def event_scores(
    predictions: Sequence[float],
    truth: Sequence[float],
    *,
    tolerances: Sequence[float] = TOLERANCES,
) -> EventScores:
    """Score answered times (seconds, any order) against true ones.

    Both empty is a perfect answer (1.0); one empty scores 0.

    >>> event_scores([1.11, 1.3], [1.0, 1.2]).values["f1@0.2"]
    1.0
    """
    values = detection_scores(predictions, truth, tolerances=tolerances)
    pairs = match_events(predictions, truth, max(tolerances))
    values |= count_scores(len(predictions), len(truth))
    errors = [predictions[pair.prediction] - truth[pair.truth] for pair in pairs]
    values |= timing_scores(errors)
    found = {pair.prediction for pair in pairs}
    hit = {pair.truth for pair in pairs}
    return EventScores(
        values=values,
        pairs=tuple(pairs),
        extras=tuple(k for k in range(len(predictions)) if k not in found),
        misses=tuple(k for k in range(len(truth)) if k not in hit),
    )


def detection_scores(
    predictions: Sequence[float],
    truth: Sequence[float],
    *,
    tolerances: Sequence[float] = TOLERANCES,
) -> dict[str, float | None]:
    """Return precision, recall and F1 at every tolerance, and the mean F1."""
    values: dict[str, float | None] = {}
    f1s: list[float] = []
    p, g = sorted_times(predictions)[1], sorted_times(truth)[1]
    for tolerance in tolerances:
        matched = count_sorted_pairs(p, g, tolerance)
        precision, recall, f1 = precision_recall_f1(matched, len(predictions), len(truth))
        values[f"precision@{tolerance:g}"] = precision
        values[f"recall@{tolerance:g}"] = recall
        values[f"f1@{tolerance:g}"] = f1
        f1s.append(f1)
    values["f1"] = sum(f1s) / len(f1s)
    return values


def precision_recall_f1(matched: int, predicted: int, true: int) -> tuple[float, float, float]:
    """Return precision, recall and F1 of counts; (1, 1, 1) where there was nothing to find or say.

    >>> precision_recall_f1(1, 2, 1)
    (0.5, 1.0, 0.6666666666666666)
    """
    if predicted == 0 and true == 0:
        return 1.0, 1.0, 1.0
    precision = matched / predicted if predicted else 0.0
    recall = matched / true if true else 0.0
    return precision, recall, 2 * matched / (predicted + true)


def count_scores(predicted: int, true: int) -> dict[str, float | None]:
    """Return the count metrics of one video; ``count_mae`` is the absolute error before its mean.

    >>> count_scores(9, 10)["count_off_by_one"]
    1.0
    """
    error = predicted - true
    return {
        "count_error": float(error),
        "count_mae": float(abs(error)),
        "count_exact": float(error == 0),
        "count_off_by_one": float(abs(error) <= 1),
    }


def timing_scores(errors: Sequence[float]) -> dict[str, float | None]:
    """Return median and median absolute deviation of prediction minus truth, in seconds."""
    if not errors:
        return {"timing_bias": None, "timing_spread": None}
    bias = statistics.median(errors)
    spread = statistics.median(abs(error - bias) for error in errors)
    return {"timing_bias": bias, "timing_spread": spread}


def ranked_ap(
    predictions: Sequence[float],
    confidences: Sequence[float],
    truth: Sequence[float],
    tolerance: float,
) -> float | None:
    """Return average precision with predictions ranked by confidence; ``None`` without truth.

    Each prediction in falling confidence (earlier time first among equals) takes the nearest free
    true event within the tolerance; AP is the area under the precision envelope at all points
    (as in PASCAL VOC 2010 and later).

    Raises:
        ValueError: Not one confidence per prediction.
    """
    if len(predictions) != len(confidences):
        raise ValueError(f"{len(predictions)} predictions with {len(confidences)} confidences")
    if not truth:
        return None
    order = sorted(range(len(predictions)), key=lambda k: (-confidences[k], predictions[k]))
    free = sorted(truth)
    found = 0
    curve: list[tuple[float, float]] = []
    for rank, k in enumerate(order, start=1):
        near = min(free, key=lambda time: abs(time - predictions[k]), default=None)
        if near is not None and abs(near - predictions[k]) <= tolerance + 1e-9:
            free.remove(near)
            found += 1
            curve.append((found / len(truth), found / rank))
    area = highest = 0.0
    for place in range(len(curve) - 1, -1, -1):
        highest = max(highest, curve[place][1])
        area += highest * (curve[place][0] - (curve[place - 1][0] if place else 0.0))
    return area
