"""``jumpscore data freeze``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jumpscore.builder.release.freeze import FreezeOptions, freeze_project
from jumpscore.cli.console import late_progress, output, print_json
from jumpscore.cli.options import Json
from jumpscore.errors import UsageError
from jumpscore.report.text import plural


def freeze_set(
    project: Annotated[Path, typer.Argument(help="Folder of a project.")],
    split: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=SHARE, such as test=0.8; repeatable. Default: as before, or test=1."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the splits.")] = 0,
    leave_out_unfinished: Annotated[
        bool, typer.Option(help="Leave out videos whose marks are not final.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Freeze the final marks of a project as a version, and print its folder."""
    options = FreezeOptions(
        _shares(split or ()), seed=seed, leave_out_unfinished=leave_out_unfinished
    )
    with late_progress("freezing", "videos") as advance:
        version = freeze_project(project, options, on_progress=advance)
    if as_json:
        print_json(
            {
                "folder": str(version.folder),
                "version": version.record.number,
                "is_new": version.is_new,
                "splits": dict(version.splits),
                "events": version.events,
                "left_out": version.record.left_out,
                "changes": version.changes,
                "notes": list(version.record.notes),
            }
        )
        return
    number = version.record.number
    if not version.is_new:
        output().print(f"nothing has changed since version {number}: {version.folder}")
        return
    videos = sum(version.splits.values())
    output().print(
        f"{version.folder}: version {number}, {plural(videos, 'video')}, "
        f"{plural(version.events, 'event')}; {version.changes}",
        soft_wrap=True,
    )
    if version.record.left_out:
        output().print(f"left out, not final: {plural(version.record.left_out, 'video')}")
    for note in version.record.notes:
        output().print(f"note: {note}", style="yellow", soft_wrap=True)
    for name, count in version.splits.items():
        path = version.folder / name
        output().print(
            f"{name}: {plural(count, 'video')}; jumpscore run task.data={path}", soft_wrap=True
        )


def _shares(words: list[str] | tuple[str, ...]) -> dict[str, float]:
    """Return the shares of splits from words such as ``test=0.8``.

    Raises:
        UsageError: A word is malformed, or a name occurs twice.
    """
    shares: dict[str, float] = {}
    for word in words:
        name, _, text = word.partition("=")
        try:
            share = float(text)
        except ValueError:
            raise UsageError(
                f"--split {word!r:.80} is not NAME=SHARE; write --split test=0.8 --split train=0.2"
            ) from None
        if name in shares:
            raise UsageError(f"--split {name} occurs twice; choose one share")
        shares[name] = share
    return shares
