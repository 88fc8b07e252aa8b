"""Paired comparison of two runs by random swaps of their answers within videos.

If two models are equally good, every video could as well have the answers of both swapped. The test
swaps the answers of random videos many times and counts how often the difference becomes at least
as large as it is. With equal denominators, such as means over the same videos, it is exact for any
distribution, any number of ties and few videos. With unequal ones, such as precision, the ratio is
linearised first; so is the root of a mean.

The interval contains every difference that the same swaps do not reject, so it excludes 0 exactly
if the verdict names a better run (Hartigan 1969: the means of random subsets are typical values).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from jumpscore.scoring.intervals import LEVEL, ExactSums, Floats, Ratio, cluster_places, ratio_value

Ints = npt.NDArray[np.intp]
Verdict = Literal["a", "b", "tied", "too_few"]
Test = tuple[float, float | None, float | None] | None
"""p-value and both ends of the interval, if defined."""
SWAPS = 9_999
"""Random swaps; together with the observed assignment 10,000, so that 5% is a whole number."""
FEWEST = 12
"""Fewest videos that must differ between two runs before one can be called better."""
TOO_FEW = "too few videos differ"
"""The verdict ``too_few`` in words."""
_UNTIED = 2.0**-20
"""Videos have weights of 1 +- this, so that no two assignments of videos are exactly tied."""
_TOGETHER = 4
"""Metrics whose differences are computed at once."""
_CHUNK_CELLS = 2_000_000
"""Swaps drawn at once: 16 MB."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference between two runs on the videos scored in both.

    Attributes:
        mean_a: Value of run A over those videos.
        mean_b: Value of run B over those videos.
        difference: A minus B.
        ci_low: Lower end of the 95% interval of the difference; ``None`` for fewer than 6 clusters.
        ci_high: Upper end.
        n: Number of videos with a value in both runs.
        verdict: ``a`` or ``b`` for the significantly larger value (p-value of at most 0.05),
            ``tied``, or ``too_few`` if fewer than ``FEWEST`` clusters differ.
        p_value: Probability of a difference at least as large if both are equally good, two-sided.
        differ: Number of clusters, such as videos, in which the runs differ.
    """

    mean_a: float | None
    mean_b: float | None
    difference: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    verdict: Verdict
    p_value: float | None = None
    differ: int = 0


def compare(
    a: Mapping[str, Ratio],
    b: Mapping[str, Ratio],
    *,
    seed: int = 0,
    clusters: Sequence[str] | None = None,
) -> dict[str, Comparison]:
    """Compare two runs metric by metric, paired by video: all metrics use the same swaps.

    Args:
        a: Metrics of run A.
        b: The same metrics of run B over the same videos in the same order.
        seed: Random seed.
        clusters: Cluster name of each entry, for example its video. The answers of a cluster are
            swapped together.

    Raises:
        ValueError: The metrics or the videos of the runs differ.

    >>> one, other = Ratio.mean([1.0] * 12), Ratio.mean([0.0] * 12)
    >>> compare({"f1": one}, {"f1": other})["f1"].verdict
    'a'
    """
    if list(a) != list(b):
        raise ValueError(f"the metrics differ: {list(a)} and {list(b)}")
    if len({len(metric.numerator) for metric in [*a.values(), *b.values()]}) > 1:
        raise ValueError("both runs must be given the same videos in the same order")
    if not a:
        return {}
    places = cluster_places(clusters, len(next(iter(a.values())).numerator))
    pairs = _pairs(list(a.values()), list(b.values()), places)
    tests = _swap(pairs, seed=seed)
    return {
        name: _comparison(
            a[name], b[name], tests[k], shared=pairs.shared[:, k], differ=int(pairs.differ[k])
        )
        for k, name in enumerate(a)
    }


@dataclass(frozen=True, slots=True)
class Columns:
    """Ratios over the same entries, one per column.

    Attributes:
        above: Numerators, float64 [entries, ratios].
        below: Denominators, float64 [entries, ratios].
        means: Which ratios are means, bool [ratios].
        roots: Which metrics are square roots of their ratio, bool [ratios].
    """

    above: Floats
    below: Floats
    means: npt.NDArray[np.bool_]
    roots: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, ratios: Sequence[Ratio]) -> Columns:
        """Return ratios as columns."""
        return cls(
            np.stack([ratio.uncentred for ratio in ratios], axis=1),
            np.stack([ratio.denominator for ratio in ratios], axis=1),
            np.array([ratio.is_mean for ratio in ratios]),
            np.array([ratio.is_root for ratio in ratios]),
        )

    def part(self, columns: slice) -> Columns:
        """Return some of the columns."""
        parts = self.above[:, columns], self.below[:, columns]
        return Columns(*parts, self.means[columns], self.roots[columns])


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of ratios over their shared entries, as one difference per cluster and pair.

    Attributes:
        differences: float64 [clusters, pairs]; the sum over clusters is the difference of the
            ratios. NaN if it is not defined.
        weights: float64 [clusters, pairs], with sum 1: the share of each cluster in a difference
            that is the same everywhere.
        differ: Number of clusters with unequal sums, int [pairs].
        shared: Which entries take part, bool [entries, pairs].
    """

    differences: Floats
    weights: Floats
    differ: Ints
    shared: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, a: Columns, b: Columns, places: Ints) -> Pairs:
        """Return the differences of ``a`` and ``b``; one of them may have a single column.

        Entries that are NaN in one of the two, or that only one of two means defines, are left out.

        Args:
            a: First ratio of every pair.
            b: Second ratio of every pair.
            places: Cluster number of every entry.
        """
        defined = (a.below > 0) & (b.below > 0)
        shared = np.where(a.means & b.means, defined, ~np.isnan(a.below + b.below))
        above_a, below_a, above_b, below_b = (
            _by_cluster(np.where(shared, part, 0.0), places)
            for part in (a.above, a.below, b.above, b.below)
        )
        whole = np.zeros(len(above_a), dtype=np.intp)
        sum_a, size_a, sum_b, size_b = (
            _by_cluster(part, whole) for part in (above_a, below_a, above_b, below_b)
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            pooled = (sum_a + sum_b) / (size_a + size_b)
            share_a, share_b = below_a / size_a, below_b / size_b
            residual_a = above_a / size_a - pooled * share_a
            residual_b = above_b / size_b - pooled * share_b
            # a - b = (a^2 - b^2) / (a + b)
            both = np.sqrt(np.abs(sum_a / size_a)) + np.sqrt(np.abs(sum_b / size_b))
            scale = np.where(a.roots & (both > 0), both, 1.0)
        equal = _close(above_a, above_b) & _close(below_a, below_b)
        return cls(
            (residual_a - residual_b) / scale,
            (share_a + share_b) / 2,
            np.count_nonzero(~equal, axis=0),
            shared,
        )


def _pairs(a: Sequence[Ratio], b: Sequence[Ratio], places: Ints) -> Pairs:
    """Return the pairs of two runs, a few metrics at a time, which needs less memory."""
    parts = [
        Pairs.of(Columns.of(a[k : k + _TOGETHER]), Columns.of(b[k : k + _TOGETHER]), places)
        for k in range(0, len(a), _TOGETHER)
    ]
    return Pairs(
        np.hstack([part.differences for part in parts]),
        np.hstack([part.weights for part in parts]),
        np.concatenate([part.differ for part in parts]),
        np.hstack([part.shared for part in parts]),
    )


def _by_cluster(values: Floats, places: Ints) -> Floats:
    """Return sums by cluster, float64 [clusters, pairs], added in the order of the entries."""
    clusters, pairs = int(places.max(initial=-1)) + 1, values.shape[1]
    cells = (places[:, None] * pairs + np.arange(pairs)).ravel()
    sums = np.bincount(cells, values.ravel(), clusters * pairs)
    return sums.reshape(clusters, pairs).astype(np.float64)


def _close(one: Floats, other: Floats) -> npt.NDArray[np.bool_]:
    """Whether values are equal up to rounding, such as that of means over repeats."""
    largest = np.maximum(np.abs(one), np.abs(other)).max(axis=0, initial=0.0)
    return np.asarray(np.abs(one - other) <= 1e-12 * largest)


def gaussian_bound(differences: Floats) -> Floats:
    """Return an upper bound of the exact two-sided p-value over all swaps, float64 [pairs].

    Bentkus and Dzindzalieta (2015): P(sum of +-a_i >= z) <= P(Z >= z) / (4 P(Z >= sqrt 2)), if
    sum a_i^2 = 1.

    Args:
        differences: float64 [clusters, pairs].

    >>> gaussian_bound(np.ones((2, 1))).round(9).tolist()  # both or none of two: 2 of 4
    [0.5]
    """
    from scipy.special import ndtr  # 0.25 s that scoring one run would pay for nothing

    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.abs(differences.sum(axis=0)) / np.sqrt((differences**2).sum(axis=0))
    return np.asarray(np.fmin(1.0, 0.5 / float(ndtr(-math.sqrt(2))) * ndtr(-z)))


def _swap(pairs: Pairs, *, seed: int) -> list[Test]:
    """Test every pair."""
    generator = np.random.default_rng(seed)
    clusters, count = pairs.differences.shape
    differences = pairs.differences * (1 + _UNTIED * generator.uniform(-1, 1, (clusters, 1)))
    if clusters == 0:
        return [None] * count
    sums = ExactSums([*differences.T, *pairs.weights.T])
    total, total_weight = np.hsplit(sums.under(np.ones((1, clusters))), 2)
    lows, highs = [], []
    rows = max(1, _CHUNK_CELLS // clusters)
    for start in range(0, SWAPS, rows):
        taken = generator.integers(0, 2, size=(min(rows, SWAPS - start), clusters), dtype=np.int8)
        part, part_weight = np.hsplit(sums.under(taken.astype(np.float64)), 2)
        rest, rest_weight = total - part, total_weight - part_weight
        # A swap of no or all videos leaves every difference as extreme as it was.
        all_or_none = np.minimum(part_weight, rest_weight) < 1e-12
        with np.errstate(invalid="ignore", divide="ignore"):
            means = part / part_weight, rest / rest_weight
        lows.append(np.where(all_or_none, -np.inf, np.minimum(*means)))
        highs.append(np.where(all_or_none, np.inf, np.maximum(*means)))
    low, high = (np.concatenate(ends) for ends in (lows, highs))
    bounds = gaussian_bound(pairs.differences)
    return [
        _test(low[:, k], high[:, k], bound=float(bounds[k])) if np.isfinite(total[0, k]) else None
        for k in range(count)
    ]


def _test(low: Floats, high: Floats, *, bound: float) -> Test:
    """Return the p-value and the interval.

    Args:
        low: Per swap the smallest difference that would be no more extreme than the swapped one.
        high: Per swap the largest such difference.
        bound: Upper bound of the p-value; used if no swap was as extreme.
    """
    extreme = int(np.count_nonzero((low <= 0) & (high >= 0)))
    p_value = (1 + extreme) / (1 + SWAPS)
    if extreme == 0 and bound < p_value:
        p_value = float(f"{bound:.2g}")  # later digits depend on the processor
    place = round((1 - LEVEL) * (1 + SWAPS)) - 1
    ends = float(np.sort(low)[place]), float(np.sort(high)[-1 - place])
    return (p_value, *ends) if np.isfinite(ends).all() else (p_value, None, None)


def _comparison(
    a: Ratio, b: Ratio, test: Test, *, shared: npt.NDArray[np.bool_], differ: int
) -> Comparison:
    mean_a, mean_b = (
        ratio_value(ratio.uncentred[shared], ratio.denominator[shared], is_root=ratio.is_root)
        for ratio in (a, b)
    )
    n = int(np.count_nonzero((a.denominator[shared] > 0) & (b.denominator[shared] > 0)))
    if mean_a is None or mean_b is None or test is None:
        return Comparison(mean_a, mean_b, None, None, None, n, "too_few", None, differ)
    p_value, low, high = test
    difference = mean_a - mean_b
    verdict: Verdict = "tied" if p_value > 1 - LEVEL else "a" if difference > 0 else "b"
    if differ < FEWEST:
        verdict = "too_few"
    if low is not None and high is not None:
        low, high = min(low, difference), max(high, difference)
    return Comparison(mean_a, mean_b, difference, low, high, n, verdict, p_value, differ)
