"""``jumpscore models list``."""

from __future__ import annotations

import inspect
from typing import Any

from rich.table import Table

from jumpscore.cli.console import notes, output, print_json
from jumpscore.cli.options import Json
from jumpscore.errors import UsageError
from jumpscore.registry import Registry
from model_wrappers import MODELS
from model_wrappers.checkpoints import BUNDLED
from model_wrappers.families import family_named


def list_models(as_json: Json = False) -> None:
    """Print every model, its input and what was verified; as JSON with its options too."""
    print_rows([row | _verified(row["name"]) for row in rows_of(MODELS, "inputs")], as_json=as_json)
    if not as_json:
        notes().print("To list a model's options: jumpscore models options NAME", style="dim")
        shipped = ", ".join(BUNDLED)
        notes().print(f"Bundled checkpoints for model.checkpoint=...: {shipped}", style="dim")


def _verified(name: str) -> dict[str, str]:
    """Return with whose code a baseline was compared, and what was equal."""
    family = family_named(name)
    return {"verified": "" if family is None else family.verified}


def rows_of(registry: Registry[Any], fact: str) -> list[dict[str, Any]]:
    """Return name, one fact, options and first line of every class of a registry."""
    rows: list[dict[str, Any]] = []
    for name in registry.names():
        loaded = _load(registry, name)
        if isinstance(loaded, str):
            rows.append({"name": name, fact: [], "options": [], "about": loaded})
            continue
        options = [f"{registry.kind}.{key}" for key in loaded.Options.model_fields]
        values = getattr(loaded, fact)
        if isinstance(values, property):  # a headline that depends on the data
            values = loaded.headlines
        facts = {fact: list(values), "options": options}
        about, _, _ = (inspect.getdoc(loaded) or "").partition("\n")
        rows.append({"name": name, **facts, "about": about.replace("``", "")})
    return rows


def _load(registry: Registry[Any], name: str) -> Any:
    """Return the class, or why it cannot be loaded; one broken plug-in does not hide the rest."""
    try:
        return registry.get(name)
    except UsageError as error:
        return str(error)


def print_rows(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print rows as a table, or as JSON."""
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
