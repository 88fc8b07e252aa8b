"""``jumpscore data template``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from jumpscore.cli.console import output
from jumpscore.cli.data.ids import ids_and_files
from jumpscore.cli.data.info import JUMP_TASKS, task_of
from jumpscore.cli.options import DataSetOptions
from jumpscore.errors import UsageError
from jumpscore.jsonio import write_text


def write_template(
    data: Annotated[str, typer.Argument(help="A folder, or a name from 'jumpscore data list'.")],
    out: Annotated[Path, typer.Option(help="File to write, such as answers.jsonl.")],
    where: DataSetOptions = DataSetOptions(),
) -> None:
    """Write an answers file with every id of a data set, and null for the answers to fill in.

    Raises:
        UsageError: The file exists already.
    """
    if out.exists():
        raise UsageError(f"{out} exists already, perhaps with answers; choose another --out")
    lines = [
        json.dumps({"id": name, "text": None, "file": file}) + "\n"
        for name, file in ids_and_files(data, where)
    ]
    write_text(out, "".join(lines))
    task = task_of(data, where)
    option = "" if task == JUMP_TASKS[0] else f" --task {task}"
    output().print(
        f"{out}: {len(lines)} ids; replace every null with the model's answer, then score it with "
        f"jumpscore score {out} --data {data}{option}",
        soft_wrap=True,
    )
