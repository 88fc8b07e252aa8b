"""``jumpscore data fetch``: the one step that needs a network."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from jumpscore.cli.console import notes, output, tell_files
from jumpscore.cli.datasets import PUBLISHED, chosen_root, data_root
from jumpscore.errors import UsageError, nearest_names

LMMS = "lmms"


def fetch_named(
    name: str,
    *,
    task: str | None,
    root: Path | None,
    revision: str | None,
    source: Path | None,
    python: str | None,
    include_path: Path | None,
) -> bool:
    """Bring a data set here and say what came; return whether files of it are missing.

    A name is that of a published set of ours before it is one of lmms-eval's; ``task`` says which.
    """
    from evaluators.lmms.benchmarks import BY_TASK
    from evaluators.published import published_sets

    published = published_sets()
    ours = name == PUBLISHED or name in published
    if task is None and include_path is not None:
        task = LMMS
    if task == LMMS or (task is None and not ours and name in BY_TASK):
        if revision is not None or source is not None:
            raise UsageError(
                f"{name}: lmms-eval chooses the revision and loads it itself; leave out "
                f"{'--revision' if revision is not None else '--source'}"
            )
        return _fetch_benchmark(name, root, python, include_path)
    if python is not None or include_path is not None:
        raise UsageError(f"{name}: --python and --include-path are lmms-eval's: add --task lmms")
    if not ours:
        raise _unknown(name)
    of = "jumpscore" if name == PUBLISHED else published[name].task
    if task is not None and task != of:
        raise UsageError(f"{name}: is a set of task {of}, not {task}; leave out --task")
    _fetch_published(name, root, revision, source)
    if name in BY_TASK:
        told = f"lmms-eval has a benchmark of this name too: --task {LMMS} brings that one"
        notes().print(told, style="dim", soft_wrap=True)
    return False


def _unknown(name: str) -> UsageError:
    """Return what to say of a name that nothing has: the sets of a task, or the nearest names."""
    from evaluators import TASKS
    from evaluators.lmms.benchmarks import BY_TASK, in_the_paper
    from evaluators.published import published_sets
    from jumpscore.builder.frozen import FROZEN
    from jumpscore.builder.small_sets import MINIS

    published = published_sets()
    if name in FROZEN or name in MINIS:
        return UsageError(f"{name}: is rendered on first use, without a network; just name it")
    if name in TASKS.names():
        sets = [found.name for found in published.values() if found.task == name]
        sets += [PUBLISHED] if name.startswith("jumpscore") else []
        sets += BY_TASK if name == LMMS else []
        more = "; or any other task of lmms-eval with --task lmms" if name == LMMS else ""
        return UsageError(f"{name!r} is a task; fetch one of its sets: {', '.join(sets)}{more}")
    near = nearest_names(name, [PUBLISHED, *published, *BY_TASK])
    if not near and (known := in_the_paper(name)) is not None:
        near = f"; did you mean {known.task!r}?"
    return UsageError(
        f"no published data set {name!r}{near or '.'} 'jumpscore data list' lists them; with "
        "--task lmms, any task of lmms-eval can be fetched"
    )


def _fetch_published(
    name: str, root: Path | None, revision: str | None, source: Path | None
) -> None:
    from evaluators.published import published_sets
    from jumpscore.data.fetch import fetch
    from jumpscore.data.published import fetch_set, origin_of

    place = data_root(root)
    if name == PUBLISHED:
        if source is not None:
            raise UsageError(
                f"{source}: the published JumpScore set needs no --source; use its folder as "
                "task.data"
            )
        fetched = fetch(place / name, revision=revision)
        came, where = f"{fetched.rows} rows, {fetched.videos} videos", fetched.revision
        use = f"task.data={name}"
    else:
        chosen = published_sets()[name]
        folder = fetch_set(chosen, place, revision=revision, source=source)
        origin = origin_of(folder)
        came, where = chosen.title, str(origin.get("revision") or origin.get("source"))
        use = f"task={chosen.task} task.data={name}"
    notes().print(f"from {where}", style="dim", soft_wrap=True)
    output().print(f"{place / name}: {came}; use it with {use}", soft_wrap=True)


def _fetch_benchmark(
    name: str, root: Path | None, python: str | None, include_path: Path | None
) -> bool:
    """Have lmms-eval download a benchmark, and say what is here."""
    from evaluators.lmms.fetching import fetch_benchmark
    from jumpscore.report.text import plural

    # Where a run looks under the same options.
    chosen = chosen_root(root)
    lacking = False
    for found in fetch_benchmark(
        name,
        root=chosen,
        python=python,
        include_path=include_path,
        on_found=lambda task: notes().print(f"{task}: lmms-eval loads it", style="dim"),
    ):
        words = [f"task={LMMS}", f"task.benchmark={found.name}"]
        words += [f"task.include_path={include_path}"] if include_path is not None else []
        words += [f"task.python={python}"] if python is not None else []
        words += ["--data-root", str(root)] if root is not None else []
        notes().print(f"from {found.source}", style="dim", soft_wrap=True)
        count = len(found.missing)
        output().print(
            f"{found.folder}: {found.name}, {found.documents} documents, "
            f"{plural(count, 'file') if count else 'no file'} missing; use it with "
            f"{shlex.join(words)}",
            soft_wrap=True,
        )
        if found.missing:
            lacking = True
            tell_files(found.missing, _how_to_complete(found.unpacked()))
    return lacking


def _how_to_complete(folders: Sequence[Path]) -> str:
    if not folders:
        return "look at what lmms-eval says of this benchmark: its files may need other ways"
    listed = ", ".join(map(str, folders))
    return f"lmms-eval unpacks into new folders only: to load again, delete {listed} first"
