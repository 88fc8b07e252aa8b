"""``jumpscore options`` and ``jumpscore models options``."""

from __future__ import annotations

import inspect
import re
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
from model_wrappers import MODELS

GROUPS = ("model", "task", "input", "run")
DEFAULTS = {"model": "motion", "task": "jumpscore"}
_ATTRIBUTE = re.compile(r" {4}(\w+): (.*)")


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        key: Key on the command line, such as ``input.count``.
        default: Default value; ``None`` also if it must be given.
        required: Whether it must be given.
        help: What it means.
    """

    key: str
    default: Any
    required: bool
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
    help = attribute_help(options)
    return [
        Option(
            f"{group}.{key}" if key != "kind" or group != "input" else "input",
            None if field.is_required() else field.get_default(call_default_factory=True),
            field.is_required(),
            help.get(key, ""),
        )
        for key, field in options.model_fields.items()
    ]


def attribute_help(options: type) -> dict[str, str]:
    """Return what the ``Attributes`` of a class and of its bases say, by name."""
    texts: dict[str, str] = {}
    for base in reversed(options.__mro__):
        _, _, section = inspect.cleandoc(base.__doc__ or "").partition("Attributes:\n")
        name = ""
        for line in section.splitlines():
            if line and not line.startswith("    "):
                break
            if match := _ATTRIBUTE.fullmatch(line):
                name, texts[match[1]] = match[1], match[2]
            elif name and line.strip():
                texts[name] += " " + line.strip()
    return {name: text.replace("``", "") for name, text in texts.items()}


def _table(word: str, rows: list[Option]) -> Table:
    group, _, name = word.partition("=")
    name = name or DEFAULTS.get(group, "")
    title = f"{group}={name}" if name else group
    table = Table(title=f"options of {title}", title_justify="left")
    table.add_column("option", style="bold", no_wrap=True)
    table.add_column("default")
    table.add_column("meaning", ratio=1)
    for row in rows:
        default = "required" if row.required else _word(row.default)
        table.add_row(row.key, default, row.help)
    return table


def _word(value: Any) -> str:
    """Return a value as it is typed on the command line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
