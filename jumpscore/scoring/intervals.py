"""Confidence intervals by bootstrap over videos.

Every metric is a ratio of sums over videos: a mean is a sum of values divided by the number of
videos with a value, a rate is a sum of counts divided by another. Videos are resampled, since the
events of one video are not independent.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from jumpscore.records import Estimate

Floats = npt.NDArray[np.float64]
RESAMPLES = 2000
LEVEL = 0.95
_CHUNK_CELLS = 1_000_000
"""Videos drawn at once: 8 MB of indices. With fewer, threads of the product cost more than it."""
_SMALLEST = 900
"""Fewest binary digits after the point to which a metric's values are used."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A metric over videos: ``sum(numerator) / sum(denominator)``.

    Attributes:
        numerator: float64 [videos].
        denominator: float64 [videos], 0 for videos without a value.
        is_mean: Whether each video has one value or none. A comparison then uses the videos with a
            value in both runs.
        is_root: Whether the metric is the square root of that ratio.
        plain: float64 [videos], the numerator without the centring that a mean over groups needs in
            the bootstrap; ``None`` if it is ``numerator``. Comparisons of two runs use it.
    """

    numerator: Floats
    denominator: Floats
    is_mean: bool = False
    is_root: bool = False
    plain: Floats | None = None

    @property
    def uncentred(self) -> Floats:
        """The numerator that comparisons use, float64 [videos]."""
        return self.numerator if self.plain is None else self.plain

    @classmethod
    def mean(cls, values: npt.ArrayLike) -> Ratio:
        """Return the mean of the values that are not NaN."""
        array = np.asarray(values, dtype=np.float64)
        defined = ~np.isnan(array)
        if defined.all():  # most metrics of most runs: nothing is copied
            return cls(array, np.broadcast_to(np.float64(1.0), array.shape), is_mean=True)
        return cls(np.where(defined, array, 0.0), defined.astype(np.float64), is_mean=True)


def bootstrap(
    metrics: dict[str, Ratio],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    clusters: Sequence[str] | None = None,
) -> dict[str, Estimate]:
    """Estimate every metric with a 95% percentile interval.

    Args:
        metrics: Name -> ratio; all over the same videos in the same order.
        seed: Random seed; equal seeds give equal intervals.
        resamples: Number of bootstrap samples.
        clusters: Cluster name of each entry, for example its video. Clusters are resampled with all
            their entries.

    Returns:
        ``stderr`` is the standard deviation over the bootstrap samples. Intervals need at least two
        videos.

    >>> bootstrap({"f1": Ratio.mean([0.0, 1.0, float("nan")])})["f1"].mean
    0.5
    """
    if not metrics:
        return {}
    whole = _clustered(list(metrics.values()), clusters)
    samples = _resampled(whole, seed=seed, resamples=resamples)
    return {
        name: _estimate(ratio, samples[:, column], units=_units(whole[column]))
        for column, (name, ratio) in enumerate(metrics.items())
    }


def cluster_places(clusters: Sequence[str] | None, entries: int) -> npt.NDArray[np.intp]:
    """Return the number of each entry's cluster, in the order of the clusters' names.

    Raises:
        ValueError: The numbers of cluster names and entries differ.
    """
    if clusters is None:
        return np.arange(entries)
    _, places = np.unique(np.asarray(clusters, dtype=object).astype(str), return_inverse=True)
    if len(places) != entries:
        raise ValueError(f"{len(places)} clusters are named for {entries} entries")
    return places


def _clustered(ratios: list[Ratio], clusters: Sequence[str] | None) -> list[Ratio]:
    """Return the ratios with the entries of each cluster added up.

    >>> [ratio] = _clustered([Ratio.mean([1.0, 0.0, 1.0])], ["a", "b", "a"])
    >>> ratio.numerator.tolist(), ratio.denominator.tolist()
    ([2.0, 0.0], [2.0, 1.0])

    Raises:
        ValueError: The numbers of cluster names and entries differ.
    """
    if clusters is None:
        return ratios
    places = cluster_places(clusters, len(ratios[0].numerator))
    count = int(places.max(initial=-1)) + 1
    return [
        replace(
            ratio,
            numerator=np.bincount(places, ratio.numerator, count).astype(np.float64),
            denominator=np.bincount(places, ratio.denominator, count).astype(np.float64),
            plain=None,
        )
        for ratio in ratios
    ]


def _units(ratio: Ratio) -> int:
    """Return how many clusters have a value."""
    return int(np.count_nonzero(ratio.denominator > 0))


def _resampled(ratios: list[Ratio], *, seed: int, resamples: int) -> Floats:
    """Return every bootstrap sample, float64 [resamples, metrics]; NaN if not defined."""
    count = len(ratios[0].numerator)
    if count == 0:
        return np.full((resamples, len(ratios)), np.nan)
    numerators = [ratio.numerator for ratio in ratios]
    sums = ExactSums([*numerators, *(ratio.denominator for ratio in ratios)])
    parts = []
    for weights in _weights(count, seed=seed, resamples=resamples):
        above, below = np.hsplit(sums.under(weights), 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            parts.append(np.where(below > 0, above / below, np.nan))
    samples = np.concatenate(parts)
    roots = [column for column, ratio in enumerate(ratios) if ratio.is_root]
    samples[:, roots] = np.sqrt(samples[:, roots])
    return samples


class ExactSums:
    """Weighted sums of columns, equal to the last bit on every machine.

    The order of additions in a matrix product, and so its rounding, depends on processor and
    threads. Here nothing is rounded until the end: values are split into whole numbers so small
    that every sum of them is exact in float64, in any order.

    Args:
        columns: float64 [videos] of each metric, all of the same length and at least one.
    """

    def __init__(self, columns: Sequence[Floats]) -> None:
        # Many metrics share a denominator; equal columns are added up once.
        places: dict[bytes, int] = {}
        distinct: list[Floats] = []
        self._column: list[int] = []
        for column in columns:
            digest = hashlib.sha256(column.tobytes()).digest()
            place = places.setdefault(digest, len(places))
            if place == len(distinct):
                distinct.append(column)
            self._column.append(place)
        self._odd = [
            (place, ~np.isfinite(column))
            for place, column in enumerate(distinct)
            if not np.isfinite(column).all()
        ]
        self._count = len(distinct)
        # The weights of a resample add up to the number of videos.
        bits = 52 - len(distinct[0]).bit_length()
        wholes: list[list[tuple[int, float, Floats]]] = [[] for _ in range(-(-54 // bits))]
        for place, column in enumerate(distinct):
            for number, (unit, whole) in enumerate(_whole_parts(column, bits)):
                if whole.any():
                    wholes[number].append((place, unit, whole))
        # Column by column, since these are the largest arrays of a long run.
        self._parts: list[tuple[list[int], Floats]] = []
        self._wholes = np.empty((len(distinct[0]), sum(map(len, wholes))), order="F")
        start = 0
        for part in wholes:
            self._parts.append(([p for p, _, _ in part], np.array([unit for _, unit, _ in part])))
            while part:
                self._wholes[:, start] = part.pop(0)[2]
                start += 1

    def under(self, weights: Floats) -> Floats:
        """Return the sums under whole weights, float64 [resamples, metrics]."""
        exact = weights @ self._wholes
        total = np.zeros((len(weights), self._count))
        end = exact.shape[1]
        for needed, unit in reversed(self._parts):  # small ones first
            total[:, needed] += exact[:, end - len(needed) : end] * unit
            end -= len(needed)
        for place, odd in self._odd:
            total[weights[:, odd].any(axis=1), place] = np.nan
        return total[:, self._column]


def _whole_parts(column: Floats, bits: int) -> Iterator[tuple[float, Floats]]:
    """Yield the units and whole numbers of a column, the largest unit first.

    Args:
        column: float64 [videos].
        bits: Binary digits of the whole numbers.
    """
    rest = np.nan_to_num(column, nan=0.0, posinf=0.0, neginf=0.0)
    largest = max(int(np.frexp(np.abs(rest).max())[1]), -_SMALLEST)
    for number in range(1, 1 + -(-54 // bits)):
        unit = float(np.ldexp(1.0, largest - number * bits))
        whole = np.rint(rest / unit)
        rest -= whole * unit
        yield unit, whole


def _weights(n: int, *, seed: int, resamples: int) -> Iterator[Floats]:
    """Yield how often each video is drawn, float64 [some resamples, n]."""
    generator = np.random.default_rng(seed)
    rows = max(1, _CHUNK_CELLS // n)
    for start in range(0, resamples, rows):
        count = min(rows, resamples - start)
        drawn = generator.integers(0, n, size=(count, n))
        drawn += np.arange(count)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n).astype(np.float64)


def ratio_value(numerator: Floats, denominator: Floats, *, is_root: bool = False) -> float | None:
    """Return the sum of the numerator over that of the denominator; ``None`` if that is 0.

    Args:
        numerator: float64 [videos].
        denominator: float64 [videos].
        is_root: Whether to return the square root.
    """
    # Added one by one like in the reference, so that both means are equal to the last bit; NumPy
    # adds pairwise.
    below = sum(denominator.tolist())
    if below <= 0:
        return None
    value = float(sum(numerator.tolist()) / below)
    return math.sqrt(value) if is_root else value


def _interval(samples: Floats) -> tuple[float, float]:
    """Return both quantiles as ``np.quantile`` does, which would import ``numpy.ma`` (40 ms)."""
    ordered = np.sort(samples)
    tail = (1 - LEVEL) / 2
    return _quantile(ordered, tail), _quantile(ordered, 1 - tail)


def _quantile(ordered: Floats, share: float) -> float:
    """Return a quantile of sorted values, interpolated linearly.

    >>> _quantile(np.array([1.0, 2.0, 4.0]), 0.75)
    3.0
    """
    place = (len(ordered) - 1) * share
    lower = int(place)
    step = place - lower
    low, high = ordered[lower], ordered[min(lower + 1, len(ordered) - 1)]
    value = low + (high - low) * step if step < 0.5 else high - (high - low) * (1 - step)
    return float(value)


def _deviation(samples: Floats) -> float:
    """Return the standard deviation, with additions in a fixed order, unlike NumPy's sums.

    >>> _deviation(np.array([1.0, 2.0, 3.0]))
    1.0
    """
    mean = np.add.accumulate(samples)[-1] / len(samples)
    squares = np.add.accumulate((samples - mean) ** 2)[-1]
    return math.sqrt(squares / (len(samples) - 1))


def _estimate(ratio: Ratio, samples: Floats, *, units: int) -> Estimate:
    n = int(np.count_nonzero(ratio.denominator))
    value = ratio_value(ratio.numerator, ratio.denominator, is_root=ratio.is_root)
    defined = samples[~np.isnan(samples)]
    if units < 2:
        return Estimate(value, None, None, None, n)
    low, high = _interval(defined)
    return Estimate(value, _deviation(defined), low, high, n)
