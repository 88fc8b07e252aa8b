"""Which difference a number of videos can detect, from pilot runs.

The paired test compares the sum of the differences of all videos with its spread under random
swaps. For n videos, the spread of the mean difference is ``spread / sqrt(n)``, and a difference is
detected with a probability of 80% if it is ``(z(0.975) + z(0.8)) = 2.80`` such spreads (Lachin
1981). A test compares this with the real swaps on redrawn pilots.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from jumpscore.scoring.intervals import LEVEL, Ratio, cluster_places
from jumpscore.scoring.paired import FEWEST, Columns, Pairs

POWER = 0.8
CORRELATION = 0.5
"""Correlation of two models over videos that is assumed for a single pilot run."""


@dataclass(frozen=True, slots=True)
class Pilot:
    """What pilot runs show about the difference of two models.

    Attributes:
        videos: Number of clusters of the pilot.
        spread: Standard deviation over clusters of their part in the difference.
        differ: Share of clusters in which both runs differ; 1 for a single run.
        correlation: Correlation that was assumed; ``None`` if the spread was measured.
    """

    videos: int
    spread: float
    differ: float
    correlation: float | None = None


def pilot_of_pair(a: Ratio, b: Ratio, *, clusters: Sequence[str] | None = None) -> Pilot | None:
    """Return the spread measured on two pilot runs; ``None`` if fewer than two videos are shared.

    >>> pilot_of_pair(Ratio.mean([1.0, 1.0, 0.0, 1.0]), Ratio.mean([0.0, 1.0, 1.0, 1.0])).differ
    0.5
    """
    pairs = Pairs.of(Columns.of([a]), Columns.of([b]), cluster_places(clusters, len(a.numerator)))
    used = pairs.weights[:, 0] > 0
    if (videos := int(np.count_nonzero(used))) < 2:
        return None
    parts = pairs.differences[used, 0] * videos
    centred = parts - pairs.weights[used, 0] * videos * parts.mean()
    spread = math.sqrt(math.fsum((centred**2).tolist()) / (videos - 1))
    return Pilot(videos, spread, int(pairs.differ[0]) / videos)


def pilot_of_run(
    run: Ratio, *, clusters: Sequence[str] | None = None, correlation: float = CORRELATION
) -> Pilot | None:
    """Return the spread expected for two models like one pilot run, with a correlation over videos.

    If both have the standard deviation s, that of the difference is s sqrt(2 - 2 correlation).
    """
    nothing = replace(run, numerator=np.zeros_like(run.numerator), plain=None)
    alone = pilot_of_pair(run, nothing, clusters=clusters)
    if alone is None:
        return None
    spread = alone.spread * math.sqrt(2 - 2 * correlation)
    return Pilot(alone.videos, spread, 1.0, correlation)


def smallest_difference(pilot: Pilot, videos: int, *, power: float = POWER) -> float | None:
    """Return the smallest difference detected with a probability of ``power``.

    ``None`` if so few videos differ that the verdict would be ``too_few``.

    >>> round(smallest_difference(Pilot(40, 0.2, 1.0), 100), 4)
    0.056
    """
    if videos * pilot.differ < FEWEST:
        return None
    return _deviations(power) * pilot.spread / math.sqrt(videos)


def videos_needed(pilot: Pilot, difference: float, *, power: float = POWER) -> int | None:
    """Return how many videos detect a difference with a probability of ``power``.

    ``None`` if the pilot's runs never differ.

    Raises:
        ValueError: The difference is not above 0.

    >>> videos_needed(Pilot(40, 0.2, 1.0), 0.056)
    101
    """
    if not difference > 0:
        raise ValueError(f"a difference must be above 0, not {difference:g}")
    if pilot.differ == 0:
        return None
    for_test = math.ceil((_deviations(power) * pilot.spread / difference) ** 2)
    return max(for_test, math.ceil(FEWEST / pilot.differ))


def _deviations(power: float) -> float:
    normal = NormalDist()
    return normal.inv_cdf((1 + LEVEL) / 2) + normal.inv_cdf(power)
