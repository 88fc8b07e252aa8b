"""The paper's mAP, with its faults, in linear time.

Equal to lmms-eval 0.7.3's ``JumpScore`` task bit for bit wherever that returns. What is wrong with
these numbers, and what to read instead, stands in ``jumpscore.scoring.events``.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from operator import sub

TOLERANCES: tuple[float, ...] = (0.1, 0.2, 0.3)
"""Seconds; the paper averages over these three."""


def reference_map(
    predictions: Iterable[float],
    truth: Iterable[float],
    *,
    tolerances: Sequence[float] = TOLERANCES,
) -> float:
    """Return the video's mAP as the paper computes it, a fraction.

    Args:
        predictions: Answered times in seconds, any order.
        truth: True times in seconds, any order.
        tolerances: Seconds.

    Both empty: 1.0; answers where there are no events: 0.0. Late false positives are free and the
    matching is greedy: compare ``event_scores``, which is neither.

    >>> round(reference_map([1, 2, 3] + [9.0] * 5000, [1, 2, 3]), 3)
    1.0
    >>> round(reference_map([0.0, 1, 2, 3], [1, 2, 3]), 3)
    0.639
    """
    values = reference_ap(predictions, truth, tolerances=tolerances)
    return sum(values.values()) / len(values)


def reference_ap(
    predictions: Iterable[float],
    truth: Iterable[float],
    *,
    tolerances: Sequence[float] = TOLERANCES,
) -> dict[float, float]:
    """Return tolerance -> average precision; the per-tolerance form of ``reference_map``.

    Predictions are sorted by time; each takes the nearest truth still free within the tolerance
    (the first wins a tie); AP is the sum of precision_k * (recall_k - recall_{k-1}).

    Raises:
        ValueError: No tolerance is given.
    """
    if not tolerances:
        raise ValueError("no tolerance given; the paper's are (0.1, 0.2, 0.3) seconds")
    answered = sorted(float(time) for time in predictions)
    true = [float(time) for time in truth]
    if not answered or not true:
        same = 1.0 if not answered and not true else 0.0
        return dict.fromkeys(tolerances, same)
    match = _match_sorted if _is_plain(answered, true) else _match_any
    return {
        tolerance: _average_precision(match(answered, true, tolerance), len(true))
        for tolerance in tolerances
    }


def _is_plain(answered: list[float], true: list[float]) -> bool:
    """Whether times are such that the linear matching is exact.

    It needs finite numbers and sorted truth, far enough apart (against float64's resolution) that
    no two events can seem equally near.
    """
    if not math.isfinite(sum(answered)) or not math.isfinite(sum(true)):
        return False
    finest = 1e-9 * max(1.0, abs(true[0]), abs(true[-1]))
    return min(map(sub, true[1:], true), default=1.0) > finest


def _match_sorted(answered: list[float], true: list[float], tolerance: float) -> list[int]:
    """Return the places in ``answered`` that find a partner, in one pass over both lists.

    Free truth at or before the current answer forms a stack, the nearest on top; after it, the
    first one not yet passed is the nearest.
    """
    hits: list[int] = []
    passed: list[float] = []
    following = 0
    count = len(true)
    for place, time in enumerate(answered):
        while following < count and true[following] <= time:
            passed.append(true[following])
            following += 1
        before = time - passed[-1] if passed else math.inf
        after = true[following] - time if following < count else math.inf
        if before <= after:
            if before <= tolerance:
                passed.pop()
                hits.append(place)
        elif after <= tolerance:
            following += 1
            hits.append(place)
    return hits


def _match_any(answered: list[float], true: list[float], tolerance: float) -> list[int]:
    """Return the same for any input (NaN, unsorted truth), looking only at truth in reach."""
    free = sorted((time, order) for order, time in enumerate(true) if not math.isnan(time))
    keys = [time for time, _ in free]
    hits: list[int] = []
    for place, time in enumerate(answered):
        if math.isnan(time) or math.isinf(time):
            continue
        # One unit more on both sides: the comparison below decides, in float64 as the reference.
        margin = tolerance + 1e-6 * max(1.0, abs(time))
        low, high = bisect_left(keys, time - margin), bisect_right(keys, time + margin)
        nearest = min(
            range(low, high), key=lambda k: (abs(time - free[k][0]), free[k][1]), default=None
        )
        if nearest is not None and abs(time - free[nearest][0]) <= tolerance:
            del free[nearest], keys[nearest]
            hits.append(place)
    return hits


def _average_precision(hits: list[int], true_count: int) -> float:
    total = 0.0
    recall = 0.0
    for found, place in enumerate(hits, start=1):
        gained = found / true_count
        total += (found / (place + 1)) * (gained - recall)
        recall = gained
    return total
