"""``jumpscore options`` and ``jumpscore models options``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.table import Table

from evaluators import TASKS
from jumpscore.cli.console import output, print_json
from jumpscore.cli.options import Json
from jumpscore.errors import UsageError, nearest_names
from jumpscore.harness import InputConfig, RunSettings
from jumpscore.harness.compose import (
    GROUPS,
    REQUIRED,
    option_defaults,
    option_descriptions,
    option_word,
)
from model_wrappers import MODELS

DEFAULTS = {"model": "motion", "task": "jumpscore"}


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        key: Key on the command line, such as ``input.count``.
        default: Default value; ``"???"`` if it must be given.
        help: What it means.
    """

    key: str
    default: Any
    help: str


def list_options(
    group: Annotated[
        str | None,
        typer.Argument(help="model, task, input or run; also model=NAME or task=NAME."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print options with their defaults and meaning."""
    words = [group] if group else GROUPS
    options = {word: options_of(word) for word in words}
    if as_json:
        print_json([asdict(option) for rows in options.values() for option in rows])
        return
    for word, rows in options.items():
        output().print(_table(word, rows))


def list_model_options(
    name: Annotated[str, typer.Argument(help="A model, such as qwen3_vl.")], as_json: Json = False
) -> None:
    """Print the options of a model with their defaults and meaning."""
    list_options(f"model={name}", as_json)


def options_of(word: str) -> list[Option]:
    """Return the options of a group, such as ``input`` or ``task=tracking``.

    Raises:
        UsageError: Unknown group, model or task.
    """
    group, _, name = word.partition("=")
    if group not in GROUPS or (name and group not in DEFAULTS):
        near = nearest_names(group, GROUPS) or "."
        raise UsageError(
            f"unknown group {word!r}{near} Choose model, task, input, run, model=NAME or task=NAME."
        )
    options: type[BaseModel]
    if group == "model":
        options = MODELS.get(name or DEFAULTS[group]).Options
    elif group == "task":
        options = TASKS.get(name or DEFAULTS[group]).Options
    else:
        options = InputConfig if group == "input" else RunSettings
    descriptions = option_descriptions(options)
    return [
        Option("input" if (group, key) == ("input", "kind") else f"{group}.{key}", default, help)
        for (key, default), help in zip(
            option_defaults(options).items(), descriptions.values(), strict=True
        )
    ]


def _table(word: str, rows: list[Option]) -> Table:
    group, _, name = word.partition("=")
    name = name or DEFAULTS.get(group, "")
    title = f"{group}={name}" if name else group
    table = Table(title=f"options of {title}", title_justify="left")
    table.add_column("option", style="bold", no_wrap=True)
    table.add_column("default")
    table.add_column("meaning", ratio=1)
    for row in rows:
        default = "required" if row.default == REQUIRED else option_word(row.default)
        table.add_row(row.key, default, row.help)
    return table
