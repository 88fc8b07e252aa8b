"""A ranking as a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jumpscore.records import Metric
from jumpscore.report.tables import interval, value_of
from jumpscore.report.text import DASH
from jumpscore.scoring import TOO_FEW, RankedModel, Ranking


def ranking_table(
    ranking: Ranking, metric: Metric, names: Mapping[str, str] | None = None
) -> RenderableType:
    """Return the rows of a ranking, its stability and its definition.

    Args:
        ranking: Models in order.
        metric: Metric of the ranking.
        names: Model of the ranking -> name to print.
    """
    names = {row.name: row.name for row in ranking.rows} | dict(names or {})
    table = Table(title=f"{metric.title} ({metric.better} is better)", title_justify="left")
    for title in ("rank", "group"):
        table.add_column(title, justify="right")
    table.add_column("run", style="bold", overflow="fold")
    for title in (metric.name, "s.e.", "95% interval", "n", "p", "keeps order"):
        table.add_column(title, justify="right")
    table.add_column("verdict")
    keeps_order = [*map("{:.0%}".format, ranking.stability.keeps_order), ""]
    for row, keeps in zip(ranking.rows, keeps_order[: len(ranking.rows)], strict=True):
        table.add_row(
            str(row.rank),
            str(row.group),
            names[row.name],
            value_of(row.estimate.mean, metric),
            value_of(row.estimate.stderr, metric),
            interval(row.estimate, metric),
            f"{row.estimate.n:,}",
            DASH if row.p_value is None else p_words(row.p_value),
            keeps,
            verdict_words(row, names),
            end_section=row.name != ranking.rows[-1].name and _ends_group(ranking, row),
        )
    return Group(table, Text(stability_words(ranking)), Text(ranking.definition, "dim"))


def p_words(p_value: float) -> str:
    """Return a p-value with two significant digits.

    >>> p_words(0.0312), p_words(0.00001)
    ('0.031', '<0.0001')
    """
    return "<0.0001" if p_value < 0.0001 else f"{p_value:.2g}"


def verdict_words(row: RankedModel, names: Mapping[str, str]) -> str:
    """Return the verdict on a model in words."""
    if row.anchor is None:
        return "best"
    words = {"worse": "worse than", "tied": "tied with", "too_few": f"{TOO_FEW} from"}
    return f"{words[row.verdict]} {names[row.anchor]}"


def stability_words(ranking: Ranking) -> str:
    """Return the stability of a ranking in words."""
    stability = ranking.stability
    if stability.spearman is None:
        return "stability: not defined"
    return (
        f"stability: rank correlation of two halves of the videos {stability.spearman:.2f} (mean "
        f"over {stability.splits} splits); 'keeps order': halves in which a run is better than the "
        "next one"
    )


def _ends_group(ranking: Ranking, row: RankedModel) -> bool:
    place = ranking.rows.index(row)
    return ranking.rows[place + 1].group != row.group
