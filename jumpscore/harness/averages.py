"""Averages over the repeats of each sample, before any statistic over samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluators.base import cluster_names, ratios
from evaluators.columns import ScoreColumns, columns_of
from jumpscore.records import Metric, SampleScore
from jumpscore.scoring import Ratio

Scores = Sequence[SampleScore] | ScoreColumns
"""The scores of one run; several functions over the same run share its columns."""


def scored_by_any(repeats: Sequence[Scores]) -> list[str]:
    """Return the ids of the samples that at least one repeat scored, in order."""
    scored = (name for scores in repeats for name in columns_of(scores).scored().ids)
    return list(dict.fromkeys(scored))


def clusters_by_name(repeats: Sequence[Scores], names: Sequence[str]) -> list[str] | None:
    """Return the cluster of each sample, which the bootstrap resamples as a unit."""
    clusters: dict[str, str | None] = {}
    for scores in repeats:
        scored = columns_of(scores).scored()
        clusters.update(zip(scored.ids, scored.clusters, strict=True))
    return cluster_names(names, [clusters[name] for name in names])


def mean_ratios(
    metrics: Sequence[Metric], repeats: Sequence[Scores], names: Sequence[str]
) -> dict[str, Ratio]:
    """Return every metric as a ratio over samples whose repeats are averaged.

    Numerator and denominator are averaged over the repeats that scored the sample. A sample for
    which only some repeats define a metric therefore has the weight of these repeats, as in the
    repeats' means, and a sample that some repeat failed to score has the same weight as any other.

    Args:
        metrics: Metrics of the task.
        repeats: Scores of each repeat.
        names: Ids of samples, each scored by at least one repeat.

    >>> one = [SampleScore("a", "ok", {"bias": 1.0}), SampleScore("b", "ok", {"bias": 0.0})]
    >>> other = [SampleScore("a", "ok", {"bias": None}), SampleScore("b", "error")]
    >>> ratio = mean_ratios([Metric("bias", "")], [one, other], ["a", "b"])["bias"]
    >>> ratio.numerator.tolist(), ratio.denominator.tolist()
    ([0.5, 0.0], [0.5, 1.0])
    """
    places = {name: place for place, name in enumerate(names)}
    scored = np.zeros(len(names))
    # Numerator and denominator, and of means over groups the numerator that is not centred.
    sums = {metric.name: np.zeros((2 + metric.grouped, len(names))) for metric in metrics}
    for scores in repeats:
        usable = columns_of(scores).scored()
        if any(name not in places for name in usable.ids):
            usable = usable.select([k for k, name in enumerate(usable.ids) if name in places])
        at = [places[name] for name in usable.ids]
        scored[at] += 1
        for metric in metrics:  # one by one, since the arrays of a long run are large
            ratio = ratios([metric], usable)[metric.name]
            rows = (ratio.numerator, ratio.denominator, ratio.uncentred)
            sums[metric.name][:, at] += rows[: 2 + metric.grouped]
    means = {}
    for metric in metrics:
        sums[metric.name] /= scored
        above, below, *plain = sums[metric.name]
        is_mean = metric.over is None or metric.form == "explained"
        is_root = metric.form == "root"
        means[metric.name] = Ratio(above, below, is_mean, is_root, plain[0] if plain else None)
    return means
