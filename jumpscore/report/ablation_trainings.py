"""What each training contributes to an ablation over several trainings, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table

from jumpscore.records import Metric
from jumpscore.report.page import wide_table
from jumpscore.report.tables import value_of
from jumpscore.report.text import DASH, escaped
from jumpscore.scoring.trainings import OverTrainings
from jumpscore.studies.ablation import Ablation, Budget

HEAD = ("budget", "training", "frames", "canvases", "canvases − frames")
SHARE = "variance from trainings"
TITLE = "Each training"
LEGEND = (
    (
        "intervals over trainings",
        "each number is a mean over all clips and trainings, and its 95% interval is for other "
        "clips and other trainings of the recipe. A difference is paired by clip and by training",
    ),
    (
        SHARE,
        "share of the variance of a mean that more trainings would reduce; more clips reduce the "
        "rest. With few trainings it is a rough estimate, and often 0",
    ),
)


def trainings_table(ablation: Ablation) -> RenderableType:
    """Return the table for the terminal."""
    table = Table(title=TITLE, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(HEAD):
        table.add_column(name, justify="left" if place == 1 else "right", overflow="fold")
    for row in _rows(ablation):
        table.add_row(*row, style="dim" if row[1] == SHARE else "")
    return table


def trainings_section(ablation: Ablation) -> str:
    """Return the table for the page, HTML; empty for a single training."""
    if not ablation.trainings:
        return ""
    names = "".join(
        f'<th scope="col"{_kind(k)}>{escaped(name)}</th>' for k, name in enumerate(HEAD)
    )
    rows = "".join(f"<tr>{_html_cells(row)}</tr>" for row in _rows(ablation))
    content = wide_table(f"<thead><tr>{names}</tr></thead><tbody>{rows}</tbody>")
    return f'<section class="panel"><h2>{TITLE}</h2>{content}</section>'


def _html_cells(row: Sequence[str]) -> str:
    cells = [escaped(cell) for cell in row]
    if row[1] == SHARE:
        cells = [f"<small>{cell}</small>" for cell in cells]
    return "".join(f"<td{_kind(place)}>{cell}</td>" for place, cell in enumerate(cells))


def _kind(place: int) -> str:
    return "" if HEAD[place] == "training" else ' class="num"'


def _rows(ablation: Ablation) -> Iterator[tuple[str, ...]]:
    """Yield a row per budget and training, and one with the shares after each budget."""
    several = len(ablation.matchings) > 1
    for budget in ablation.budgets:
        name = f"{budget.tokens:,}" + (f" ({budget.matching})" if several else "")
        for place, training in enumerate(ablation.trainings):
            values = _values(budget, place, ablation.metric)
            yield (name if place == 0 else "", training, *values)
        yield ("", SHARE, *(_share(over) for over in _parts(budget)))


def _parts(budget: Budget) -> tuple[OverTrainings | None, ...]:
    return budget.frames.over_trainings, budget.codec.over_trainings, budget.over_trainings


def _values(budget: Budget, place: int, metric: Metric) -> list[str]:
    return [
        DASH if over is None else value_of(over.values[place], metric, signed=signed)
        for over, signed in zip(_parts(budget), (False, False, True), strict=True)
    ]


def _share(over: OverTrainings | None) -> str:
    return DASH if over is None or over.share is None else f"{100 * over.share:.0f}%"
