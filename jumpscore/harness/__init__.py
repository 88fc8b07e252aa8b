"""Plan, ask, store, score: one runner for every model and every task."""

from jumpscore.harness.ask import RunInterrupted
from jumpscore.harness.config import InputConfig, RunConfig, RunSettings, run_config
from jumpscore.harness.evaluate import evaluate
from jumpscore.harness.factory import task_of
from jumpscore.harness.input import InputPlan
from jumpscore.harness.repeats import (
    AnyRun,
    RepeatedResult,
    RepeatedRun,
    Spread,
    read_repeats,
    score_repeats,
)
from jumpscore.harness.score import score_run
from jumpscore.harness.session import Session, open_session

__all__ = [
    "AnyRun",
    "InputConfig",
    "InputPlan",
    "RepeatedResult",
    "RepeatedRun",
    "RunConfig",
    "RunInterrupted",
    "RunSettings",
    "Session",
    "Spread",
    "evaluate",
    "open_session",
    "read_repeats",
    "run_config",
    "score_repeats",
    "score_run",
    "task_of",
]
