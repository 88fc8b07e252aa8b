"""Comparison of two runs, or of their repeats, over the same questions, paired by video."""

from __future__ import annotations

from jumpscore.errors import UsageError
from jumpscore.harness.averages import clusters_by_name, mean_ratios, scored_by_any
from jumpscore.harness.repeats import AnyRun
from jumpscore.records import Metric
from jumpscore.scoring import Comparison, compare


def compare_runs(a: AnyRun, b: AnyRun, *, seed: int = 0) -> dict[str, Comparison]:
    """Compare two runs metric by metric over the samples that both have scored.

    The repeats of a sample are averaged first.

    Raises:
        UsageError: The runs differ in task, metric version, prompt or data, or have no scored
            sample in common.
    """
    if (difference := _difference(a, b)) is not None:
        raise UsageError(f"{a.folder} and {b.folder} cannot be compared: {difference}")
    if a.result.task_version != b.result.task_version:
        raise UsageError(
            f"{a.folder} and {b.folder} were scored by versions {a.result.task_version} and "
            f"{b.result.task_version}; score both again with 'jumpscore score RUN'"
        )
    scores_a, scores_b = ([run.scores for run in runs.runs] for runs in (a, b))
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
        "the prompts": (one.task.protocol, other.task.protocol),
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
