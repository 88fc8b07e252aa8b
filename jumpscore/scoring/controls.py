"""Answers of blind baselines, which know nothing about the video or only its rhythm."""

from __future__ import annotations

import statistics
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

GRID_PERIOD = 0.5
"""Seconds between the times of the content-free grid: a basic pace of 120 turns per minute."""


def grid_times(duration: float, *, period: float = GRID_PERIOD) -> list[float]:
    """Return a time every ``period`` seconds in the middle of its slot, up to ``duration``.

    The grid is not fitted to any data; its score is the blind baseline.

    Raises:
        ValueError: ``period`` is not positive.

    >>> grid_times(1.6)
    [0.25, 0.75, 1.25]
    """
    if not period > 0:
        raise ValueError(f"period must be above 0 seconds, got {period}")
    count = max(0, int((duration - period / 2) / period + 1 + 1e-9))
    times = _grid(count, period)
    return list(times[: bisect_left(times, duration)])


@lru_cache(maxsize=64)  # videos of one data set are about as long
def _grid(count: int, period: float) -> tuple[float, ...]:
    return tuple(round((k + 0.5) * period, 6) for k in range(count))


def half_period(truth: Sequence[float]) -> float | None:
    """Return half the median gap between true events in seconds; ``None`` below two events.

    >>> half_period([0.0, 0.5, 1.0, 9.0])
    0.25
    """
    ordered = sorted(truth)
    gaps = [later - earlier for earlier, later in pairwise(ordered)]
    return statistics.median(gaps) / 2 if gaps else None
