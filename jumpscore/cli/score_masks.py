"""``jumpscore score-masks``: compare folders of PNGs, as DAVIS does."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from jumpscore.cli.console import output, print_json
from jumpscore.cli.options import Json

MOST_SHOWN = 100
"""Objects printed one by one; --json prints all."""


def score_mask_folders(
    prediction: Annotated[
        Path, typer.Argument(help="Folder that contains a folder of PNGs per video.")
    ],
    truth: Annotated[
        Path, typer.Argument(help="The same for the truth, or a data set with Annotations/.")
    ],
    as_json: Json = False,
) -> None:
    """Print J, F, their recall and decay, per object and overall."""
    from evaluators.tracking.folders import METRICS, score_folders
    from jumpscore.report.tables import interval, value_of

    scores = score_folders(prediction, truth)
    if as_json:
        print_json(
            {
                "overall": {name: asdict(value) for name, value in scores.overall.items()},
                "objects": {score.id: dict(score.values) for score in scores.objects},
                "notes": dict(scores.notes),
            }
        )
        return
    sequences = len({score.cluster for score in scores.objects})
    table = Table(
        title=f"{prediction}: {len(scores.objects)} objects in {sequences} sequences, %",
        title_justify="left",
        caption="95% intervals resample sequences; the first and last frame of each do not count",
        caption_justify="left",
    )
    table.add_column("object", style="bold", no_wrap=True)
    for metric in METRICS:
        table.add_column(metric.name, justify="right")
    for score in scores.objects[:MOST_SHOWN]:
        table.add_row(score.id, *(value_of(score.values[m.name], m) for m in METRICS))
    if len(scores.objects) > MOST_SHOWN:
        table.add_row(f"and {len(scores.objects) - MOST_SHOWN} more")
    table.add_section()
    table.add_row("mean", *(value_of(scores.overall[m.name].mean, m) for m in METRICS))
    table.add_row("", *(interval(scores.overall[m.name], m) for m in METRICS))
    output().print(table)
    for note, count in scores.notes.items():
        output().print(f"note: {count} {note}", style="dim", soft_wrap=True)
