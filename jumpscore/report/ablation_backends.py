"""Canvases of several backends under the same budgets, as a table."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import RenderableType
from rich.table import Table

from jumpscore.records import Metric
from jumpscore.report.page import wide_table
from jumpscore.report.tables import better_of, interval, value_of
from jumpscore.report.text import DASH, escaped
from jumpscore.studies.ablation import Ablation, Budget, OtherCanvases, Outcome

TITLE = "Canvases of several backends"
LEFT = ("backend",)


def backends_table(ablation: Ablation) -> RenderableType:
    """Return the table for the terminal."""
    table = Table(title=TITLE, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in _head(ablation):
        table.add_column(name, justify="left" if name in LEFT else "right", overflow="fold")
    for row in _rows(ablation):
        table.add_row(*row)
    return table


def backends_section(ablation: Ablation) -> str:
    """Return the table for the page, HTML; empty for a single backend."""
    if len(ablation.backends) < 2:
        return ""
    kinds = ["" if name in LEFT else ' class="num"' for name in _head(ablation)]
    head = "".join(
        f'<th scope="col"{kind}>{escaped(name)}</th>'
        for kind, name in zip(kinds, _head(ablation), strict=True)
    )
    rows = "".join(
        "<tr>"
        + "".join(f"<td{k}>{escaped(cell)}</td>" for k, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in _rows(ablation)
    )
    content = wide_table(f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>")
    return f'<section class="panel"><h2>{TITLE}</h2>{content}</section>'


def backends_legend(ablation: Ablation) -> tuple[str, str]:
    """Return what the last columns mean."""
    first = ablation.backends[0]
    return (
        f"minus {first}",
        f"canvases of the backend minus those of {first} under the same budget, paired by video",
    )


def _head(ablation: Ablation) -> tuple[str, ...]:
    several = ("matching",) if len(ablation.matchings) > 1 else ()
    return (
        *several, "budget", "backend", "score", "visual tokens", "prompt tokens",
        f"minus {ablation.backends[0]}", "",
    )  # fmt: skip


def _rows(ablation: Ablation) -> Iterator[tuple[str, ...]]:
    """Yield a row per budget and backend."""
    for budget in ablation.budgets:
        several = (budget.matching,) if len(ablation.matchings) > 1 else ()
        yield *several, f"{budget.tokens:,}", *_first(budget, ablation)
        for other in budget.others:
            yield *(("",) if several else ()), "", *_other(other, ablation.metric)


def _first(budget: Budget, ablation: Ablation) -> tuple[str, ...]:
    return (ablation.backends[0], *_measured(budget.codec, ablation.metric), DASH, "")


def _other(other: OtherCanvases, metric: Metric) -> tuple[str, ...]:
    difference = other.difference
    if difference is None or difference.difference is None:
        verdict: tuple[str, str] = (DASH, "")
    else:
        value = value_of(difference.difference, metric, signed=True)
        words = better_of(difference, metric, "better", "worse")
        verdict = (f"{value} {interval(difference, metric, signed=True)}", words)
    return (other.backend, *_measured(other.outcome, metric), *verdict)


def _measured(outcome: Outcome, metric: Metric) -> tuple[str, str, str]:
    """Return score, visual tokens and prompt tokens."""
    score = f"{value_of(outcome.score.mean, metric)} {interval(outcome.score, metric)}".rstrip()
    if outcome.unscored:
        score += f", {outcome.unscored} of {outcome.total} unscored"
    tokens = (outcome.tokens.visual, outcome.tokens.prompt)
    visual, prompt = (DASH if number is None else f"{number:,.0f}" for number in tokens)
    return score, visual, prompt
