"""Plan, ask, store, score: one runner for every model and every task."""

from jumpscore.harness.compare import compare_runs, compared_metrics
from jumpscore.harness.config import InputConfig, RunConfig, RunSettings
from jumpscore.harness.evaluate import evaluate, run_config, score_run
from jumpscore.harness.making import task_class, task_of
from jumpscore.harness.runner import RunInterrupted
from jumpscore.harness.store import RunStore
from jumpscore.harness.stored import StoredRun, read_run

__all__ = [
    "InputConfig",
    "RunConfig",
    "RunInterrupted",
    "RunSettings",
    "RunStore",
    "StoredRun",
    "compare_runs",
    "compared_metrics",
    "evaluate",
    "read_run",
    "run_config",
    "score_run",
    "task_class",
    "task_of",
]
