"""Tasks, one module per family. ``TASKS`` names them; nothing is imported before it is used."""

from typing import Any

from evaluators.base import Task
from jumpscore.registry import Registry

TASKS: Registry[Task[Any]] = Registry(
    "task",
    Task,
    builtin={
        "jumpscore": "evaluators.jumpscore:JumpScore",
        "repetitions": "evaluators.jumpscore:Repetitions",
        "jumpscore_count": "evaluators.jumpscore:JumpScoreCount",
        "spatial": "evaluators.spatial.task:Spatial",
        "lmms": "evaluators.lmms.task:LmmsTask",
        "timelens": "evaluators.temporal.task:TimeLens",
        "traces": "evaluators.traces.task:Traces",
        "tracking": "evaluators.tracking.task:Tracking",
    },
    group="jumpscore.tasks",
)
