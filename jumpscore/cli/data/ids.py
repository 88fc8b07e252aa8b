"""``jumpscore data ids``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Annotated

import typer

from evaluators.rows import RowTask
from jumpscore.cli.console import output, print_json, rendering
from jumpscore.cli.data.info import task_of
from jumpscore.cli.options import DataSetOptions, Json
from jumpscore.data.catalogue import locate
from jumpscore.errors import UsageError
from jumpscore.harness.factory import make_task


def list_ids(
    data: Annotated[str, typer.Argument(help="A folder, or a name from 'jumpscore data list'.")],
    where: DataSetOptions = DataSetOptions(),
    as_json: Json = False,
) -> None:
    """Print the ids of a data set, one per line, in the order of its rows."""
    ids = [name for name, _ in ids_and_files(data, where)]
    if as_json:
        print_json(ids)
        return
    for name in ids:
        output().print(name, soft_wrap=True)


def ids_and_files(data: str, where: DataSetOptions) -> Iterator[tuple[str, str | None]]:
    """Yield (id, first file) of every sample, without opening any video."""
    task = task_of(data, where)
    if task == "lmms":
        raise UsageError(
            f"{data} is a benchmark of lmms-eval; its ids are the document numbers, from 0"
        )
    with rendering() as how:
        folder = locate(data, where.data_root, how)
    with closing(make_task(task, {"data": str(folder)})) as reader:
        if isinstance(reader, RowTask):
            for row in reader.rows:
                yield row.id, next(iter(row.files()), None)
            return
        for sample in reader.load():  # a task of another package
            media = sample.question.media
            yield sample.question.id, str(media[0].path) if media else None
