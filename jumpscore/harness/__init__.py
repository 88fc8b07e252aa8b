"""Plan, ask, store, score: one runner for every model and every task."""

from jumpscore.harness.ask import RunInterrupted
from jumpscore.harness.config import InputConfig, RunConfig, RunSettings
from jumpscore.harness.evaluate import evaluate, run_config, score_run
from jumpscore.harness.factory import task_of
from jumpscore.harness.repeating import (
    RepeatedRun,
    evaluate_repeats,
    read_repeats,
    score_repeats,
)
from jumpscore.harness.repeats import RepeatedResult, Spread

__all__ = [
    "InputConfig",
    "RepeatedResult",
    "RepeatedRun",
    "RunConfig",
    "RunInterrupted",
    "RunSettings",
    "Spread",
    "evaluate",
    "evaluate_repeats",
    "read_repeats",
    "run_config",
    "score_repeats",
    "score_run",
    "task_of",
]
