"""An ablation as tables, on the terminal and on a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jumpscore.records import Metric
from jumpscore.report.ablation_backends import (
    backends_legend,
    backends_section,
    backends_table,
)
from jumpscore.report.ablation_curve import curves
from jumpscore.report.ablation_trainings import LEGEND as TRAININGS_LEGEND
from jumpscore.report.ablation_trainings import trainings_section, trainings_table
from jumpscore.report.page import fact_list, header, page, wide_table, write_page
from jumpscore.report.summary import sentence
from jumpscore.report.tables import better_of, interval, value_of
from jumpscore.report.text import (
    DASH,
    escaped,
    incomplete_words,
    plural,
    readable,
    shortened,
    suffix,
)
from jumpscore.scoring import Comparison
from jumpscore.studies.ablation import Ablation, Budget, Outcome
from jumpscore.video.budgets import Matching

MATCHED: dict[Matching, str] = {
    "visual": "equal visual tokens",
    "total": "equal sums of visual tokens and time stamps",
    "as_published": "as many frames as canvases, at any cost",
}
COLUMNS = (
    "budget",
    "frames",
    "canvases",
    "canvases − frames",
    "visual tokens",
    "prompt tokens",
    "pixel control",
    "selection control",
    "blind baseline",
)
ONE_LINE = ("visual tokens", "prompt tokens")
"""Columns whose names are broken into lines on the terminal only."""
LEGEND = (
    (
        "canvases − frames",
        "paired by video; a tie if its 95% interval contains 0, no verdict if fewer than 12 differ",
    ),
    (
        "visual, prompt tokens",
        "mean per answer, as measured: frames / canvases",
    ),
    ("pixel control", "canvases of another clip: what the model answers to any clip"),
    (
        "selection control",
        "the clip's own blocks and stamps with another clip's pixels. Below it, paired by video: "
        "what the right pixels add (seen), and its lead over the pixel control, which is what the "
        "choice of blocks and times gives away (leak)",
    ),
    ("blind baseline", "score of an answer that never looks, if the task defines it"),
)
"""Column -> explanation, for both tables."""
MULTIPLE = (
    "intervals are not corrected for several comparisons: about one in twenty shows a difference "
    "between equal arms. All budgets share the same videos"
)


def ablation_table(ablation: Ablation) -> RenderableType:
    """Return one table per matching, with all problems, caveats and a legend."""
    tables: list[RenderableType] = []
    for matching in ablation.matchings:
        table = Table(
            title=_title(ablation, matching),
            title_justify="left",
            box=box.SIMPLE_HEAD,
            collapse_padding=True,
            pad_edge=False,
        )
        for place, name in enumerate(COLUMNS):
            head = name.replace(" ", "\n") if name in ONE_LINE else name
            style = "bold" if place == 0 else ""
            table.add_column(head, justify="right", style=style, overflow="fold")
        for budget in ablation.matched(matching):
            table.add_row(*_cells(budget, ablation.metric))
        tables.append(table)
    if len(ablation.backends) > 1:
        tables.append(backends_table(ablation))
    if ablation.trainings:
        tables.append(trainings_table(ablation))
    lines = [Text(line) for line in reference_lines(ablation)]
    lines += [Text(line, "bold red") for line in problem_lines(ablation)]
    lines += [Text(f"note: {caveat}", "yellow") for caveat in ablation.caveats]
    legend = Text("\n".join(f"{name}: {meaning}" for name, meaning in _legend(ablation)), "dim")
    return Group(*tables, *lines, legend)


def write_ablation_page(ablation: Ablation, folder: Path) -> Path:
    """Write ``ablation.html`` with curve and table, and the curve as ``ablation.svg``.

    Returns:
        The path of the page.

    Raises:
        UsageError: The place cannot be written.
    """
    drawing = curves(ablation)
    write_page(folder / "ablation.svg", drawing)
    tables = "".join(_html_table(ablation, matching) for matching in ablation.matchings)
    rows = [(name, f"{meaning}.") for name, meaning in _legend(ablation)]
    rows.append(("several budgets", f"{MULTIPLE}."))
    body = (
        f'<main class="ablation">{_header(ablation)}'
        f'<section class="panel first"><h2>Score against tokens spent</h2>{drawing}</section>'
        f"{tables}{backends_section(ablation)}{trainings_section(ablation)}"
        f'<section class="panel"><h2>How to read it</h2>'
        f"{fact_list(rows, kind='reading')}</section></main>"
    )
    title = f"Ablation: {ablation.model} on {ablation.data}"
    return write_page(folder / "ablation.html", page(title, body))


def _legend(ablation: Ablation) -> tuple[tuple[str, str], ...]:
    backends = (backends_legend(ablation),) if len(ablation.backends) > 1 else ()
    return (*LEGEND, *backends, *(TRAININGS_LEGEND if ablation.trainings else ()))


def better_words(budget: Budget, metric: Metric) -> str:
    """Return which arm is better in words; empty if no video is scored in both."""
    if budget.difference is None or budget.difference.difference is None:
        return ""
    words = better_of(budget.difference, metric, "canvases better", "frames better")
    return "tie" if words == "tied" else words


def reference_lines(ablation: Ablation) -> list[str]:
    """Return one line for each run outside the matched budgets."""
    return [
        f"{outcome.run}: {_scored(outcome, ablation.metric)}, "
        f"{_mean(outcome.tokens.visual)} visual tokens"
        for outcome in ablation.references
    ]


def problem_lines(ablation: Ablation) -> list[str]:
    """Return one line for each run with unscored samples, with the reason."""
    return [
        f"INCOMPLETE: {outcome.run}: {incomplete_words(outcome.unscored, outcome.total)}"
        + (f" ({outcome.problem})" if outcome.problem else "")
        for outcome in ablation.outcomes
        if outcome.unscored
    ]


def _title(ablation: Ablation, matching: Matching) -> str:
    unit = f"{ablation.metric.name} {suffix(ablation.metric.unit)}".rstrip()
    # Every window has the budget; the token columns count all windows of a video.
    window = next((arm["window"] for arm in ablation.shown.values() if "window" in arm), None)
    each = "" if window is None else f", budgets per window of {window:g} s"
    return f"{unit} · {ablation.model} · {ablation.data} · {MATCHED[matching]}{each}"


def _cells(budget: Budget, metric: Metric) -> list[str]:
    """Return a row; intervals and counts are in lines below their number."""
    difference = _paired(budget.difference, metric)
    if difference:
        difference.append(better_words(budget, metric))
    apart = [*_paired(budget.seen, metric, "seen"), *_paired(budget.leak, metric, "leak")]
    both = (budget.frames.tokens, budget.codec.tokens)
    return [
        f"{budget.tokens:,}",
        _scored(budget.frames, metric, "\n"),
        _scored(budget.codec, metric, "\n"),
        "\n".join(difference) or DASH,
        " /\n".join(_mean(tokens.visual) for tokens in both),
        " /\n".join(_mean(tokens.prompt) for tokens in both),
        _control(budget.pixels, metric),
        "\n".join([_control(budget.selection, metric), *apart]),
        value_of(budget.blind_baseline, metric),
    ]


def _paired(comparison: Comparison | None, metric: Metric, name: str = "") -> list[str]:
    """Return a difference with its name, and its interval; empty if it is not defined."""
    if comparison is None or comparison.difference is None:
        return []
    return [
        f"{name} {value_of(comparison.difference, metric, signed=True)}".lstrip(),
        interval(comparison, metric, signed=True),
    ]


def _scored(outcome: Outcome, metric: Metric, gap: str = " ") -> str:
    """Return a score with its interval and the number of unscored samples."""
    parts = [value_of(outcome.score.mean, metric), interval(outcome.score, metric)]
    if outcome.unscored:
        parts.append(f"{outcome.unscored} of {outcome.total} unscored")
    return gap.join(part for part in parts if part)


def _control(outcome: Outcome | None, metric: Metric) -> str:
    return DASH if outcome is None else _scored(outcome, metric, "\n")


def _mean(tokens: float | None) -> str:
    return DASH if tokens is None else f"{tokens:,.0f}"


def _header(ablation: Ablation) -> str:
    metric = ablation.metric
    samples = plural(max(outcome.total for outcome in ablation.outcomes), "sample")
    banners = [("alarm", shortened(line, 400)) for line in problem_lines(ablation)]
    banners += [("warn", sentence(caveat)) for caveat in ablation.caveats]
    better = "" if metric.better != "lower" else " Lower is better."
    facts = [
        ("Metric", f"{metric.name}: {metric.title}.{better}"),
        *([("Trainings", ", ".join(ablation.trainings))] if ablation.trainings else []),
        *(
            (f"Input of {name}", readable(ablation.shown.get(kind) or "sizes as published"))
            for kind, name in (("frames", "frames"), ("codec", "canvases"))
        ),
        *(("Reference", line) for line in reference_lines(ablation)),
    ]
    return header(
        "JumpScore ablation: frames and codec canvases under one token budget",
        ablation.model,
        f"{escaped(ablation.task)} on <bdi>{escaped(ablation.data)}</bdi>, {samples}"
        + (f", {len(ablation.trainings)} trainings" if ablation.trainings else ""),
        banners,
        fact_list(facts),
    )


def _html_table(ablation: Ablation, matching: Matching) -> str:
    head = "".join(f'<th scope="col" class="num">{escaped(name)}</th>' for name in COLUMNS)
    rows = "".join(
        _html_row(_cells(budget, ablation.metric)) for budget in ablation.matched(matching)
    )
    return (
        f'<section class="panel"><h2>{escaped(_title(ablation, matching))}</h2>'
        f"{wide_table(f'<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>')}</section>"
    )


def _html_row(cells: Sequence[str]) -> str:
    """Return a row; lines below a number are dimmed."""
    columns = []
    for name, cell in zip(COLUMNS, cells, strict=True):
        whole = name in ONE_LINE
        first, *rest = [cell.replace("\n", " ")] if whole else cell.split("\n")
        below = "".join(f"<small>{escaped(line)}</small>" for line in rest)
        columns.append(f'<td class="num">{escaped(first)}{below}</td>')
    return f"<tr>{''.join(columns)}</tr>"
