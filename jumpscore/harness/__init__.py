"""Plan, ask, store, score: one runner for every model and every task."""

from jumpscore.harness.config import InputConfig, RunConfig, RunSettings, run_config
from jumpscore.harness.engines.engine import RunInterrupted
from jumpscore.harness.evaluate import evaluate
from jumpscore.harness.factory import task_of
from jumpscore.harness.repeats import (
    RepeatedResult,
    RepeatedRun,
    Spread,
    read_repeats,
    score_repeats,
)
from jumpscore.harness.score import score_run
from jumpscore.harness.session import open_session

__all__ = [
    "InputConfig",
    "RepeatedResult",
    "RepeatedRun",
    "RunConfig",
    "RunInterrupted",
    "RunSettings",
    "Spread",
    "evaluate",
    "open_session",
    "read_repeats",
    "run_config",
    "score_repeats",
    "score_run",
    "task_of",
]
