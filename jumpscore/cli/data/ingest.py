"""``jumpscore data ingest``."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from jumpscore.builder.ingest.examine import PRIVATE
from jumpscore.builder.ingest.ingest import IngestOptions, ingest_set, ingest_videos
from jumpscore.builder.ingest.intake import NEAR, IngestReport
from jumpscore.builder.ingest.marks import ImportedMarks
from jumpscore.builder.ingest.provenance import Provenance
from jumpscore.cli.console import late_progress, notes, output, print_json
from jumpscore.cli.options import Json
from jumpscore.data.events import event_definition
from jumpscore.errors import UsageError
from jumpscore.report.text import plural


@dataclass(frozen=True, slots=True)
class Statement:
    """What the user states about the videos."""

    licence: Annotated[
        str, typer.Option(help="Licence of the videos, such as CC-BY-4.0 or 'consent of club X'.")
    ] = ""
    source: Annotated[
        str, typer.Option(help="Origin of the videos; videos of one source stay in one split.")
    ] = ""
    table: Annotated[
        Path | None,
        typer.Option(help="CSV with the columns file, licence, source, and maybe label, group."),
    ] = None
    event: Annotated[
        str | None,
        typer.Option(help="What is marked: jump_rope (default), repetition or a .json file."),
    ] = None

    def options(self, *, re_encode: bool) -> IngestOptions:
        """Return the options in the types of the builder.

        Raises:
            UsageError: The event is unknown.
        """
        event = None if self.event is None else event_definition(self.event)
        provenance = Provenance(self.licence.strip(), self.source.strip())
        return IngestOptions(provenance, self.table, event, re_encode)


def ingest_files(
    paths: Annotated[
        list[Path], typer.Argument(help="Folders and video files; or a data set, with --annotator.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the project, new or existing.")],
    statement: Statement = Statement(),
    normalise: Annotated[
        bool,
        typer.Option(
            "--normalise", help="Store H.264 in mp4, upright, without sound, tags and places."
        ),
    ] = False,
    annotator: Annotated[
        str | None, typer.Option(help="Import the marks of a data set under this name.")
    ] = None,
    as_json: Json = False,
) -> bool:
    """Create a project from videos, or add to one: check each, recognise copies, store it."""
    options = statement.options(re_encode=normalise)
    imported: list[ImportedMarks] = []
    with late_progress("ingesting", "videos") as advance:
        if annotator is None:
            report = ingest_videos(paths, out, options=options, on_progress=advance)
        elif len(paths) == 1:
            report, imported = ingest_set(
                paths[0], out, annotator, options=options, on_progress=advance
            )
        else:
            raise UsageError("--annotator imports one data set; name its folder alone")
    if as_json:
        print_json(_as_json(report, imported))
    else:
        _print(out, report, imported)
    return not (report.taken or report.present)


def _as_json(report: IngestReport, imported: list[ImportedMarks]) -> dict[str, Any]:
    return {
        "taken": {name: asdict(video) for name, video in report.taken.items()},
        "present": {name: video.id for name, video in report.present.items()},
        "corrected": {name: video.id for name, video in report.corrected.items()},
        "rejected": [asdict(rejection) for rejection in report.rejected],
        "other_files": report.others,
        "imported": [asdict(marks) for marks in imported],
    }


def _print(out: Path, report: IngestReport, imported: list[ImportedMarks]) -> None:
    console = output()
    if report.taken:
        table = Table(title=f"new in {out}", title_justify="left")
        for column in ("file", "id", "length", "frames", "size", "fps", "codec", "notes"):
            right = column in ("length", "frames")
            table.add_column(column, justify="right" if right else "left", overflow="fold")
        for name, video in report.taken.items():
            facts = (f"{video.duration:.1f} s", str(video.frames), f"{video.width}x{video.height}")
            rest = (f"{video.fps:.3g}", video.codec, "; ".join(video.notes))
            table.add_row(name, video.id, *facts, *rest)
        console.print(table)
    if report.rejected:
        table = Table(title="rejected", title_justify="left")
        for column in ("file", "reason"):
            table.add_column(column, overflow="fold")
        for rejection in report.rejected:
            table.add_row(rejection.file, rejection.reason)
        console.print(table)
    _print_marks(imported)
    console.print(_summary(out, report, imported), soft_wrap=True)
    for note in _warnings(report):
        notes().print(note, style="yellow", soft_wrap=True)
    if report.taken and not imported:
        console.print(f"next: jumpscore data propose {shlex.quote(str(out))}", soft_wrap=True)


def _print_marks(imported: list[ImportedMarks]) -> None:
    for marks in imported:
        if marks.problem is not None:
            notes().print(
                f"{marks.video}: marks not imported: {marks.problem}",
                style="yellow",
                soft_wrap=True,
            )


def _summary(out: Path, report: IngestReport, imported: list[ImportedMarks]) -> str:
    parts = [
        plural(len(report.taken), "new video"),
        f"{len(report.present)} already there",
        f"{len(report.rejected)} rejected{' (rejected.jsonl)' if report.rejected else ''}",
    ]
    if report.corrected:
        parts.insert(2, f"{len(report.corrected)} corrected by the table")
    if report.others:
        parts.append(f"{plural(report.others, 'other file')} ignored")
    if imported:
        marks = sum(one.marks for one in imported)
        largest = max(one.difference for one in imported)
        parts.append(
            f"{plural(marks, 'mark')} imported, at most {largest * 1000:.0f} ms from a frame"
        )
    return f"{out}: {', '.join(parts)}"


def _warnings(report: IngestReport) -> list[str]:
    """Return what somebody should do about the new videos."""
    videos = report.taken.values()
    warnings = []
    private = sum(any(note.startswith(PRIVATE) for note in video.notes) for video in videos)
    if private:
        warnings.append(
            f"{plural(private, 'new video')} with positions or places in the file; before you "
            "publish, ingest the originals into another project with --normalise"
        )
    near = sum(any(note.startswith(NEAR) for note in video.notes) for video in videos)
    if near:
        warnings.append(
            f"{plural(near, 'near duplicate')}: each is in the group of the video it resembles, "
            "so both get into the same split"
        )
    return warnings
