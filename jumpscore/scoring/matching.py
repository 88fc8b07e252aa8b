"""Optimal one-to-one matching of predicted and true times."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jumpscore.scoring.reference import nearest_of_each

EDGE = 1e-9
"""Seconds added to a tolerance, so that 1.1 is within 0.1 of 1.0 in float64 too."""
_TICK = 1e-9
"""Seconds per unit of cost: sums of integers are exact, so equal matchings tie exactly."""
_NARROW = 64
"""Rows of a table with more columns are faster in NumPy."""


class Pair(NamedTuple):
    """A true event and its matched prediction, as indices of the input lists."""

    truth: int
    prediction: int


_pair = lru_cache(maxsize=1 << 16)(Pair)
"""Pairs have small numbers, so the same ones occur in most videos; a run shares them."""


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
            pairs.append(_pair(events[first], answers[low]))
            continue
        for i, j in _match_cluster(p[low:high], g[first:last], reach):
            pairs.append(_pair(events[first + j], answers[low + i]))
    return pairs


def count_pairs(predictions: Sequence[float], truth: Sequence[float], tolerance: float) -> int:
    """Return the number of pairs that ``match_events`` finds.

    One pass over both sorted lists: since the tolerance is the same for all events, always pairing
    the earliest possible times gives the most pairs.

    >>> count_pairs([1.11, 1.3], [1.0, 1.2], 0.2)
    2
    """
    p, g = sorted_times(predictions)[1], sorted_times(truth)[1]
    return count_sorted_pairs(p, g, [tolerance])[tolerance]


def count_sorted_pairs(
    p: Sequence[float], g: Sequence[float], tolerances: Sequence[float]
) -> dict[float, int]:
    """Return tolerance -> number of pairs, for sorted, finite times."""
    if not p or not g:
        return dict.fromkeys(tolerances, 0)
    counts = {}
    nearest, distances = nearest_of_each(p, g)
    for tolerance in tolerances:
        reach = tolerance + EDGE
        reached = [k for k, far in zip(nearest, distances, strict=True) if far <= reach]
        # If no two want the same one, all are paired; more cannot be.
        uncontested = len(set(reached)) == len(reached)
        counts[tolerance] = len(reached) if uncontested else _most_pairs(p, g, reach)
    return counts


def _most_pairs(p: Sequence[float], g: Sequence[float], reach: float) -> int:
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
    spans: list[tuple[int, int]] = []
    for time in g:
        rivals = bisect_right(g, time + 2 * reach) - bisect_left(g, time - 2 * reach)
        middle = bisect_left(p, time)
        low = max(0, middle - rivals)
        if middle:
            # Among equal costs the first times count as nearer.
            cost = round((time - p[low]) / _TICK)
            first = bisect_left(p, -cost, hi=low, key=lambda x: -round((time - x) / _TICK))
            spans.append((first, min(first + rivals, low)))
        spans.append((low, min(len(p), middle + rivals)))
    places: list[int] = []
    end = 0
    for start, stop in sorted(spans):
        places.extend(range(max(start, end), stop))
        end = max(end, stop)
    return places


class _Band(NamedTuple):
    """Two sorted lists whose best matching is searched, and which suffixes of them can occur.

    A best matching leaves ``alone_few`` times of ``few`` and ``alone_many`` of ``many`` without a
    partner. So it only meets suffixes ``few[a:]``, ``many[b:]`` with ``-alone_few <= b - a <=
    alone_many``: ``width`` of them for each ``a``.
    """

    few: list[float]
    many: list[float]
    alone_few: int
    alone_many: int
    reach: float
    pair_worth: int

    @property
    def width(self) -> int:
        return self.alone_few + 1 + self.alone_many


def _match_by_table(p: list[float], g: list[float], reach: float) -> list[tuple[int, int]]:
    """Return the best matching by dynamic programming over suffixes of both lists.

    Matching ``p[i:]`` with ``g[j:]`` has a score: a pair adds more than all distances together, and
    its distance in ticks is subtracted.
    """
    most = _most_pairs(p, g, reach)
    alone = len(p) - most
    pair_worth = (round(reach / _TICK) + 1) * (min(len(p), len(g)) + 1)
    swapped = len(p) > len(g)
    few, many = (g, p) if swapped else (p, g)
    band = _Band(few, many, len(few) - most, len(many) - most, reach, pair_worth)
    # NumPy pays for wide rows only, and its integers have 64 bits.
    wide = band.width > _NARROW and pair_worth * (most + 1) < 2**62
    best: Any = _wide_scores(band) if wide else _scores(band)

    def score_from(i: int, j: int) -> Any:
        a, b = (j, i) if swapped else (i, j)
        return best[a][1 + band.alone_few + b - a]

    pairs: list[tuple[int, int]] = []
    i = 0
    for j, time in enumerate(g):
        score = score_from(i, j)
        for k in range(i, min(len(p), j + alone + 1)):
            distance = abs(p[k] - time)
            worth = pair_worth - round(distance / _TICK)
            if distance <= reach and score_from(k + 1, j + 1) + worth == score:
                pairs.append((k, j))
                i = k + 1
                break
            if score_from(k + 1, j) < score or (p[k] > time and distance > reach):
                break  # no later prediction can be the partner
    return pairs


def _scores(band: _Band) -> list[list[int]]:
    """Return every score of a band: that of ``few[a:]`` and ``many[b:]`` is in row ``a``.

    Its place there is 1 + alone_few + b - a. Both ends of a row are 0.
    """
    few, many, reach, worth = band.few, band.many, band.reach, band.pair_worth
    best = [[0] * (band.width + 2)]
    for a in range(len(few) - 1, -1, -1):
        row, below, time = [0] * (band.width + 2), best[-1], few[a]
        shift = a - 1 - band.alone_few
        for place in range(min(band.width, len(many) - 1 - shift), max(0, -shift - 1), -1):
            score = below[place - 1] if below[place - 1] >= row[place + 1] else row[place + 1]
            distance = abs(time - many[place + shift])
            if distance <= reach:
                score = max(score, below[place] + worth - round(distance / _TICK))
            row[place] = score
        best.append(row)
    return best[::-1]


def _wide_scores(band: _Band) -> npt.NDArray[np.int64]:
    """Return the same, each row at once."""
    rows, width = len(band.few), band.width
    far = np.full(rows + width, np.inf)
    times = np.concatenate([far[: band.alone_few], band.many, far])
    best = np.zeros((rows + 1, width + 2), dtype=np.int64)
    distance, scores = np.empty(width), np.empty(width, dtype=np.int64)
    for a in range(rows - 1, -1, -1):
        below = best[a + 1]
        np.subtract(times[a : a + width], band.few[a], out=distance)
        np.abs(distance, out=distance)
        # Times are sorted, so the largest distance is at an end of the row.
        within = max(distance[0], distance[-1]) <= band.reach
        beyond = None if within else distance > band.reach
        if beyond is not None:
            distance[beyond] = 0.0
        np.divide(distance, _TICK, out=distance)
        np.rint(distance, out=distance)
        np.copyto(scores, distance, casting="unsafe")
        np.subtract(below[1:-1], scores, out=scores)
        scores += band.pair_worth
        if beyond is not None:
            scores[beyond] = 0
        np.maximum(scores, below[:-2], out=scores)
        np.maximum.accumulate(scores[::-1], out=best[a, -2:0:-1])
    return best
