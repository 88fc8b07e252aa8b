"""The detectable differences as a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jumpscore.records import Metric
from jumpscore.report.tables import value_of
from jumpscore.report.text import suffix
from jumpscore.scoring import TOO_FEW
from jumpscore.scoring.power import Pilot


def power_table(
    metric: Metric, pilot: Pilot, smallest: Mapping[int, float | None]
) -> RenderableType:
    """Return the smallest detectable difference for every number of videos, and the pilot."""
    unit = f"{metric.name} {suffix(metric.unit)}".rstrip()
    head = Text(f"{unit}: smallest difference that is detected with a probability of 80%")
    table = Table()
    table.add_column("videos", justify="right")
    table.add_column("difference", justify="right")
    for videos, difference in smallest.items():
        words = TOO_FEW if difference is None else value_of(difference, metric)
        table.add_row(f"{videos:,}", words)
    return Group(head, table, Text(pilot_words(metric, pilot), "dim"))


def pilot_words(metric: Metric, pilot: Pilot) -> str:
    """Return what was measured and what was assumed."""
    spread = f"standard deviation of the difference per video {value_of(pilot.spread, metric)}"
    if pilot.correlation is None:
        return f"{spread}, measured on {pilot.videos:,} videos, of which {pilot.differ:.0%} differ"
    return (
        f"{spread}: from one run over {pilot.videos:,} videos, if another model is as variable and "
        f"correlates with it at {pilot.correlation:g} (--correlation)"
    )
