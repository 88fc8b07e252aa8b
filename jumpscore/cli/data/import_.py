"""``jumpscore data import``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from jumpscore.builder.imports.clocks import ClockOptions
from jumpscore.builder.imports.formats import FORMATS
from jumpscore.builder.imports.importer import ImportedVideo, ImportOptions, import_set
from jumpscore.builder.imports.rates import parse_rate
from jumpscore.cli.console import late_progress, output, print_json
from jumpscore.cli.options import Json
from jumpscore.data.events import event_definition
from jumpscore.errors import UsageError
from jumpscore.report.text import plural

FORMAT_NAMES = ", ".join(row.name for row in FORMATS)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which marks to import, and what the user states about their clock."""

    format: Annotated[
        str | None, typer.Option(help=f"Default: by content. One of {FORMAT_NAMES}.")
    ] = None
    event: Annotated[
        str, typer.Option(help="What is marked: jump_rope, repetition or a .json file.")
    ] = "jump_rope"
    label: Annotated[
        list[str] | None, typer.Option(help="Label of the marks to import; repeatable.")
    ] = None
    recording: Annotated[
        list[str] | None, typer.Option(help="Recording to import; default: all; repeatable.")
    ] = None
    fps: Annotated[
        str | None, typer.Option(help="Frames per second that the tool counted: 25, 30000/1001.")
    ] = None
    frame_base: Annotated[
        int | None, typer.Option(min=0, max=1, help="Number of the first frame.")
    ] = None
    shift: Annotated[float, typer.Option(help="Seconds to add to every mark.")] = 0.0

    def options(self) -> ImportOptions:
        """Return the options in the types of the importer.

        Raises:
            UsageError: A rate, an event or a shift is invalid.
        """
        if not abs(self.shift) < 86_400:
            raise UsageError(f"--shift is {self.shift} s; it must be less than a day")
        rate = None if self.fps is None else parse_rate(self.fps)
        return ImportOptions(
            self.format,
            event_definition(self.event),
            self.label or (),
            self.recording or (),
            ClockOptions(rate, self.frame_base, self.shift),
        )


def import_files(
    files: Annotated[list[Path], typer.Argument(help="Annotation files.")],
    out: Annotated[Path, typer.Option(help="New folder for the data set.")],
    videos: Annotated[
        Path | None, typer.Option(help="Folder to search for the videos, with its folders.")
    ] = None,
    choice: Choice = Choice(),
    as_json: Json = False,
) -> None:
    """Write a data set from annotation files of other tools, and print how their clocks fit."""
    with late_progress("importing", "videos") as advance:
        imported = import_set(
            files, out, videos=videos, options=choice.options(), on_progress=advance
        )
    if as_json:
        print_json([_as_json(video) for video in imported])
        return
    table = Table(title=str(out), title_justify="left")
    for column in ("id", "events", "format", "largest difference", "notes"):
        table.add_column(column, justify="right" if column == "events" else "left")
    for video in imported:
        difference = f"{video.difference * 1000:.1f} ms"
        cells = (video.id, str(video.events), video.format, difference, "; ".join(video.notes))
        table.add_row(*cells)
    output().print(table)
    for name, clock in sorted({(video.format, video.clock) for video in imported}):
        output().print(f"clock of {name}: {clock}", soft_wrap=True)
    events = sum(video.events for video in imported)
    output().print(
        f"{out}: {plural(len(imported), 'video')}, {plural(events, 'event')}; run a model on it "
        f"with jumpscore run task.data={out}",
        soft_wrap=True,
    )


def _as_json(video: ImportedVideo) -> dict[str, Any]:
    paths = {"file": str(video.file), "video": str(video.video)}
    return asdict(video) | paths
