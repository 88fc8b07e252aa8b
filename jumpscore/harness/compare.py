"""Two runs over the same questions, paired by video."""

from __future__ import annotations

from evaluators.base import Metric, ratios
from jumpscore.errors import UsageError
from jumpscore.harness.evaluate import task_class
from jumpscore.harness.stored import StoredRun
from jumpscore.scoring import Comparison, compare


def compare_runs(a: StoredRun, b: StoredRun, *, seed: int = 0) -> dict[str, Comparison]:
    """Compare two runs metric by metric over the samples that both have scored.

    Raises:
        UsageError: They are of different tasks, metric versions, prompts or data, or share no
            scored sample.
    """
    for key in ("task", "data"):
        one, other = a.facts["identity"][key], b.facts["identity"][key]
        if one != other:
            raise UsageError(
                f"{a.folder} and {b.folder} cannot be compared: {key} is {one} in one and {other} "
                "in the other"
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


def compared_metrics(run: StoredRun) -> tuple[Metric, ...]:
    """Return the metrics of a run's task that say how good a model is; controls are left out."""
    return tuple(metric for metric in task_class(run.result.task).metrics if metric.better)
