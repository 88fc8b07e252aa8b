"""``jumpscore data propose``."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from jumpscore.builder.project import Project
from jumpscore.builder.proposals import Proposals
from jumpscore.builder.propose import ProposeReport, propose
from jumpscore.cli.console import late_progress, output, print_json
from jumpscore.cli.options import Json, Overrides
from jumpscore.harness import run_config
from jumpscore.harness.compose import compose
from jumpscore.report.text import plural


def propose_times(
    project: Annotated[Path, typer.Argument(help="Folder of the project.")],
    overrides: Overrides = None,
    videos: Annotated[
        list[str] | None, typer.Option(help="Id of a video; default: all; repeatable.")
    ] = None,
    as_json: Json = False,
) -> bool:
    """Ask a model (default: motion) for candidate times, which people accept or correct."""
    opened = Project.open(project)
    config = run_config(compose(overrides or []))
    with late_progress("proposing", "videos") as advance:
        report = propose(opened, config, videos=videos or (), on_progress=advance)
    if as_json:
        print_json(asdict(report))
    else:
        _print(opened, report)
    return bool(report.failed)


def _print(project: Project, report: ProposeReport) -> None:
    console, names = output(), {video.id: video.name for video in project.videos()}
    if report.proposed:
        table = Table(title=f"candidates in {project.root}", title_justify="left")
        for column in ("file", "id", "candidates", "confidence", "notes"):
            right = column in ("candidates", "confidence")
            table.add_column(column, justify="right" if right else "left", overflow="fold")
        for video, proposals in report.proposed.items():
            count = str(len(proposals.candidates))
            table.add_row(names[video], video, count, _confidence(proposals), _notes(proposals))
        console.print(table)
    if report.failed:
        table = Table(title="failed", title_justify="left")
        for column in ("file", "id", "reason"):
            table.add_column(column, overflow="fold")
        for video, reason in report.failed.items():
            table.add_row(names[video], video, reason)
        console.print(table)
    total = sum(len(one.candidates) for one in (report.proposed | report.present).values())
    console.print(
        f"{project.root}: {plural(total, 'candidate')}; {plural(len(report.proposed), 'video')} "
        f"asked, {len(report.present)} done before, {len(report.failed)} failed",
        soft_wrap=True,
    )
    folder = shlex.quote(str(project.root))
    console.print(f"next: jumpscore data annotate {folder} --annotator NAME", soft_wrap=True)


def _confidence(proposals: Proposals) -> str:
    """Return the lowest and the highest confidence, or nothing if the model has none."""
    values = [c.confidence for c in proposals.candidates if c.confidence is not None]
    return f"{min(values):.2f} to {max(values):.2f}" if values else ""


def _notes(proposals: Proposals) -> str:
    notes = []
    if proposals.status == "partial":
        notes.append("the answer was cut off")
    if proposals.outside:
        notes.append(f"{plural(proposals.outside, 'time')} outside of the video")
    return "; ".join(notes)
