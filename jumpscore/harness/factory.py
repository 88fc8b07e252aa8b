"""Names and options to models and tasks: what a configuration says, made and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from evaluators import TASKS
from evaluators.base import Task
from jumpscore.errors import UsageError
from jumpscore.harness.config import RunConfig, validated
from jumpscore.runs.record import RunRecord
from model_wrappers import MODELS
from model_wrappers.base import ModelWrapper

MadeT = TypeVar("MadeT")


def check_options(config: RunConfig) -> None:
    """Check the names and options of model and task, and make neither.

    Raises:
        UsageError: A name is missing or unknown, or an option is.
    """
    for kind, registry, values in (
        ("model", MODELS, config.model),
        ("task", TASKS, config.task),
    ):
        if not isinstance(values.get("name"), str):
            raise UsageError(f"a run needs {kind}=...; 'jumpscore {kind}s' lists them")
        options = registry.get(values["name"]).Options
        validated(options, _without_name(values), where=f"{kind}.")


def make_model(model: str | ModelWrapper, options: Mapping[str, Any]) -> ModelWrapper:
    """Return the wrapper of a name with validated options."""
    if isinstance(model, ModelWrapper):
        return _made_already(model, options)
    found = MODELS.get(model)
    wrapper = found(validated(found.Options, dict(options), where="model."))
    wrapper.made_by_name = True
    return wrapper


def make_task(task: str | Task[Any], options: Mapping[str, Any]) -> Task[Any]:
    """Return the task of a name with validated options."""
    if isinstance(task, Task):
        return _made_already(task, options)
    found = TASKS.get(task)
    return found(validated(found.Options, dict(options), where="task."))


def _made_already(made: MadeT, options: Mapping[str, Any]) -> MadeT:
    if options:
        raise UsageError(
            f"{made!r} is made already; give the options {', '.join(options)} to its class"
        )
    return made


def task_of(record: RunRecord) -> Task[Any]:
    """Return the task that a stored run asked."""
    return make_task(record.config.task.name, record.config.task.options)


def _without_name(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != "name"}
