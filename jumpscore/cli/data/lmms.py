"""``jumpscore data lmms``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jumpscore.cli.console import output, rendering
from jumpscore.cli.options import DataSetOptions
from jumpscore.conf.settings import parsed
from jumpscore.data.catalogue import data_set, locate
from jumpscore.errors import UsageError
from jumpscore.harness.factory import make_task
from jumpscore.lmms.export import export_task


def export_set(
    data: Annotated[str, typer.Argument(help="A name from 'jumpscore data list', or a folder.")],
    out: Annotated[Path, typer.Option(help="Folder for lmms-eval's --include_path.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Options of the task, such as convention=pixel.")
    ] = None,
    where: DataSetOptions = DataSetOptions(),
) -> None:
    """Write a task for lmms-eval that uses a data set, and print how to run it."""
    options = dict(map(parsed, overrides or []))
    row = data_set(data)
    task = where.task or (row.task if row else None)
    if task == "lmms":
        raise UsageError(f"{data} is already a benchmark of lmms-eval; export a set of ours")
    with rendering() as how:
        folder = locate(data, where.data_root, how).resolve()
    if task is None:
        raise UsageError(
            f"{data} is a folder; choose the task that reads it, such as --task spatial"
        )
    # Named as it was asked for; the manifest of a rendered set may use another name.
    name, count = export_task(
        make_task(task, {**options, "data": str(folder)}), out, name=data if row else None
    )
    output().print(
        f"{name}: {count} documents of task {task}; use it with lmms-eval --include_path {out} "
        f"--tasks {name}",
        soft_wrap=True,
    )
