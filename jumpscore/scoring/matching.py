"""Optimal one-to-one matching of predicted and true times."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

EDGE = 1e-9
"""Seconds added to a tolerance, so that 1.1 is within 0.1 of 1.0 in float64 too."""
_TICK = 1e-9
"""Seconds per unit of cost: sums of integers are exact, so equal matchings tie exactly."""


class Pair(NamedTuple):
    """A true event and its matched prediction, as indices of the input lists."""

    truth: int
    prediction: int


def match_events(
    predictions: Sequence[float], truth: Sequence[float], tolerance: float
) -> list[Pair]:
    """Pair predictions with true events: most pairs, then least total distance, then earliest.

    Args:
        predictions: Predicted times in seconds, any order; those not finite are never paired.
        truth: True times in seconds, any order.
        tolerance: Largest distance of a pair in seconds, plus 1e-9.

    Returns:
        Pairs by true time. Among equally good matchings, the one whose pairs, in order of time,
        contain the earliest events and then the earliest predictions.

    There is always a best matching without crossing pairs, so dynamic programming over both sorted
    lists finds one. It runs only where neighbours compete, and is linear elsewhere.

    >>> match_events([1.11, 1.3], [1.0, 1.2], 0.2)
    [Pair(truth=0, prediction=0), Pair(truth=1, prediction=1)]
    """
    answers, p = sorted_times(predictions)
    events, g = sorted_times(truth)
    reach = tolerance + EDGE
    pairs: list[Pair] = []
    for low, high, first, last in _clusters(p, g, reach):
        if high - low == 1 and last - first == 1:
            pairs.append(Pair(events[first], answers[low]))
            continue
        for i, j in _match_cluster(p[low:high], g[first:last], reach):
            pairs.append(Pair(events[first + j], answers[low + i]))
    return pairs


def count_pairs(predictions: Sequence[float], truth: Sequence[float], tolerance: float) -> int:
    """Return the number of pairs that ``match_events`` finds.

    One pass over both sorted lists: since the tolerance is the same for all events, always pairing
    the earliest possible times gives the most pairs.

    >>> count_pairs([1.11, 1.3], [1.0, 1.2], 0.2)
    2
    """
    return count_sorted_pairs(sorted_times(predictions)[1], sorted_times(truth)[1], tolerance)


def count_sorted_pairs(p: Sequence[float], g: Sequence[float], tolerance: float) -> int:
    """Return the number of pairs of sorted, finite times."""
    reach = tolerance + EDGE
    i = j = count = 0
    while i < len(p) and j < len(g):
        distance = p[i] - g[j]
        if distance > reach:
            j += 1
        elif distance < -reach:
            i += 1
        else:
            i, j, count = i + 1, j + 1, count + 1
    return count


def sorted_times(times: Sequence[float]) -> tuple[list[int], list[float]]:
    """Return the indices and values of all finite times, sorted by time and then index."""
    places: Iterable[int] = range(len(times))
    if not math.isfinite(sum(times)):
        places = [place for place in places if math.isfinite(times[place])]
    order = sorted(places, key=times.__getitem__)
    return order, [times[place] for place in order]


def _clusters(
    p: Sequence[float], g: Sequence[float], reach: float
) -> list[tuple[int, int, int, int]]:
    """Split both sorted lists where no pair can cross; (p from, to, g from, to) each."""
    clusters: list[tuple[int, int, int, int]] = []
    low = high = 0
    for j, time in enumerate(g):
        while low < len(p) and time - p[low] > reach:
            low += 1
        high = max(high, low)
        while high < len(p) and p[high] - time <= reach:
            high += 1
        if low == high:
            continue
        if clusters and low < clusters[-1][1]:
            start, _, first, _ = clusters[-1]
            clusters[-1] = (start, high, first, j + 1)
        else:
            clusters.append((low, high, j, j + 1))
    return clusters


def _match_cluster(p: list[float], g: list[float], reach: float) -> list[tuple[int, int]]:
    """Return (index in p, index in g) of the best matching of one cluster, by time."""
    if len(p) >= len(g):
        partners = _nearest_of_each(g, p, reach)
        if partners is not None:
            return [(i, j) for j, i in enumerate(partners)]
    if len(p) <= len(g):
        partners = _nearest_of_each(p, g, reach)
        if partners is not None:
            return list(enumerate(partners))
    if len(p) > 2 * len(g):
        rivals = _competitors(p, g, reach)
        return [(rivals[i], j) for i, j in _match_by_table([p[k] for k in rivals], g, reach)]
    return _match_by_table(p, g, reach)


def _nearest_of_each(few: list[float], many: list[float], reach: float) -> list[int] | None:
    """Return the nearest partner of each; ``None`` if two share one or any choice is a tie.

    The result is the best matching: all are matched at the least possible cost, and any other
    choice costs more.
    """
    partners: list[int] = []
    place = 0
    last = len(many) - 1
    for time in few:
        while place < last and abs(many[place + 1] - time) < abs(many[place] - time):
            place += 1
        distance = abs(many[place] - time)
        tied = place < last and abs(many[place + 1] - time) - distance < _TICK
        tied = tied or (place > 0 and abs(many[place - 1] - time) - distance < _TICK)
        if distance > reach or tied or (partners and partners[-1] >= place):
            return None
        partners.append(place)
    return partners


def _competitors(p: list[float], g: list[float], reach: float) -> list[int]:
    """Return the indices in ``p`` that a best matching can use.

    Only events within two reaches of an event compete for its predictions. If there are ``n`` of
    them, itself included, a partner beyond the ``n`` nearest on one side can be swapped for a free
    one of those. This keeps the table small if a hostile answer contains a million times.
    """
    places: set[int] = set()
    for time in g:
        rivals = bisect_right(g, time + 2 * reach) - bisect_left(g, time - 2 * reach)
        middle = bisect_left(p, time)
        low = max(0, middle - rivals)
        if middle:
            # Among equal costs the first times count as nearer.
            cost = round((time - p[low]) / _TICK)
            first = bisect_left(p, -cost, hi=low, key=lambda x: -round((time - x) / _TICK))
            places.update(range(first, min(first + rivals, low)))
        places.update(range(low, min(len(p), middle + rivals)))
    return sorted(places)


def _match_by_table(p: list[float], g: list[float], reach: float) -> list[tuple[int, int]]:
    """Return the best matching by dynamic programming over suffixes of both lists.

    ``best[i][j]`` is the score of matching ``p[i:]`` with ``g[j:]``: a pair adds more than all
    distances together, and its distance in ticks is subtracted.
    """
    pair_worth = (round(reach / _TICK) + 1) * (min(len(p), len(g)) + 1)
    rows, columns = len(p), len(g)
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        row, below, time = best[i], best[i + 1], p[i]
        for j in range(columns - 1, -1, -1):
            worth = below[j] if below[j] >= row[j + 1] else row[j + 1]
            distance = abs(time - g[j])
            if distance <= reach:
                with_pair = below[j + 1] + pair_worth - round(distance / _TICK)
                worth = max(worth, with_pair)
            row[j] = worth
    pairs: list[tuple[int, int]] = []
    i = 0
    for j in range(columns):
        for k in range(i, rows):
            distance = abs(p[k] - g[j])
            if p[k] > g[j] and distance > reach:
                break
            worth = best[k + 1][j + 1] + pair_worth - round(distance / _TICK)
            if distance <= reach and worth == best[i][j]:
                pairs.append((k, j))
                i = k + 1
                break
    return pairs
