"""Two runs over the same questions, paired by video."""

from __future__ import annotations

from typing import Any

from evaluators.base import Metric, ratios
from jumpscore.errors import UsageError
from jumpscore.harness.making import task_class
from jumpscore.harness.stored import StoredRun
from jumpscore.scoring import Comparison, compare


def compare_runs(a: StoredRun, b: StoredRun, *, seed: int = 0) -> dict[str, Comparison]:
    """Compare two runs metric by metric over the samples that both have scored.

    Raises:
        UsageError: They are of different tasks, metric versions, prompts or data, or share no
            scored sample.
    """
    for key in ("task", "data"):
        one, other = (_without_version(run.facts["identity"][key]) for run in (a, b))
        if one != other:
            raise UsageError(
                f"{a.folder} and {b.folder} cannot be compared: {key} is {one} in one and {other} "
                "in the other"
            )
    if a.result.task_version != b.result.task_version:
        raise UsageError(
            f"{a.folder} and {b.folder} were scored by versions {a.result.task_version} and "
            f"{b.result.task_version}; score both again with 'jumpscore score RUN'"
        )
    in_a = {score.id: score for score in a.scores if score.status != "error"}
    in_b = {score.id: score for score in b.scores if score.status != "error"}
    shared = [name for name in in_a if name in in_b]
    if not shared:
        raise UsageError(f"{a.folder} and {b.folder} have no scored sample in common")
    metrics = compared_metrics(a)
    return compare(
        ratios(metrics, [in_a[name] for name in shared]),
        ratios(metrics, [in_b[name] for name in shared]),
        seed=seed,
    )


def _without_version(identity: dict[str, Any]) -> dict[str, Any]:
    """Return what was asked; the version that counts is the one that scored."""
    return {key: value for key, value in identity.items() if key != "version"}


def compared_metrics(run: StoredRun) -> tuple[Metric, ...]:
    """Return the metrics of a run's task that say how good a model is; controls are left out."""
    return tuple(metric for metric in task_class(run.result.task).metrics if metric.better)
