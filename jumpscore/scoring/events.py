"""Metrics of one video: F1, counts, timing, extras and misses.

The paper's mAP is reported as well, but has known faults: its greedy matching loses pairs, false
positives after the last match are free, and float64 rounding decides at the edge of a tolerance.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from jumpscore.scoring.matching import EDGE, Pair, count_sorted_pairs, match_events, sorted_times
from jumpscore.scoring.reference import TOLERANCES

WIDEST = max(TOLERANCES)
"""Tolerance in seconds at which timing, extras and misses are counted."""


@dataclass(frozen=True, slots=True)
class EventScores:
    """Scores of one video.

    Attributes:
        values: Metric name -> value, ``None`` if not defined.
        pairs: The matching at the widest tolerance.
        extras: Indices of predictions without a partner in ``pairs``.
        misses: Indices of true events without a partner in ``pairs``.
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
    """Score predicted times (seconds, any order) against true ones.

    If both are empty the score is 1.0; if only one is empty it is 0.

    >>> event_scores([1.11, 1.3], [1.0, 1.2]).values["f1@0.2"]
    1.0
    """
    pairs = match_events(predictions, truth, max(tolerances))
    known = {max(tolerances): len(pairs)}
    values = detection_scores(predictions, truth, tolerances=tolerances, known=known)
    values |= count_scores(len(predictions), len(truth))
    errors = [predictions[pair.prediction] - truth[pair.truth] for pair in pairs]
    values |= timing_scores(errors)
    matched = {pair.prediction for pair in pairs}
    hit = {pair.truth for pair in pairs}
    return EventScores(
        values=values,
        pairs=tuple(pairs),
        extras=tuple(k for k in range(len(predictions)) if k not in matched),
        misses=tuple(k for k in range(len(truth)) if k not in hit),
    )


def detection_scores(
    predictions: Sequence[float],
    truth: Sequence[float],
    *,
    tolerances: Sequence[float] = TOLERANCES,
    known: Mapping[float, int] | None = None,
) -> dict[str, float | None]:
    """Return precision, recall and F1 at every tolerance, and the mean F1.

    Args:
        predictions: Predicted times in seconds, any order.
        truth: True times in seconds, any order.
        tolerances: Seconds.
        known: Tolerance -> number of pairs, if it was computed before.
    """
    values: dict[str, float | None] = {}
    f1s: list[float] = []
    p, g = sorted_times(predictions)[1], sorted_times(truth)[1]
    counts = count_sorted_pairs(p, g, [one for one in tolerances if one not in (known or {})])
    counts |= known or {}
    for tolerance in tolerances:
        matched = counts[tolerance]
        precision, recall, f1 = precision_recall_f1(matched, len(predictions), len(truth))
        values |= zip(_names(tolerance), (precision, recall, f1), strict=True)
        f1s.append(f1)
    values["f1"] = sum(f1s) / len(f1s)
    return values


@cache
def _names(tolerance: float) -> tuple[str, ...]:
    """Return the names of the metrics at one tolerance; all videos share these strings."""
    return tuple(f"{kind}@{tolerance:g}" for kind in ("precision", "recall", "f1"))


def precision_recall_f1(matched: int, predicted: int, true: int) -> tuple[float, float, float]:
    """Return precision, recall and F1 of counts; (1, 1, 1) if there are no events at all.

    >>> precision_recall_f1(1, 2, 1)
    (0.5, 1.0, 0.6666666666666666)
    """
    if predicted == 0 and true == 0:
        return 1.0, 1.0, 1.0
    precision = matched / predicted if predicted else 0.0
    recall = matched / true if true else 0.0
    return precision, recall, 2 * matched / (predicted + true)


def count_scores(predicted: int, true: int) -> dict[str, float | None]:
    """Return the count metrics of one video.

    ``count_mae`` is its absolute error and ``count_nmae`` the same as a share of the true number
    (``None`` if that is 0), as RepNet (Dwibedi et al. 2020) reports it; ``count_rmse`` is squared
    and averaged over videos.

    >>> scores = count_scores(8, 10)
    >>> scores["count_off_by_one"], scores["count_nmae"], scores["count_rmse"]
    (0.0, 0.2, 2.0)
    """
    error = predicted - true
    return {
        "count_error": float(error),
        "count_mae": float(abs(error)),
        "count_exact": float(error == 0),
        "count_off_by_one": float(abs(error) <= 1),
        "count_nmae": abs(error) / true if true else None,
        "count_rmse": float(abs(error)),
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

    In order of falling confidence (earlier times first among equals) each prediction takes the
    nearest free true event within the tolerance. AP is the area under the precision envelope at all
    points, as in PASCAL VOC 2010 and later.

    Raises:
        ValueError: The numbers of predictions and confidences differ.
    """
    if len(predictions) != len(confidences):
        raise ValueError(f"{len(predictions)} predictions with {len(confidences)} confidences")
    if not truth:
        return None
    order = sorted(range(len(predictions)), key=lambda k: (-confidences[k], predictions[k]))
    free = sorted(truth)
    matched = 0
    curve: list[tuple[float, float]] = []
    for rank, k in enumerate(order, start=1):
        time = predictions[k]
        place = _nearest(free, time)
        if place < len(free) and abs(free[place] - time) <= tolerance + EDGE:
            del free[place]
            matched += 1
            curve.append((matched / len(truth), matched / rank))
    area = highest = 0.0
    for place in range(len(curve) - 1, -1, -1):
        highest = max(highest, curve[place][1])
        area += highest * (curve[place][0] - (curve[place - 1][0] if place else 0.0))
    return area


def _nearest(times: list[float], time: float) -> int:
    """Return the index of the nearest of sorted times, the first one in a tie; 0 if empty."""
    place = bisect_left(times, time)
    if place and (place == len(times) or time - times[place - 1] <= times[place] - time):
        # Different times can be equally near in float64.
        place = bisect_left(times, times[place - 1] - time, hi=place, key=lambda t: t - time)
    return place
