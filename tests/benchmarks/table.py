"""One table of the rows of all benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from tests.benchmarks.figures import Figures, Finding
from tests.benchmarks.row import Row, short

COLUMNS = ("ours", "alternative", "ratio", "committed", "MB", "bound")


def print_figures(console: Console, committed: Figures, new: Figures) -> None:
    """Print one table of all rows, and what was skipped."""
    table = Table(title=_title(new), title_justify="left")
    for name in ("what", "input"):
        table.add_column(name, overflow="fold")
    for name in COLUMNS:
        table.add_column(name, justify="right", overflow="fold")
    table.add_column("left out", overflow="fold", style="dim")
    for benchmark, rows in new.rows.items():
        before = {row.key: row for row in committed.rows.get(benchmark, ())}
        table.add_section()
        if rows:
            table.add_row(f"[bold]{benchmark}[/]")
        for row in rows:
            table.add_row(*_cells(row, before.get(row.key)))
    console.print(table)
    for benchmark, entries in new.skipped.items():
        for entry in entries:
            console.print(f"skipped {benchmark}: {entry.name}: {entry.reason}", highlight=False)


def print_findings(console: Console, problems: Sequence[Finding]) -> None:
    """Print every reason to fail."""
    for problem in problems:
        console.print(f"[red]worse[/] {problem.row}: {problem.problem}", highlight=False)


def _title(figures: Figures) -> str:
    machine = figures.machine
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"load {machine['load']}; ratio = ours / alternative; red: a bound is missed"
    )


def _cells(row: Row, before: Row | None) -> list[str]:
    against = f"{short(row.alternative)}\n{row.against}" if row.alternative is not None else ""
    old = "new" if before is None else committed_words(before)
    ratio = "" if row.ratio is None else short(row.ratio)
    memory = "" if row.memory is None else f"{row.memory:.0f}"
    bound = f"[red]{bound_words(row)}[/]" if row.missed() else bound_words(row)
    ours = f"{short(row.ours)} {row.unit}"
    return [row.name, row.size, ours, against, ratio, old, memory, bound, row.excluded]


def committed_words(row: Row) -> str:
    """Return what of a committed row is compared.

    >>> committed_words(Row("decode", "", "s", 3.0, "a", 2.0, memory=99.6))
    'ratio 1.5, memory 99.6'
    """
    return ", ".join(f"{name} {short(value)}" for name, value in row.comparable().items())


def bound_words(row: Row) -> str:
    """Return the bounds of a row in words.

    >>> from tests.benchmarks.row import Bound
    >>> bound_words(Row("decode", "", "CPU s", 3.0, bound=Bound(ours=4, memory=250)))
    '4 CPU s, 250 MB'
    """
    units = {"ours": f" {row.unit}", "ratio": "", "memory": " MB"}
    parts = []
    for name, limit in asdict(row.bound).items():
        if limit is not None:
            parts.append(f"{'ratio ' if name == 'ratio' else ''}{short(limit)}{units[name]}")
    return ", ".join(parts)
