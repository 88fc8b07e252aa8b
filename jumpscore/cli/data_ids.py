"""``jumpscore data ids`` and ``jumpscore data template``: which ids an answers file needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from evaluators.rows import RowTask
from jumpscore.cli.console import output, print_json
from jumpscore.cli.data import JUMP_TASKS, task_of_name
from jumpscore.cli.datasets import locate
from jumpscore.errors import UsageError
from jumpscore.harness.factory import make_task
from jumpscore.jsonio import write_text


def list_ids(data: str, *, task: str | None, root: Path | None, as_json: bool) -> None:
    """Print the ids of a data set, one per line, in the order of its rows.

    Args:
        data: Folder or name.
        task: Task that asks about it; by default the one that its name belongs to, or JumpScore.
        root: The data root.
        as_json: Print a JSON list.
    """
    ids = [name for name, _ in _samples(data, task, root)]
    if as_json:
        print_json(ids)
        return
    for name in ids:
        output().print(name, soft_wrap=True)


def write_template(data: str, out: Path, *, task: str | None, root: Path | None) -> None:
    """Write an answers file with every id of a data set, and null for the answers to fill in.

    Raises:
        UsageError: The file exists already.
    """
    if out.exists():
        raise UsageError(f"{out}: exists already, perhaps with answers; choose another --out")
    lines = [
        json.dumps({"id": name, "text": None, "file": file}) + "\n"
        for name, file in _samples(data, task, root)
    ]
    write_text(out, "".join(lines))
    about = task or task_of_name(data) or JUMP_TASKS[0]
    chosen = "" if about == JUMP_TASKS[0] else f" --task {about}"
    output().print(
        f"{out}: {len(lines)} ids; replace every null with the model's answer, then score it with "
        f"jumpscore score {out} --data {data}{chosen}",
        soft_wrap=True,
    )


def _samples(data: str, task: str | None, root: Path | None) -> Iterator[tuple[str, str | None]]:
    """Yield (id, first file) of every sample, without opening any video."""
    about = task or task_of_name(data) or JUMP_TASKS[0]
    if about == "lmms":
        raise UsageError(
            f"{data}: is a benchmark of lmms-eval; its ids are the document numbers from 0 on"
        )
    options: dict[str, Any] = {"data": str(locate(data, root=root))}
    with closing(make_task(about, options)) as made:
        if isinstance(made, RowTask):
            for row in made.rows:
                yield row.id, next(iter(row.files()), None)
            return
        for sample in made.load():  # a task of another package
            media = sample.question.media
            yield sample.question.id, str(media[0].path) if media else None
