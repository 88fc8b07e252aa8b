"""``jumpscore data list``."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from jumpscore.cli.console import notes, output, print_json
from jumpscore.cli.options import DataRoot, Json
from jumpscore.data import catalogue


def list_sets(data_root: DataRoot = None, as_json: Json = False) -> None:
    """Print every named data set and whether it is on this machine."""
    root = catalogue.data_root(data_root)
    rows = [
        {"name": row.name, "task": row.task, "state": _state(row, root), "title": row.title}
        for row in catalogue.data_sets().values()
    ]
    if as_json:
        print_json(rows)
        return
    table = Table(title=f"data root: {root}", title_justify="left")
    for column in ("name", "task", "state", "title"):
        table.add_column(column, no_wrap=column == "name")
    for cells in rows:
        table.add_row(*cells.values())
    output().print(table)
    notes().print(
        "Rendered sets are made on first use; 'jumpscore data fetch NAME' downloads the others, "
        "and the benchmarks of lmms-eval that 'jumpscore tasks' lists, such as videomme. Any other "
        "benchmark of lmms-eval: add --task lmms.",
        style="dim",
        soft_wrap=True,
    )


def _state(row: catalogue.DataSet, root: Path) -> str:
    if row.is_here(root):
        return "here"
    return "to be fetched" if row.kind == "published" else "made on first use"
