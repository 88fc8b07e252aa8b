"""Comparison of two runs, or of their repeats, over the same questions, paired by video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from jumpscore.errors import UsageError
from jumpscore.harness.averages import Scores, clusters_by_name, mean_ratios, scored_by_any
from jumpscore.harness.repeats import AnyRun
from jumpscore.records import Metric
from jumpscore.scoring import Comparison, Ranking, Ratio, compare, rank


def compare_runs(a: AnyRun, b: AnyRun, *, seed: int = 0) -> dict[str, Comparison]:
    """Compare two runs metric by metric over the samples that both have scored.

    The repeats of a sample are averaged first.

    Raises:
        UsageError: The runs differ in task, metric version, prompt or data, or have no scored
            sample in common.
    """
    _check_comparable(a, b)
    scores_a, scores_b = ([run.columns for run in runs.runs] for runs in (a, b))
    in_b = _scored(b)
    shared = [name for name in scored_by_any(scores_a) if name in in_b]
    if not shared:
        raise UsageError(f"{a.folder} and {b.folder} have no scored sample in common")
    metrics = compared_metrics(a)
    return compare(
        mean_ratios(metrics, scores_a, shared),
        mean_ratios(metrics, scores_b, shared),
        seed=seed,
        clusters=clusters_by_name(scores_a, shared),
    )


def rank_runs(runs: Sequence[AnyRun], metric: Metric, *, seed: int = 0) -> Ranking:
    """Rank runs by one metric; the models of the ranking are named by their folders.

    Every pair is compared on the samples that both have scored.

    Raises:
        UsageError: Runs cannot be compared, a folder is listed twice, or neither high nor low
            values of the metric are better.
    """
    if metric.better not in ("higher", "lower"):
        raise UsageError(f"{metric.name}: runs cannot be ranked by it; choose another --metric")
    ratios, clusters = ratios_of(runs, metric)
    return rank(ratios, clusters=clusters, better=metric.better, seed=seed)


def ratios_of(runs: Sequence[AnyRun], metric: Metric) -> tuple[dict[str, Ratio], list[str] | None]:
    """Return folder -> metric over all samples that a run has scored, and their clusters.

    Raises:
        UsageError: Runs cannot be compared, or a folder is listed twice.
    """
    folders = [str(run.folder) for run in runs]
    if len(set(folders)) < len(folders):
        raise UsageError(f"each run can be listed once, not {' '.join(folders)}")
    for run in runs[1:]:
        _check_comparable(runs[0], run)
    scores = [[one.columns for one in run.runs] for run in runs]
    everything = [each for several in scores for each in several]
    if not (names := scored_by_any(everything)):
        raise UsageError(f"{', '.join(folders)}: no sample is scored; rerun to resume")
    ratios = [_over(names, metric, several) for several in scores]
    return dict(zip(folders, ratios, strict=True)), clusters_by_name(everything, names)


def _over(names: Sequence[str], metric: Metric, repeats: Sequence[Scores]) -> Ratio:
    """Return a run's metric over all samples; NaN for those that it has not scored."""
    scored = scored_by_any(repeats)
    ratio = mean_ratios([metric], repeats, scored)[metric.name]
    places = {name: place for place, name in enumerate(names)}
    whole = np.full((3, len(names)), np.nan)
    at = [places[name] for name in scored]
    whole[:, at] = ratio.numerator, ratio.denominator, ratio.uncentred
    return replace(ratio, numerator=whole[0], denominator=whole[1], plain=whole[2])


def _check_comparable(a: AnyRun, b: AnyRun) -> None:
    """Refuse runs that differ in task, metric version, prompt or data."""
    if (difference := _difference(a, b)) is not None:
        raise UsageError(f"{a.folder} and {b.folder} cannot be compared: {difference}")
    if a.result.task_version != b.result.task_version:
        raise UsageError(
            f"{a.folder} and {b.folder} were scored by versions {a.result.task_version} and "
            f"{b.result.task_version}; score both again with 'jumpscore score RUN'"
        )


def unshared(a: AnyRun, b: AnyRun) -> tuple[int, int]:
    """Return how many samples only the first and only the second run has scored."""
    one, other = _scored(a), _scored(b)
    return len(one - other), len(other - one)


def _scored(runs: AnyRun) -> set[str]:
    """Return the ids of the samples that at least one of the runs has scored."""
    return set(scored_by_any([run.scores for run in runs.runs]))


def _difference(a: AnyRun, b: AnyRun) -> str | None:
    """Return what was asked differently; the version that counts is the one that scored."""
    one, other = (run.runs[0].record.identity for run in (a, b))
    for what, values in {
        "the tasks": (one.task.name, other.task.name),
        "the prompt protocols": (one.task.protocol, other.task.protocol),
        "the data sets": (one.data.name, other.data.name),
        f"the annotations of {one.data.name}": (
            f"checksum {one.data.checksum[:12]}",
            f"checksum {other.data.checksum[:12]}",
        ),
    }.items():
        if values[0] != values[1]:
            return f"{what} differ, {values[0]} in the first and {values[1]} in the second"
    return None


def compared_metrics(run: AnyRun) -> tuple[Metric, ...]:
    """Return the metrics of a run's task that measure quality; controls are left out."""
    return tuple(metric for metric in run.result.described if metric.better)


def chosen_metric(run: AnyRun, name: str | None) -> Metric:
    """Return a metric by its name, or the first of the headline.

    Raises:
        UsageError: The task has no such metric.
    """
    metrics = {metric.name: metric for metric in compared_metrics(run)}
    name = run.result.headline[0] if name is None else name
    if name not in metrics:
        raise UsageError(f"--metric {name}: choose one of {', '.join(metrics)}")
    return metrics[name]
