"""Ranking of models on one metric: tie groups, and how stable the order is.

Which pairs are tested follows from the ranking, and the ranking from the scores. Every pair could
have been chosen, so p-values are corrected for all pairs: the error rate of 5% is per family.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from jumpscore.records import Estimate
from jumpscore.scoring.intervals import LEVEL, ExactSums, Floats, Ratio, bootstrap, cluster_places
from jumpscore.scoring.paired import (
    FEWEST,
    Columns,
    Comparison,
    Ints,
    Pairs,
    compare,
    gaussian_bound,
)

Better = Literal["higher", "lower"]
RankVerdict = Literal["best", "tied", "worse", "too_few"]
DEFINITION = (
    "Models are sorted by their value. The first model is the anchor of group 1. Going down, a "
    "model belongs to the group unless it is significantly worse than the group's anchor; the "
    "first one that is becomes the anchor of the next group. Significant means: a paired test that "
    "swaps the answers of two models within random videos, on the videos scored for both, gives a "
    f"p-value of at most 0.05 after correction, and at least {FEWEST} videos differ; with fewer, "
    "too few videos differ to separate two models, and they stay in one group. The error rate is "
    "per family: with a probability of at least 95%, no two equally good models of the ranking "
    "are declared different (Holm's correction over all pairs). Models of one group are not proven "
    "equal."
)
"""What a rank and a group mean; pages print it."""
SPLITS = 200
"""Random halves of the videos by which stability is measured."""
_AT_ONCE = 64
"""Models that are tested against an anchor in one go."""


@dataclass(frozen=True, slots=True)
class RankedModel:
    """One row of a ranking.

    Attributes:
        name: Name of the model.
        rank: 1 for the best; models with the same value have the same rank.
        group: Number of its tie group, from 1.
        estimate: Value, standard error, 95% interval and n of the model alone.
        anchor: Model that it was tested against: the anchor of its group, or that of the previous
            group if it begins a group; ``None`` for the first model.
        comparison: Anchor (a) and this model (b) on the videos that both share; its p-value is the
            one before correction.
        p_value: p-value against ``anchor`` after correction for all pairs.
        verdict: ``best`` for the first model, ``worse`` if it begins a group, otherwise ``tied`` or
            ``too_few`` (fewer than ``FEWEST`` videos differ).
    """

    name: str
    rank: int
    group: int
    estimate: Estimate
    anchor: str | None
    comparison: Comparison | None
    p_value: float | None
    verdict: RankVerdict


@dataclass(frozen=True, slots=True)
class Stability:
    """How much of the order returns if only half of the videos are scored.

    Attributes:
        splits: Number of random splits into halves.
        spearman: Mean rank correlation between the two halves of a split; ``None`` for one model.
        keeps_order: For every row but the last, the share of halves in which it is better than the
            next row; ties count half.
    """

    splits: int
    spearman: float | None
    keeps_order: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Models in order, best first.

    Attributes:
        rows: One row per model.
        stability: Stability of the order.
        pairs: Number of pairs of the family, all of which the correction allows for.
        open_pairs: Factor of the correction: pairs that are not already decided.
        definition: What ranks, groups and p-values mean, in words.
    """

    rows: tuple[RankedModel, ...]
    stability: Stability
    pairs: int
    open_pairs: int
    definition: str = DEFINITION


def rank(
    models: Mapping[str, Ratio],
    *,
    clusters: Sequence[str] | None,
    better: Better,
    seed: int = 0,
) -> Ranking:
    """Rank models on one metric.

    Args:
        models: Name -> metric, all over the same entries in the same order. An entry that a model
            was not scored on is NaN in numerator and denominator.
        clusters: Cluster name of each entry, for example its video.
        better: Which values are better.
        seed: Random seed; equal seeds give equal rankings.

    Raises:
        ValueError: There are no models, or their numbers of entries differ.

    >>> ranking = rank(
    ...     {"x": Ratio.mean([0.0] * 20), "y": Ratio.mean([1.0] * 20)},
    ...     clusters=None,
    ...     better="higher",
    ... )
    >>> [(row.name, row.group, row.verdict) for row in ranking.rows]
    [('y', 1, 'best'), ('x', 2, 'worse')]
    """
    if len(sizes := {len(ratio.numerator) for ratio in models.values()}) != 1:
        raise ValueError(f"models need the same entries, but their numbers are {sorted(sizes)}")
    places = cluster_places(clusters, sizes.pop())
    sign = -1 if better == "higher" else 1
    scored = {name: _without_missing(ratio) for name, ratio in models.items()}
    estimates = bootstrap(scored, seed=seed, clusters=clusters)
    means = {name: estimate.mean for name, estimate in estimates.items()}
    keys = {name: math.inf if mean is None else sign * mean for name, mean in means.items()}
    order = sorted(models, key=lambda name: (keys[name], name))
    factor = open_pairs([models[name] for name in order], places)
    rows = [RankedModel(order[0], 1, 1, estimates[order[0]], None, None, None, "best")]
    while len(rows) < len(order):
        anchor = next(row.name for row in reversed(rows) if row.verdict in ("best", "worse"))
        names = order[len(rows) : len(rows) + _AT_ONCE]
        tests = compare(
            dict.fromkeys(names, models[anchor]),
            {name: models[name] for name in names},
            seed=seed,
            clusters=clusters,
        )
        for name in names:
            last = rows[-1]
            place = last.rank if keys[name] == keys[last.name] else len(rows) + 1
            verdict, p_value = _against_anchor(tests[name], better=better, factor=factor)
            group = last.group + (verdict == "worse")
            rows.append(
                RankedModel(
                    name, place, group, estimates[name], anchor, tests[name], p_value, verdict
                )
            )
            if verdict == "worse":  # the models below are compared with this one
                break
    stability = _stability([scored[name] for name in order], places, sign=sign, seed=seed)
    return Ranking(tuple(rows), stability, len(order) * (len(order) - 1) // 2, factor)


def _without_missing(ratio: Ratio) -> Ratio:
    missing = np.isnan(ratio.denominator)
    above, below, plain = (
        np.where(missing, 0.0, part)
        for part in (ratio.numerator, ratio.denominator, ratio.uncentred)
    )
    return replace(ratio, numerator=above, denominator=below, plain=plain)


def _against_anchor(
    comparison: Comparison, *, better: Better, factor: int
) -> tuple[RankVerdict, float | None]:
    """Return the verdict on a model and its corrected p-value; the anchor is run A."""
    if comparison.p_value is None or comparison.difference is None:
        return "too_few", None
    p_value = min(1.0, factor * comparison.p_value)
    if comparison.verdict == "too_few":
        return "too_few", p_value
    anchor_wins = (comparison.difference > 0) == (better == "higher")
    return ("worse" if p_value <= 1 - LEVEL and anchor_wins else "tied"), p_value


def open_pairs(ratios: Sequence[Ratio], places: Ints) -> int:
    """Return the number of pairs that Holm's correction has to allow for.

    Holm's steps are carried out on upper bounds of the p-values of all pairs, which are cheap. The
    pairs that these steps decide no longer count. A pair whose p-value times the result is at most
    0.05 is rejected by Holm's procedure over all pairs.

    Args:
        ratios: One per model.
        places: Cluster number of every entry.
    """
    bounds: list[float] = []
    columns = Columns.of(ratios)
    for row in range(len(ratios) - 1):
        one, others = columns.part(slice(row, row + 1)), columns.part(slice(row + 1, None))
        pairs = Pairs.of(one, others, places)
        bound = gaussian_bound(pairs.differences)
        bounds += np.where(pairs.differ >= FEWEST, np.nan_to_num(bound, nan=1.0), 1.0).tolist()
    return max(1, len(bounds) - holm_rejections(bounds))


def holm_rejections(p_values: Sequence[float], *, level: float = 1 - LEVEL) -> int:
    """Return how many hypotheses Holm's step-down procedure rejects (Holm 1979).

    >>> holm_rejections([0.01, 0.04, 0.03, 0.005])  # 0.005 <= 0.05/4, 0.01 <= 0.05/3, 0.03 > 0.05/2
    2
    """
    ordered = np.sort(np.asarray(p_values, dtype=np.float64))
    accepted = np.flatnonzero(ordered > level / np.arange(len(ordered), 0, -1))
    return int(accepted[0]) if len(accepted) else len(ordered)


def _stability(ratios: Sequence[Ratio], places: Ints, *, sign: int, seed: int) -> Stability:
    clusters = int(places.max(initial=-1)) + 1
    if len(ratios) < 2 or clusters < 2:
        return Stability(0, None, ())
    generator = np.random.default_rng(seed)
    shuffled = generator.permuted(np.tile(np.arange(clusters), (SPLITS, 1)), axis=1)
    first = (shuffled < clusters // 2).astype(np.float64)
    one, other = (_values(ratios, places, half) * sign for half in (first, 1 - first))
    both = np.concatenate([one, other])
    with np.errstate(invalid="ignore"):
        steps = np.sign(both[:, 1:] - both[:, :-1])
    wins = np.where(np.isnan(steps), 0.0, steps).sum(axis=0)  # whole numbers
    keeps_order = (wins / len(both) + 1) / 2
    return Stability(SPLITS, _mean_spearman(one, other), tuple(keeps_order.tolist()))


def _values(ratios: Sequence[Ratio], places: Ints, halves: Floats) -> Floats:
    """Return every model's value on every half, float64 [halves, models]; NaN if not defined."""
    columns = [ratio.uncentred for ratio in ratios] + [ratio.denominator for ratio in ratios]
    summed = np.stack([np.bincount(places, column) for column in columns], axis=1).astype(
        np.float64
    )
    above, below = np.hsplit(ExactSums(list(summed.T)).under(halves), 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(below > 0, above / below, np.nan))


def _mean_spearman(one: Floats, other: Floats) -> float | None:
    """Return the mean rank correlation of paired rows that have one."""
    usable = ~(np.isnan(one) | np.isnan(other)).any(axis=1)
    a, b = (_centred_ranks(part[usable]) for part in (one, other))
    products, squares_a, squares_b = _row_sums(a * b), _row_sums(a * a), _row_sums(b * b)
    spread = np.sqrt(squares_a * squares_b)
    values = products[spread > 0] / spread[spread > 0]
    return math.fsum(values.tolist()) / len(values) if len(values) else None


def _centred_ranks(values: Floats) -> Floats:
    """Return the rank of every value in its row, with mean 0; ties share their mean rank."""
    ranks = np.empty(values.shape)
    for row, line in enumerate(values):
        ordered = np.sort(line)
        ranks[row] = np.searchsorted(ordered, line) + np.searchsorted(ordered, line, side="right")
    return np.asarray((ranks - values.shape[1]) / 2)


def _row_sums(values: npt.NDArray[np.float64]) -> Floats:
    return np.asarray(values.sum(axis=1))  # quarters: exact in any order
