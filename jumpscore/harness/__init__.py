"""Plan, ask, store, score: one runner for every model and every task."""

from jumpscore.harness.compare import compare_runs, compared_metrics
from jumpscore.harness.config import InputConfig, RunConfig, RunSettings
from jumpscore.harness.evaluate import evaluate, run_config, score_run
from jumpscore.harness.making import task_of
from jumpscore.harness.repeating import (
    RepeatedRun,
    evaluate_repeats,
    read_repeats,
    score_repeats,
)
from jumpscore.harness.repeats import RepeatedResult, Spread
from jumpscore.harness.runner import RunInterrupted
from jumpscore.harness.store import RunStore
from jumpscore.harness.stored import StoredRun, holds_repeats, read_run

__all__ = [
    "InputConfig",
    "RepeatedResult",
    "RepeatedRun",
    "RunConfig",
    "RunInterrupted",
    "RunSettings",
    "RunStore",
    "Spread",
    "StoredRun",
    "compare_runs",
    "compared_metrics",
    "evaluate",
    "evaluate_repeats",
    "holds_repeats",
    "read_repeats",
    "read_run",
    "run_config",
    "score_repeats",
    "score_run",
    "task_of",
]
