"""``jumpscore data fetch``: the one step that needs a network."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from evaluators import TASKS
from evaluators.lmms.benchmarks import BY_TASK, in_the_paper
from evaluators.lmms.fetching import fetch_benchmark
from jumpscore.cli.console import note_missing_files, notes, output
from jumpscore.cli.options import DataSetOptions
from jumpscore.data.catalogue import PUBLISHED, chosen_root, data_root, data_sets
from jumpscore.data.published import PublishedSet, origin_of
from jumpscore.errors import UsageError, nearest_names
from jumpscore.report.text import plural

LMMS = "lmms"


@dataclass(frozen=True, slots=True)
class LmmsOptions:
    """How lmms-eval finds a benchmark."""

    python: Annotated[
        str | None, typer.Option(help="Interpreter that has lmms-eval; default: this one.")
    ] = None
    include_path: Annotated[
        Path | None, typer.Option(help="Folder of external tasks of lmms-eval.")
    ] = None


def fetch_named(
    name: Annotated[
        str, typer.Argument(help="A name from 'jumpscore data list', or a benchmark of lmms-eval.")
    ] = PUBLISHED.name,
    where: DataSetOptions = DataSetOptions(),
    revision: Annotated[
        str | None,
        typer.Option(
            help="Commit of the data set; default: that of an earlier fetch (fetch.json), else the "
            "one in our table, else the newest."
        ),
    ] = None,
    source: Annotated[
        Path | None, typer.Option(help="Folder with the published files; needs no network.")
    ] = None,
    lmms: LmmsOptions = LmmsOptions(),
) -> bool:
    """Fetch a data set and describe it; return whether files of it are missing.

    Our own published sets come first; ``--task lmms`` chooses lmms-eval's benchmark of that name.
    """
    task = where.task
    row = data_sets().get(name)
    if task is None and lmms.include_path is not None:
        task = LMMS
    is_published = isinstance(row, PublishedSet)
    if task == LMMS or (task is None and not is_published and name in BY_TASK):
        if revision is not None or source is not None:
            raise UsageError(
                f"{name}: lmms-eval chooses the revision and loads it itself; leave out "
                f"{'--revision' if revision is not None else '--source'}"
            )
        return _fetch_benchmark(name, where.data_root, lmms)
    if lmms != LmmsOptions():
        raise UsageError(f"{name}: --python and --include-path need --task lmms")
    if not isinstance(row, PublishedSet):
        raise _unknown(name)
    if task not in (None, row.task):
        raise UsageError(f"{name} is a data set of task {row.task}, not {task}; leave out --task")
    folder = row.fetch_into(data_root(where.data_root), revision=revision, source=source)
    origin = origin_of(folder)
    notes().print(f"from {origin.get('revision') or origin.get('source')}", style="dim")
    word = "" if row.task == PUBLISHED.task else f"task={row.task} "
    output().print(f"{folder}: {row.title}; use it with {word}task.data={name}", soft_wrap=True)
    if name in BY_TASK:
        message = f"lmms-eval has a benchmark of this name too; --task {LMMS} fetches that one"
        notes().print(message, style="dim", soft_wrap=True)
    return False


def _unknown(name: str) -> UsageError:
    """Return the error for a name that cannot be fetched: a task's data sets, or nearest names."""
    rows = data_sets()
    if name in rows:
        return UsageError(f"{name} is rendered on first use and needs no network; just use it")
    published = [row for row in rows.values() if isinstance(row, PublishedSet)]
    if name in TASKS.names():
        names = [row.name for row in published if name.startswith(row.task)]
        names += BY_TASK if name == LMMS else []
        more = "; or any other task of lmms-eval with --task lmms" if name == LMMS else ""
        return UsageError(f"{name!r} is a task; fetch one of its sets: {', '.join(names)}{more}")
    near = nearest_names(name, [*(row.name for row in published), *BY_TASK])
    if not near and (known := in_the_paper(name)) is not None:
        near = f"; did you mean {known.task!r}?"
    return UsageError(
        f"no published data set {name!r}{near or '.'} 'jumpscore data list' lists them; with "
        "--task lmms, any task of lmms-eval can be fetched"
    )


def _fetch_benchmark(name: str, root: Path | None, lmms: LmmsOptions) -> bool:
    """Have lmms-eval download a benchmark, and report what is missing."""
    is_incomplete = False
    for benchmark in fetch_benchmark(
        name,
        root=chosen_root(root),  # the folder that a run with the same options uses
        python=lmms.python,
        include_path=lmms.include_path,
        on_found=lambda task: notes().print(f"{task}: lmms-eval loads it", style="dim"),
    ):
        words = [f"task={LMMS}", f"task.benchmark={benchmark.name}"]
        words += [f"task.include_path={lmms.include_path}"] if lmms.include_path else []
        words += [f"task.python={lmms.python}"] if lmms.python else []
        words += ["--data-root", str(root)] if root is not None else []
        notes().print(f"from {benchmark.source}", style="dim", soft_wrap=True)
        count = len(benchmark.missing)
        output().print(
            f"{benchmark.folder}: {benchmark.name}, {benchmark.documents} documents, "
            f"{plural(count, 'file') if count else 'no file'} missing; use it with "
            f"{shlex.join(words)}",
            soft_wrap=True,
        )
        if benchmark.missing:
            is_incomplete = True
            note_missing_files(benchmark.missing, _how_to_complete(benchmark.unpacked()))
    return is_incomplete


def _how_to_complete(folders: Sequence[Path]) -> str:
    if not folders:
        return "read lmms-eval's notes on this benchmark: its files may come another way"
    listed = ", ".join(map(str, folders))
    return f"lmms-eval unpacks into new folders only: to load again, delete {listed} first"
