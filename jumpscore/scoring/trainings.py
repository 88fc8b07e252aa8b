"""Estimates over clips and trainings of one recipe, when every training answers every clip.

Both are samples: other clips could have been filmed, and another seed gives other weights. The
value of clip i and training j is modelled as crossed random effects with one value per cell::

    y_ij = mu + clip_i + training_j + rest_ij

With mean squares MS_clips, MS_trainings and MS_rest of the two-way analysis of variance of
n clips and m trainings, the variance of the mean of all values has three parts, none below 0::

    clips     (MS_clips - MS_rest) / (n m)
    trainings (MS_trainings - MS_rest) / (n m)
    rest      MS_rest / (n m)

The interval is that of Student's t with Satterthwaite's degrees of freedom: the squared variance
over the sum of the squared mean squares, each divided by n m and by its degrees of freedom, but no
less than the smallest of these. Studies of several readers who read the same cases have the same
design; this is their analysis (Obuchowski and Rockette 1995; Hillis 2007), with the parts bounded
as in Searle, Casella and McCulloch 1992.

A bootstrap over both (Owen 2007) is unsuitable here: drawn from 3 trainings, it has two thirds
of their variance and no heavier tails. ``tests/benchmarks/trainings.py`` measures the coverage.

A ratio of sums is linearised for each training: the values of its clips are those of the
infinitesimal jackknife, whose mean is the ratio.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jumpscore.records import Estimate
from jumpscore.scoring.intervals import LEVEL, Floats, Ratio, cluster_places
from jumpscore.scoring.paired import FEWEST, Comparison, Ints, Verdict

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class OverTrainings:
    """What an estimate over several trainings consists of.

    Attributes:
        values: Value of each training; ``None`` if it is not defined.
        share: Share of the estimate's variance that comes from the trainings, 0..1. The rest comes
            from the clips, and from what is particular to a clip and a training. ``None`` without
            an interval, or if nothing varies.
    """

    values: tuple[float | None, ...]
    share: float | None = None


def estimate_trainings(
    ratios: Sequence[Ratio], *, clusters: Sequence[str] | None = None
) -> tuple[Estimate, OverTrainings]:
    """Estimate a metric over clips and trainings.

    Args:
        ratios: The metric of each training, over the same clips in the same order.
        clusters: Cluster name of each entry; clusters count as clips.

    Returns:
        The estimate has no interval for fewer than two clips or trainings.

    Raises:
        ValueError: No training, or trainings with different numbers of clips.

    >>> one, other = Ratio.mean([1.0, 0.5, 0.0]), Ratio.mean([0.8, 0.5, 0.4])
    >>> estimate, _ = estimate_trainings([one, other])
    >>> round(estimate.mean, 3), round(estimate.stderr, 3)
    (0.533, 0.203)
    """
    places = _places(ratios, clusters)
    defined = np.any([ratio.denominator > 0 for ratio in ratios], axis=0)
    used = _any_of(defined, places)
    everything = np.ones(len(places), bool)
    result = _two_way([_values(ratio, places, everything, used) for ratio in ratios])
    n = int(np.count_nonzero(defined))
    return Estimate(result.mean, result.stderr, result.low, result.high, n), result.over


def compare_trainings(
    a: Sequence[Ratio], b: Sequence[Ratio], *, clusters: Sequence[str] | None = None
) -> tuple[Comparison, OverTrainings]:
    """Compare two arms, paired by clip and by training.

    The differences of the arms are analysed, so what is common to both arms of a clip or of a
    training is not counted as variance.

    Args:
        a: The metric of arm A for each training, over the same clips in the same order.
        b: The same for arm B, with the trainings in the same order.
        clusters: Cluster name of each entry; clusters count as clips.

    Raises:
        ValueError: The arms or trainings have different numbers of clips, or an arm has none.
    """
    if len(a) != len(b):
        raise ValueError(f"arm A has {len(a)} trainings and arm B {len(b)}; they must be paired")
    places = _places([*a, *b], clusters)
    defined = [(x.denominator > 0) & (y.denominator > 0) for x, y in zip(a, b, strict=True)]
    shared = np.any(defined, axis=0)
    used = _any_of(shared, places)
    differ = np.zeros(len(used), bool)
    pairs = []
    for one, other, both in zip(a, b, defined, strict=True):
        entries = both if one.is_mean and other.is_mean else np.ones(len(places), bool)
        pairs.append([_values(arm, places, entries, used) for arm in (one, other)])
        sums = zip(_sums(one, places, entries), _sums(other, places, entries), strict=True)
        for part, against in sums:
            differ |= ~np.isclose(part, against, rtol=1e-9, atol=1e-12)
    result = _two_way([None if x is None or y is None else x - y for x, y in pairs])
    mean_a, mean_b = (
        _mean([None if side is None else _mean(side.tolist()) for side in sides])
        for sides in zip(*pairs, strict=True)
    )
    count = int(np.count_nonzero(differ))
    verdict: Verdict = "too_few"
    if result.p_value is not None and count >= FEWEST:
        better: Verdict = "a" if (result.mean or 0.0) > 0 else "b"
        verdict = better if result.p_value <= 1 - LEVEL else "tied"
    comparison = Comparison(
        mean_a,
        mean_b,
        result.mean,
        result.low,
        result.high,
        int(np.count_nonzero(shared)),
        verdict,
        result.p_value,
        count,
    )
    return comparison, result.over


@dataclass(frozen=True, slots=True)
class _TwoWay:
    mean: float | None
    stderr: float | None
    low: float | None
    high: float | None
    p_value: float | None
    over: OverTrainings


def _two_way(trainings: Sequence[Floats | None]) -> _TwoWay:
    """Analyse one value per clip and training.

    Args:
        trainings: float64 [clips] of each training, ``None`` if it is not defined.
    """
    values = tuple(None if one is None else _mean(one.tolist()) for one in trainings)
    mean, over = _mean(values), OverTrainings(values)
    cells = np.array([one for one in trainings if one is not None]).T  # [clips, trainings]
    if mean is None or len(trainings) < 2 or len(cells) < 2:
        return _TwoWay(mean, None, None, None, None, over)
    n, m = cells.shape
    clips = np.array([_mean(row) for row in cells.tolist()])
    columns = np.array([_mean(column) for column in cells.T.tolist()])
    rest = cells - clips[:, None] - columns + mean
    degrees = (n - 1, m - 1, (n - 1) * (m - 1))
    squares = (m * _square(clips - mean), n * _square(columns - mean), _square(rest))
    parts = [square / df / (n * m) for square, df in zip(squares, degrees, strict=True)]
    residual = parts[2]
    of_clips, of_trainings = (max(0.0, part - residual) for part in parts[:2])
    variance = of_clips + of_trainings + residual
    # Below the rounding of values near 1 nothing varies, and the quotient is not defined.
    if variance <= 1e-24:
        return _TwoWay(mean, 0.0, mean, mean, 1.0 if abs(mean) < 1e-12 else 0.0, over)
    df = variance**2 / sum(part**2 / own for part, own in zip(parts, degrees, strict=True))
    df = max(df, min(degrees))  # parts cut off at 0 would give less than that
    stderr = math.sqrt(variance)
    half = _student(df) * stderr
    over = OverTrainings(values, of_trainings / variance)
    p_value = _p_value(mean / stderr, df)
    return _TwoWay(mean, stderr, mean - half, mean + half, p_value, over)


def _values(ratio: Ratio, places: Ints, entries: Bools, used: Bools) -> Floats | None:
    """Return a value per used cluster, whose mean is the ratio; ``None`` if it is not defined.

    The infinitesimal jackknife: the ratio plus each cluster's influence on it.
    """
    above, below = (part[used] for part in _sums(ratio, places, entries))
    size = math.fsum(below.tolist())
    if size <= 0:
        return None
    value = math.fsum(above.tolist()) / size
    influence = (above - value * below) * (len(below) / size)
    if ratio.is_root:
        root = math.sqrt(max(0.0, value))
        return root + (influence / (2.0 * root) if root > 0 else 0.0 * influence)
    return np.asarray(value + influence)


def _sums(ratio: Ratio, places: Ints, entries: Bools) -> tuple[Floats, Floats]:
    """Return numerator and denominator of every cluster, over some of the entries."""
    count = int(places.max(initial=-1)) + 1
    above, below = (
        np.bincount(places, np.where(entries, part, 0.0), count).astype(np.float64)
        for part in (ratio.uncentred, ratio.denominator)
    )
    return above, below


def _places(ratios: Sequence[Ratio], clusters: Sequence[str] | None) -> Ints:
    """Return the cluster of every entry.

    Raises:
        ValueError: No ratio, or ratios with different numbers of entries.
    """
    lengths = sorted({len(ratio.numerator) for ratio in ratios})
    if len(lengths) != 1:
        raise ValueError(f"trainings must have the same clips in the same order, got {lengths}")
    return cluster_places(clusters, lengths[0])


def _any_of(entries: Bools, places: Ints) -> Bools:
    """Return which clusters have such an entry, bool [clusters]."""
    return np.asarray(np.bincount(places, entries) > 0)


def _mean(values: Iterable[float | None]) -> float | None:
    """Return the mean, with exact sums, so that it is equal on every machine."""
    numbers = list(values)
    if not numbers or None in numbers:
        return None
    return math.fsum(n for n in numbers if n is not None) / len(numbers)


def _square(values: Floats) -> float:
    return math.fsum((values**2).ravel().tolist())


def _student(df: float) -> float:
    """Return the quantile of Student's t for `LEVEL`; later digits depend on the processor."""
    from scipy.special import stdtrit  # 0.25 s that scoring one run would pay for nothing

    return float(f"{stdtrit(df, (1 + LEVEL) / 2):.10g}")


def _p_value(t: float, df: float) -> float:
    from scipy.special import stdtr

    return float(f"{2 * stdtr(df, -abs(t)):.10g}")
