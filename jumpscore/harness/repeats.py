"""What several runs are worth that differ in the model's seed only.

Two uncertainties that must not be mixed: how far the answers of one model differ when it is asked
again (the spread over repeats), and where the mean would fall with other videos (the interval over
videos). Asking again adds no videos, so the repeats of a video are averaged first, and videos are
what the bootstrap resamples.
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
        mean: Over the repeats that define it; ``None`` where none does.
        sd: Standard deviation over them (n - 1); ``None`` below two.
        lowest: Smallest value of a repeat.
        highest: Largest value of a repeat.
        values: Of every repeat, in order.
        over_videos: Estimate over all answers with the video as the unit: its interval says where
            the value would fall with other videos. Its ``mean`` is the one above where every repeat
            defines the metric for the same videos; a rate is that of all events together. ``None``
            where the task aggregates in a way of its own.
    """

    mean: float | None
    sd: float | None
    lowest: float | None
    highest: float | None
    values: tuple[float | None, ...]
    over_videos: Estimate | None = None


@dataclass(frozen=True, slots=True)
class RepeatedResult:
    """What the repeats of a run are worth. Holds no timings: equal inputs give equal results.

    Attributes:
        task: Task name.
        task_version: Version of the task's scores.
        model: Model name.
        data: Data-set name.
        synthetic: Whether the data are generated.
        repeats: How many there are.
        seeds: The model's seed in each.
        metrics: Metric name -> spread.
        described: What each metric is.
        headline: Names of those that a one-line summary shows.
        counts: Status -> number of answers, over all repeats.
        total: Answers that all repeats together had to give: samples times repeats.
        unscored: Those without a score; above 0 the headline is incomplete.
        caveats: Why a leaderboard must refuse this result.
        notes: Counted oddities, over all repeats.
        remarks: What else a reader should know, in words.
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

    >>> found = spread([0.25, None, 0.75])
    >>> found.mean, found.sd == 0.125**0.5, found.lowest, found.highest
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
    """Return the ids of the samples that some repeat scored, in their order."""
    scored = (score.id for scores in repeats for score in scores if score.status != "error")
    return list(dict.fromkeys(scored))


def clusters_by_name(
    repeats: Sequence[Sequence[SampleScore]], names: Sequence[str]
) -> list[str] | None:
    """Return what is resampled together, for samples that some repeat scored."""
    found = {score.id: score for scores in repeats for score in scores if score.status != "error"}
    return clusters_of([found[name] for name in names])


def mean_ratios(
    metrics: Sequence[Metric], repeats: Sequence[Sequence[SampleScore]], names: Sequence[str]
) -> dict[str, Ratio]:
    """Return every metric as a ratio over samples whose repeats are averaged.

    Numerator and denominator are each averaged over the repeats that scored the sample. So a sample
    for which only some repeats define a metric weighs as much as those, as in the repeats' means,
    and one that some repeat failed to score weighs as much as any other.

    Args:
        metrics: Of the task.
        repeats: Scores of each.
        names: Ids of samples, each scored by some repeat.

    >>> one = [SampleScore("a", "ok", {"bias": 1.0}), SampleScore("b", "ok", {"bias": 0.0})]
    >>> other = [SampleScore("a", "ok", {"bias": None}), SampleScore("b", "error")]
    >>> found = mean_ratios([Metric("bias", "")], [one, other], ["a", "b"])["bias"]
    >>> found.numerator.tolist(), found.denominator.tolist()
    ([0.5, 0.0], [0.5, 1.0])
    """
    places = {name: place for place, name in enumerate(names)}
    scored = np.zeros(len(names))
    sums = {metric.name: np.zeros((2, len(names))) for metric in metrics}
    for scores in repeats:
        here = [score for score in scores if score.status != "error" and score.id in places]
        at = [places[score.id] for score in here]
        scored[at] += 1
        for name, ratio in ratios(metrics, here).items():
            sums[name][:, at] += ratio.numerator, ratio.denominator
    found = {}
    for metric in metrics:
        above, below = sums[metric.name] / scored
        found[metric.name] = Ratio(above, below, is_mean=metric.over is None)
    return found


def summarise_repeats(
    task: Task[Any],
    results: Sequence[RunResult],
    scores: Sequence[Sequence[SampleScore]],
    *,
    seeds: Sequence[int],
    seed: int = 0,
    remarks: Sequence[str] = (),
) -> RepeatedResult:
    """Return what repeats are worth together.

    Args:
        task: That all of them asked.
        results: One per repeat.
        scores: Those of each repeat.
        seeds: The model's in each repeat.
        seed: Of the bootstrap.
        remarks: What else a reader should know.
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
    """Return every caveat of a repeat once; what is unscored is counted over all of them."""
    found = [
        caveat
        for result in results
        for caveat in result.caveats
        if caveat != unscored_caveat(result.unscored, result.total)
    ]
    if unscored:
        found.append(f"{unscored} of {total} answers are unscored, over all repeats")
    return tuple(dict.fromkeys(found))
