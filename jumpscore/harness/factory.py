"""Create models and tasks from names and options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from evaluators import TASKS
from evaluators.base import Task
from jumpscore.conf.settings import validated
from jumpscore.data.catalogue import Rendering, data_set, with_folders
from jumpscore.errors import UsageError
from jumpscore.harness.config import RunConfig
from jumpscore.runs.record import RunRecord
from model_wrappers import MODELS
from model_wrappers.base import ModelWrapper

InstanceT = TypeVar("InstanceT")
DATA_OPTIONS = ("data", "benchmark", "include_path", "data_root")
"""Options of tasks that name a data set or its place."""


def options_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a configured model or task without its name."""
    return {key: value for key, value in values.items() if key != "name"}


def check_options(config: RunConfig) -> None:
    """Check the names and options of model and task without creating either.

    Raises:
        UsageError: A name or an option is missing, unknown or invalid.
    """
    for kind, registry, values in (
        ("model", MODELS, config.model),
        ("task", TASKS, config.task),
    ):
        if not isinstance(values.get("name"), str):
            raise UsageError(f"a run needs {kind}=...; 'jumpscore {kind}s' lists them")
        options = registry.get(values["name"]).Options
        validated(options, options_of(values), where=f"{kind}.")


def model_of_config(config: RunConfig) -> ModelWrapper:
    """Return the model that a configuration names."""
    return make_model(config.model["name"], options_of(config.model))


def task_of_config(config: RunConfig) -> Task[Any]:
    """Return the task that a configuration names."""
    return make_task(config.task["name"], options_of(config.task))


def make_model(model: str | ModelWrapper, options: Mapping[str, Any]) -> ModelWrapper:
    """Return the wrapper of a name with validated options.

    Raises:
        UsageError: A name, a key or a value is wrong, or the wrapper has no valid options.
    """
    if isinstance(model, type):
        raise UsageError(f"{model.__name__} is a class; pass an object, such as {model.__name__}()")
    if isinstance(model, ModelWrapper):
        if not isinstance(model.options, BaseModel):
            raise UsageError(
                f"the options of {type(model).__name__} are {type(model.options).__name__}; "
                "they must be ModelOptions. Store other objects in attributes of their own"
            )
        return _already_open(model, options)
    kind = MODELS.get(model)
    wrapper = kind(validated(kind.Options, dict(options), where="model."))
    wrapper.made_by_name = True
    return wrapper


def make_task(task: str | Task[Any], options: Mapping[str, Any]) -> Task[Any]:
    """Return the task of a name with validated options.

    The name of a data set becomes its folder, which is rendered on first use if it can be.

    Raises:
        UsageError: A name, a key or a value is wrong, or the data set was not fetched.
    """
    if isinstance(task, Task):
        return _already_open(task, options)
    validated(TASKS.get(task).Options, dict(options), where="task.")  # before anything is rendered
    return _task(task, resolve_data(task, options))


def resolve_data(
    task: str,
    options: Mapping[str, Any],
    root: Path | None = None,
    rendering: Rendering = Rendering(),
) -> dict[str, Any]:
    """Return a task's options with the name of its data set replaced by the folder.

    Args:
        task: Name of the task; its default data set is resolved as well.
        options: Options of the task.
        root: The data root, if one was chosen.
        rendering: How a set is rendered.

    Raises:
        UsageError: No such data set, or it was not fetched.
    """
    fields = TASKS.get(task).Options.model_fields
    defaults = {name: fields[name].default for name in DATA_OPTIONS if name in fields}
    default, chosen = (data_set(d.get("data")) for d in (defaults, options))
    if default is None:  # another package's own
        defaults.pop("data", None)
    elif chosen is not None and chosen.task != default.task:
        raise UsageError(
            f"task.data={chosen.name}: this data set is for task={chosen.task}; choose that task, "
            f"or a data set of {task}, such as task.data={default.name}"
        )
    return with_folders({**defaults, **options}, root, rendering)


def _task(task: str, options: Mapping[str, Any]) -> Task[Any]:
    kind = TASKS.get(task)
    return kind(validated(kind.Options, dict(options), where="task."))


def _already_open(instance: InstanceT, options: Mapping[str, Any]) -> InstanceT:
    if options:
        raise UsageError(
            f"{instance!r} is an object; pass the options {', '.join(options)} to its class"
        )
    return instance


def task_of(record: RunRecord) -> Task[Any]:
    """Return the task that a stored run asked."""
    return _task(record.config.task.name, record.config.task.options)
