"""``jumpscore models`` and ``jumpscore tasks``."""

from __future__ import annotations

import inspect
import json
import textwrap
from dataclasses import asdict
from typing import Any

from rich.syntax import Syntax
from rich.table import Table

from evaluators import TASKS
from jumpscore.cli.console import notes, output, print_json
from jumpscore.errors import UsageError
from jumpscore.harness.options import REQUIRED, option_defaults, option_descriptions
from jumpscore.registry import Registry
from model_wrappers import MODELS
from model_wrappers.checkpoints import BUNDLED


def list_models(*, as_json: bool) -> None:
    """Print every model with its input; as JSON with its options too."""
    _show(_rows(MODELS, "inputs"), as_json=as_json)
    if not as_json:
        notes().print("options of one: jumpscore models options NAME", style="dim")
        shipped = ", ".join(BUNDLED)
        notes().print(f"model.checkpoint=... that this package brings: {shipped}", style="dim")


def list_tasks(*, as_json: bool) -> None:
    """Print every task with its headline, and lmms-eval's tasks that the paper reports.

    As JSON with options too.
    """
    from evaluators.lmms.benchmarks import BENCHMARKS

    rows = _rows(TASKS, "headline")
    if as_json:
        benchmarks = [asdict(benchmark) for benchmark in BENCHMARKS]
        extra = {"lmms": {"benchmarks": benchmarks}}
        print_json([row | extra.get(row["name"], {}) for row in rows])
        return
    _show(rows, as_json=False)
    table = Table(title="task=lmms task.benchmark=...", title_justify="left")
    for column in ("benchmark", "reported", "of the paper's"):
        table.add_column(column, no_wrap=column == "benchmark")
    for benchmark in BENCHMARKS:
        table.add_row(benchmark.task, benchmark.metric, benchmark.about())
    output().print(table)


def show_options(name: str) -> None:
    """Print the options of a model with their defaults and what they mean.

    Raises:
        UsageError: There is no such model.
    """
    options = MODELS.get(name).Options
    described = option_descriptions(options)
    lines = [f"name: {name}"]
    for key, default in option_defaults(options).items():
        value = default if default == REQUIRED else json.dumps(default)
        lines += textwrap.wrap(described[key], 96, initial_indent="# ", subsequent_indent="#   ")
        lines.append(f"{key}: {value}")
    output().print(Syntax("\n".join(lines), "yaml", background_color="default"))


def _rows(registry: Registry[Any], fact: str) -> list[dict[str, Any]]:
    """Return name, one fact, options and first line of every class of a registry."""
    rows: list[dict[str, Any]] = []
    for name in registry.names():
        found = _load(registry, name)
        if isinstance(found, str):
            rows.append({"name": name, fact: [], "options": [], "about": found})
            continue
        options = [f"{registry.kind}.{key}" for key in found.Options.model_fields]
        said = getattr(found, fact)
        # A task whose metrics depend on its data has them as a property.
        facts = {fact: [] if isinstance(said, property) else list(said), "options": options}
        rows.append({"name": name, **facts, "about": _first_line(found)})
    return rows


def _load(registry: Registry[Any], name: str) -> Any:
    """Return the class, or why it cannot be loaded; one broken plug-in does not hide the rest."""
    try:
        return registry.get(name)
    except UsageError as error:
        return str(error)


def _first_line(found: type) -> str:
    return (inspect.getdoc(found) or "").split("\n", maxsplit=1)[0].replace("``", "")


def _show(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    table = Table()
    columns = [column for column in rows[0] if column != "options"]
    for column in columns:
        table.add_column(column, style="bold" if column == "name" else "")
    for row in rows:
        cells = [row[column] for column in columns]
        table.add_row(*(", ".join(cell) if isinstance(cell, list) else cell for cell in cells))
    output().print(table)
