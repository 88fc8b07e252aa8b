"""``jumpscore power``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from jumpscore.cli.compare import read_either
from jumpscore.cli.console import output, print_json
from jumpscore.cli.options import Json
from jumpscore.errors import UsageError

SIZES = (20, 40, 80, 160, 300, 1000)
"""Numbers of videos of the table."""


def print_power(
    runs: Annotated[list[Path], typer.Argument(help="Pilot runs on the same data, or one.")],
    videos: Annotated[
        int | None, typer.Option(min=2, help="Number of videos; default: a table of sizes.")
    ] = None,
    difference: Annotated[
        float | None,
        typer.Option(help="Difference to detect, in the metric's unit: 5 is 5 percentage points."),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="Metric; default: the first of the headline.")
    ] = None,
    correlation: Annotated[
        float, typer.Option(min=-1, max=1, help="Correlation of two models, for one pilot run.")
    ] = 0.5,
    as_json: Json = False,
) -> None:
    """Print the smallest difference that numbers of videos detect with a probability of 80%."""
    from jumpscore.report.power import power_table
    from jumpscore.scoring.power import smallest_difference, videos_needed
    from jumpscore.studies.compare import chosen_metric
    from jumpscore.studies.power import pilot_of_runs

    if difference is not None and not 0 < difference < float("inf"):
        raise UsageError(f"--difference {difference:g}: must be above 0")
    stored = [read_either(folder) for folder in runs]
    chosen = chosen_metric(stored[0], metric)
    pilot = pilot_of_runs(stored, chosen, correlation=correlation)
    sizes = SIZES if videos is None else (videos,)
    smallest = {size: smallest_difference(pilot, size) for size in sizes}
    needed = None
    if difference is not None:
        in_unit = difference / 100 if chosen.unit == "percent" else difference
        needed = videos_needed(pilot, in_unit)
    if as_json:
        print_json(
            {"metric": chosen.name, "pilot": asdict(pilot), "smallest_difference": smallest}
            | ({} if difference is None else {"difference": in_unit, "videos_needed": needed})
        )
        return
    output().print(power_table(chosen, pilot, smallest))
    if difference is not None:
        words = "the pilot runs never differ" if needed is None else f"{needed:,} videos"
        output().print(f"a difference of {difference:g} needs: {words}")
