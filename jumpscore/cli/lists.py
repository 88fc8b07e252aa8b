"""``jumpscore models`` and ``jumpscore tasks``."""

from __future__ import annotations

import inspect
from typing import Any

from rich.table import Table

from evaluators import TASKS
from jumpscore.cli.console import output, print_json
from jumpscore.errors import UsageError
from jumpscore.registry import Registry
from model_wrappers import MODELS


def list_models(*, as_json: bool) -> None:
    """Print every model with its input and options."""
    rows = []
    for name in MODELS.names():
        found = _load(MODELS, name)
        if isinstance(found, str):
            rows.append({"name": name, "inputs": [], "options": [], "about": found})
            continue
        options = [f"model.{key}" for key in found.Options.model_fields]
        rows.append(
            {
                "name": name,
                "inputs": list(found.inputs),
                "options": options,
                "about": _first_line(found),
            }
        )
    _show(rows, ("name", "inputs", "options", "about"), as_json=as_json)


def list_tasks(*, as_json: bool) -> None:
    """Print every task with its headline and options."""
    rows = []
    for name in TASKS.names():
        found = _load(TASKS, name)
        if isinstance(found, str):
            rows.append({"name": name, "headline": [], "options": [], "about": found})
            continue
        options = [f"task.{key}" for key in found.Options.model_fields]
        rows.append(
            {
                "name": name,
                "headline": list(found.headline),
                "options": options,
                "about": _first_line(found),
            }
        )
    _show(rows, ("name", "headline", "options", "about"), as_json=as_json)


def _load(registry: Registry[Any], name: str) -> Any:
    """Return the class, or why it cannot be loaded; one broken plug-in does not hide the rest."""
    try:
        return registry.get(name)
    except UsageError as error:
        return str(error)


def _first_line(found: type) -> str:
    return (inspect.getdoc(found) or "").split("\n", maxsplit=1)[0].replace("``", "")


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    table = Table()
    for column in columns:
        table.add_column(column, style="bold" if column == "name" else "")
    for row in rows:
        cells = (row[column] for column in columns)
        table.add_row(*(", ".join(cell) if isinstance(cell, list) else cell for cell in cells))
    output().print(table)
