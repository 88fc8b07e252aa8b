"""Merge the times that a model answered about overlapping windows into one list for the video.

Every event of an overlap is seen twice, near the end of one window and near the start of the next,
and the two answers about it may differ a little. Cutting both answers at one border would lose an
event that one window puts after it and the other before it, and count it twice in the opposite
case. Answers about an overlap are therefore paired first:

* Pairs are formed in order, one to one, at most ``tolerance`` apart, so that the sum of their
  distances plus one tolerance per time left alone is smallest. A pair is one event.
* The border is in the middle of the overlap, where both windows are equally far from their edges.
  A pair gets the time of the window on whose side of the border its mean lies, since a model sees
  least of an event at an edge.
* A time without a partner is taken from the window on whose side it lies. On the other side, the
  window that sees more contradicts it; it is dropped and counted.

The tolerance is an eighth of the overlap. Less than half is enough for exact answers to give back
every list of events, however dense: to pair them any other way, the pairs would have to bridge the
whole overlap, which costs more than the times left alone at its ends. Times that are off by less
than half the tolerance give back the list if events are two tolerances apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TOLERANCE_SHARE = 0.125
"""Tolerance of a pair as a share of the overlap."""
MOST_PAIRED = 2_000
"""Times of one window in one overlap that are paired; more are only cut at the border."""
_PAIR, _FIRST, _SECOND = 0, 1, 2


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """An answered time.

    Attributes:
        time: Seconds.
        confidence: Confidence of the model, if it has one.
    """

    time: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class WindowTimes:
    """What a model answered about one window.

    Attributes:
        start: Start of the window in seconds of the video.
        end: End of the window in seconds of the video.
        answers: The answers, in seconds from the start of the window, in any order.
    """

    start: float
    end: float
    answers: tuple[TimedAnswer, ...]


@dataclass(frozen=True, slots=True)
class MergedTimes:
    """The answers about a video.

    Attributes:
        answers: In seconds of the video, increasing.
        outside: Number of them that are outside of the window that they were answered for.
        contradicted: Number of answers that were dropped, because the other window of the overlap
            sees more of that side and has no such event.
    """

    answers: tuple[TimedAnswer, ...]
    outside: int = 0
    contradicted: int = 0


def merge_windows(windows: Sequence[WindowTimes]) -> MergedTimes:
    """Merge the answers about the windows of a video; see the text of the module.

    A time outside of its window is an answer about nothing that was seen. It stays in the list and
    counts as a wrong answer about a whole video would.

    Args:
        windows: The windows in order; each overlaps only the next one, or just touches others.

    >>> one = WindowTimes(0.0, 8.0, (TimedAnswer(6.0), TimedAnswer(7.52)))
    >>> other = WindowTimes(7.0, 15.0, (TimedAnswer(0.48), TimedAnswer(3.0)))
    >>> [answer.time for answer in merge_windows([one, other]).answers]
    [6.0, 7.48, 10.0]
    """
    merged: list[TimedAnswer] = []
    outside: list[TimedAnswer] = []
    contradicted = 0
    edge = None
    for place, window in enumerate(windows):
        following = windows[place + 1].start if place + 1 < len(windows) else window.end
        slack = max(_tolerance(edge, window.start), _tolerance(window.end, following))
        shifted = [
            TimedAnswer(round(window.start + answer.time, 6), answer.confidence)
            for answer in window.answers
        ]
        inside: list[TimedAnswer] = []
        for one in sorted(shifted, key=_time):
            is_inside = window.start - slack <= one.time <= window.end + slack
            (inside if is_inside else outside).append(one)
        if edge is None:
            merged = inside
        else:
            merged, dropped = _joined(merged, inside, (window.start, max(edge, window.start)))
            contradicted += dropped
        edge = window.end
    answers = sorted([*merged, *outside], key=_time)
    return MergedTimes(tuple(answers), len(outside), contradicted)


def _tolerance(edge: float | None, start: float) -> float:
    """Return the tolerance of the overlap from ``start`` to ``edge``; 0 without an overlap."""
    return 0.0 if edge is None else TOLERANCE_SHARE * max(0.0, edge - start)


def _time(answer: TimedAnswer) -> float:
    return answer.time


def _joined(
    before: list[TimedAnswer], after: list[TimedAnswer], overlap: tuple[float, float]
) -> tuple[list[TimedAnswer], int]:
    """Join sorted answers on both sides of an overlap; return how many were dropped, too."""
    start, end = overlap
    tolerance, border = _tolerance(end, start), (start + end) / 2
    early = [one for one in before if one.time < start - tolerance]
    late = [one for one in after if one.time > end + tolerance]
    first, second = before[len(early) :], after[: len(after) - len(late)]
    shared: list[TimedAnswer] = []
    dropped = 0
    for one, other in _paired(first, second, tolerance):
        if one is not None and other is not None:
            shared.append(one if (one.time + other.time) / 2 < border else other)
        elif one is not None and one.time < border:
            shared.append(one)
        elif other is not None and other.time >= border:
            shared.append(other)
        else:
            dropped += 1
    return sorted([*early, *shared, *late], key=_time), dropped


def _paired(
    first: Sequence[TimedAnswer], second: Sequence[TimedAnswer], tolerance: float
) -> list[tuple[TimedAnswer | None, TimedAnswer | None]]:
    """Return the pairs of two sorted lists, and what is left alone with ``None``."""
    a, b = (np.array([one.time for one in side], dtype=np.float64) for side in (first, second))
    if min(len(a), len(b)) == 0 or max(len(a), len(b)) > MOST_PAIRED:
        return [*((one, None) for one in first), *((None, other) for other in second)]
    choices = _choices(a, b, tolerance)
    pairs: list[tuple[TimedAnswer | None, TimedAnswer | None]] = []
    i, j = len(a), len(b)
    while i or j:
        choice = choices[i, j]
        i, j = i - (choice != _SECOND), j - (choice != _FIRST)
        pairs.append(
            (first[i] if choice != _SECOND else None, second[j] if choice != _FIRST else None)
        )
    return pairs[::-1]


def _choices(
    a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], tolerance: float
) -> npt.NDArray[np.uint8]:
    """Return the last step of the cheapest way to use up the first i and j times.

    Returns:
        uint8 [len(a) + 1, len(b) + 1]: a pair, or the first or second time left alone.
    """
    # Below zero cost a pair would win by rounding; with no tolerance only equal times are paired.
    alone = max(tolerance, 1e-9)
    steps = alone * np.arange(len(b) + 1)
    choices = np.full((len(a) + 1, len(b) + 1), _SECOND, dtype=np.uint8)
    choices[1:, 0] = _FIRST
    costs = steps.copy()
    for i, time in enumerate(a, start=1):
        distance = np.abs(b - time)
        pair = np.where(distance <= tolerance, costs[:-1] + distance, np.inf)
        up = costs + alone
        best = up.copy()
        best[1:] = np.minimum(pair, up[1:])
        # The cheapest way that ends in times of ``b`` left alone, for all of ``b`` at once.
        costs = np.minimum.accumulate(best - steps) + steps
        choices[i, 1:][pair <= costs[1:] + 1e-12] = _PAIR
        choices[i, 1:][(choices[i, 1:] != _PAIR) & (up[1:] <= costs[1:] + 1e-12)] = _FIRST
    return choices
