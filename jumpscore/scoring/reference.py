"""The paper's mAP, with its faults, in linear time.

Bit-identical to the ``JumpScore`` task of lmms-eval 0.7.3 unless that crashes. See
``jumpscore.scoring.events`` for the faults of this metric and for better ones.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from operator import sub

TOLERANCES: tuple[float, ...] = (0.1, 0.2, 0.3)
"""Seconds; the paper averages over these three."""
MOST_CONTESTED = 4096
"""With more true times, looking for a free one could take longer than a pass over all of them."""


def reference_map(
    predictions: Iterable[float],
    truth: Iterable[float],
    *,
    tolerances: Sequence[float] = TOLERANCES,
) -> float:
    """Return the mAP of a video as computed by the paper, as a fraction.

    Args:
        predictions: Predicted times in seconds, any order.
        truth: True times in seconds, any order.
        tolerances: Seconds.

    If both are empty the result is 1.0; predictions without true events score 0.0. Late false
    positives are free and the matching is greedy; ``event_scores`` has neither fault.

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
    """Return tolerance -> average precision, whose mean is ``reference_map``.

    Predictions are sorted by time; each takes the nearest free true event within the tolerance (the
    first one in a tie). AP is the sum of precision_k * (recall_k - recall_{k-1}).

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
    if not _is_plain(answered, true):
        hits = [_match_any(answered, true, tolerance) for tolerance in tolerances]
    elif len(true) > MOST_CONTESTED:
        hits = [_match_sorted(answered, true, tolerance) for tolerance in tolerances]
    else:
        nearest, distances = nearest_of_each(answered, true)
        hits = [
            _match_nearest(answered, true, tolerance, nearest, distances)
            for tolerance in tolerances
        ]
    return {
        tolerance: _average_precision(matched, len(true))
        for tolerance, matched in zip(tolerances, hits, strict=True)
    }


def nearest_of_each(
    answered: Sequence[float], true: Sequence[float]
) -> tuple[list[int], list[float]]:
    """Return the index of the nearest true time of every prediction, and how far it is away.

    Args:
        answered: Predicted times in seconds, sorted and finite.
        true: True times in seconds, sorted and finite, at least one; the first one wins a tie.

    >>> nearest_of_each([0.9, 1.5, 4.0], [1.0, 2.0])
    ([0, 0, 1], [0.09999999999999998, 0.5, 2.0])
    """
    nearest: list[int] = []
    distances: list[float] = []
    following, count = 0, len(true)
    earlier, later = -math.inf, true[0]
    for time in answered:
        while later <= time:
            following += 1
            earlier, later = later, true[following] if following < count else math.inf
        before, after = time - earlier, later - time
        if before <= after:
            nearest.append(following - 1)
            distances.append(before)
        else:
            nearest.append(following)
            distances.append(after)
    return nearest, distances


def _is_plain(answered: list[float], true: list[float]) -> bool:
    """Whether the linear matching is exact for some times.

    It needs finite numbers and sorted true times that are so far apart, compared with the
    resolution of float64, that no two of them can seem equally near.
    """
    if not math.isfinite(sum(answered)) or not math.isfinite(sum(true)):
        return False
    finest = 1e-9 * max(1.0, abs(true[0]), abs(true[-1]))
    return min(map(sub, true[1:], true), default=1.0) > finest


def _match_nearest(
    answered: list[float],
    true: list[float],
    tolerance: float,
    nearest: list[int],
    distances: list[float],
) -> list[int]:
    """Return the indices of matched predictions, from the nearest true time of each.

    Only a prediction whose nearest true time is taken has to look for another one.
    """
    hits: list[int] = []
    free = bytearray(b"\1" * len(true))
    for place, distance in enumerate(distances):
        if distance > tolerance:
            continue
        index = nearest[place]
        if not free[index]:
            low, high = free.rfind(1, 0, index), free.find(1, index)
            before = answered[place] - true[low] if low >= 0 else math.inf
            after = true[high] - answered[place] if high >= 0 else math.inf
            index = low if before <= after else high
            if min(before, after) > tolerance:
                continue
        free[index] = 0
        hits.append(place)
    return hits


def _match_sorted(answered: list[float], true: list[float], tolerance: float) -> list[int]:
    """Return the same for any number of true times, in one pass over both lists.

    Free true times up to the current prediction form a stack with the nearest on top; after it, the
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
    """Return the same for any input (NaN, unsorted truth), comparing only times within reach."""
    entries = sorted((time, order) for order, time in enumerate(true) if not math.isnan(time))
    keys = [time for time, _ in entries]
    free = bytearray(b"\1" * len(keys))
    hits: list[int] = []
    for place, time in enumerate(answered):
        if math.isnan(time) or math.isinf(time):
            continue
        # Some margin on both sides; the comparison below decides, in float64 like the reference.
        margin = tolerance + 1e-6 * max(1.0, abs(time))
        low, high = bisect_left(keys, time - margin), bisect_right(keys, time + margin)
        nearest = min(
            (k for k in range(low, high) if free[k]),
            key=lambda k: (abs(time - entries[k][0]), entries[k][1]),
            default=None,
        )
        if nearest is not None and abs(time - entries[nearest][0]) <= tolerance:
            free[nearest] = 0
            hits.append(place)
    return hits


def _average_precision(hits: list[int], true_count: int) -> float:
    total = 0.0
    recall = 0.0
    for matched, place in enumerate(hits, start=1):
        new_recall = matched / true_count
        total += (matched / (place + 1)) * (new_recall - recall)
        recall = new_recall
    return total
