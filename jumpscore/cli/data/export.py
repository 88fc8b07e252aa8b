"""``jumpscore data export``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from jumpscore.builder.exports.export import export_data
from jumpscore.builder.exports.formats import FORMATS, export_format
from jumpscore.cli.console import late_progress, output, print_json, rendering
from jumpscore.cli.options import DataRoot, Json
from jumpscore.data.catalogue import locate
from jumpscore.data.versions import splits_of
from jumpscore.report.text import plural

FORMAT_NAMES = ", ".join(row.name for row in FORMATS)


def export_files(
    data: Annotated[
        str, typer.Argument(help="Folder of a data set or of a version, or a name such as mini.")
    ],
    out: Annotated[Path, typer.Option(help="New folder.")],
    form: Annotated[str, typer.Option("--format", help=f"One of {FORMAT_NAMES}.")] = "hub",
    videos: Annotated[bool, typer.Option(help="Include the videos.")] = True,
    data_root: DataRoot = None,
    as_json: Json = False,
) -> None:
    """Write a data set or a version in the format of another tool."""
    chosen = export_format(form)
    folder = Path(data)
    if not splits_of(folder):
        with rendering() as how:
            folder = locate(data, data_root, how)
    with late_progress("exporting", "videos") as advance:
        exported = export_data(folder, out, chosen, videos=videos, on_progress=advance)
    if as_json:
        print_json(asdict(exported))
        return
    output().print(
        f"{out}: {plural(exported.videos, 'video')}, {plural(exported.events, 'event')} as "
        f"{chosen.title}",
        soft_wrap=True,
    )
    for note in exported.notes:
        output().print(f"note: {note}", style="yellow", soft_wrap=True)
