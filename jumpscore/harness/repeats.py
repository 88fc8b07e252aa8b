"""Results of repeats: several runs that differ only in the model's seed.

Two uncertainties must not be mixed: the variation between answers of one model to the same question
(the spread over repeats), and the uncertainty of the mean over other videos (the interval over
videos). Repeats add no videos, so the repeats of a video are averaged first, and the bootstrap
resamples videos.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

import numpy as np

from evaluators.base import Task, clusters_of, ratios
from jumpscore.harness.score import unscored_caveat
from jumpscore.records import Estimate, Metric, RunResult, SampleScore
from jumpscore.scoring import Ratio, bootstrap


@dataclass(frozen=True, slots=True)
class Spread:
    """One metric over repeats.

    Attributes:
        mean: Mean over the repeats that define the metric; ``None`` if no repeat does.
        sd: Standard deviation over them (n - 1); ``None`` for fewer than two.
        lowest: Smallest value of a repeat.
        highest: Largest value of a repeat.
        values: Value of every repeat, in order.
        over_videos: Estimate over all answers with the video as the unit, so its interval is for
            other videos. Its ``mean`` equals the one above if every repeat defines the metric for
            the same videos; a rate is that of all events together. ``None`` if the task does not
            aggregate by means and rates.
    """

    mean: float | None
    sd: float | None
    lowest: float | None
    highest: float | None
    values: tuple[float | None, ...]
    over_videos: Estimate | None = None


@dataclass(frozen=True, slots=True)
class RepeatedResult:
    """Result of the repeats of a run, without timings: equal inputs give equal results.

    Attributes:
        task: Task name.
        task_version: Version of the task's scores.
        model: Model name.
        data: Data-set name.
        synthetic: Whether the data are generated.
        repeats: Number of repeats.
        seeds: Seed of the model in each repeat.
        metrics: Metric name -> spread.
        described: Description of each metric.
        headline: Names of the metrics in a one-line summary.
        counts: Status -> number of answers, over all repeats.
        total: Number of answers that all repeats together need: samples times repeats.
        unscored: Number of answers without a score; above 0 the headline is incomplete.
        caveats: Reasons why a leaderboard must refuse this result.
        notes: Counted oddities, over all repeats.
        remarks: Sentences for the reader of the result.
    """

    task: str
    task_version: str
    model: str
    data: str
    synthetic: bool
    repeats: int
    seeds: tuple[int, ...]
    metrics: Mapping[str, Spread]
    described: tuple[Metric, ...]
    headline: tuple[str, ...]
    counts: Mapping[str, int]
    total: int
    unscored: int
    caveats: tuple[str, ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def spread(values: Sequence[float | None], over_videos: Estimate | None = None) -> Spread:
    """Return the spread of a metric's values, one per repeat.

    >>> result = spread([0.25, None, 0.75])
    >>> result.mean, result.sd == 0.125**0.5, result.lowest, result.highest
    (0.5, True, 0.25, 0.75)
    """
    known = [value for value in values if value is not None]
    return Spread(
        mean=fmean(known) if known else None,
        sd=stdev(known) if len(known) > 1 else None,
        lowest=min(known, default=None),
        highest=max(known, default=None),
        values=tuple(values),
        over_videos=over_videos,
    )


def scored_by_any(repeats: Sequence[Sequence[SampleScore]]) -> list[str]:
    """Return the ids of the samples that at least one repeat scored, in order."""
    scored = (score.id for scores in repeats for score in scores if score.status != "error")
    return list(dict.fromkeys(scored))


def clusters_by_name(
    repeats: Sequence[Sequence[SampleScore]], names: Sequence[str]
) -> list[str] | None:
    """Return the cluster of each sample, which the bootstrap resamples as a unit."""
    by_id = {score.id: score for scores in repeats for score in scores if score.status != "error"}
    return clusters_of([by_id[name] for name in names])


def mean_ratios(
    metrics: Sequence[Metric], repeats: Sequence[Sequence[SampleScore]], names: Sequence[str]
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
    sums = {metric.name: np.zeros((3, len(names))) for metric in metrics}
    for scores in repeats:
        usable = [score for score in scores if score.status != "error" and score.id in places]
        at = [places[score.id] for score in usable]
        scored[at] += 1
        for name, ratio in ratios(metrics, usable).items():
            sums[name][:, at] += ratio.numerator, ratio.denominator, ratio.uncentred
    means = {}
    for metric in metrics:
        above, below, plain = sums[metric.name] / scored
        is_mean = metric.over is None or metric.form == "explained"
        is_root = metric.form == "root"
        means[metric.name] = Ratio(above, below, is_mean, is_root=is_root, plain=plain)
    return means


def summarise_repeats(
    task: Task[Any],
    results: Sequence[RunResult],
    scores: Sequence[Sequence[SampleScore]],
    *,
    seeds: Sequence[int],
    seed: int = 0,
    remarks: Sequence[str] = (),
) -> RepeatedResult:
    """Return the common result of repeats.

    Args:
        task: Task of all repeats.
        results: Result of each repeat.
        scores: Scores of each repeat.
        seeds: Seed of the model in each repeat.
        seed: Seed of the bootstrap.
        remarks: Sentences for the reader of the result.
    """
    first = results[0]
    # Another way to aggregate may need more than means and rates; then nothing is made up.
    averages = type(task).aggregate is Task.aggregate
    names = scored_by_any(scores)
    over_videos = {}
    if averages:
        means = mean_ratios(task.metrics, scores, names)
        over_videos = bootstrap(means, seed=seed, clusters=clusters_by_name(scores, names))
    counts, notes = Counter[str](), Counter[str]()
    for result in results:
        counts.update(result.counts)
        notes.update(result.notes)
    total, unscored = (sum(getattr(r, name) for r in results) for name in ("total", "unscored"))
    return RepeatedResult(
        task=first.task,
        task_version=first.task_version,
        model=first.model,
        data=first.data,
        synthetic=first.synthetic,
        repeats=len(results),
        seeds=tuple(seeds),
        metrics={
            name: spread([r.metrics[name].mean for r in results], over_videos.get(name))
            for name in first.metrics
        },
        described=first.described,
        headline=first.headline,
        counts=dict(counts),
        total=total,
        unscored=unscored,
        caveats=_caveats(results, total, unscored),
        notes=dict(notes),
        remarks=tuple(remarks),
    )


def _caveats(results: Sequence[RunResult], total: int, unscored: int) -> tuple[str, ...]:
    """Return every caveat of a repeat once; unscored answers are counted over all repeats."""
    caveats = [
        caveat
        for result in results
        for caveat in result.caveats
        if caveat != unscored_caveat(result.unscored, result.total)
    ]
    if unscored:
        caveats.append(f"{unscored} of {total} answers are unscored, over all repeats")
    return tuple(dict.fromkeys(caveats))
