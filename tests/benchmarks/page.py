"""The tables of ``docs/performance.md``, generated from the committed figures.

``python -m tests.benchmarks.page`` writes them into the page, after an edit of the goals.
"""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.figures import COMMITTED, Figures
from tests.benchmarks.goals import GOALS, Goal
from tests.benchmarks.row import EXPONENT, Row, short
from tests.benchmarks.table import bound_words

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- generated from the figures -->\n", "<!-- end of the generated tables -->"
HEAD = "| work | today | ratio | MB | bound | limit | today over limit |"


def write_page(figures: Figures) -> None:
    """Replace the tables of the page."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(before + BEGIN + tables(figures) + END + after, encoding="utf-8")


def tables(figures: Figures) -> str:
    """Return the machine, the rows with a limit or a bound, and all exponents, as Markdown."""
    machine = figures.machine
    packages = ", ".join(f"{name} {text}" for name, text in machine["packages"].items() if text)
    lines = [
        f"Measured on {machine['date']}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB, load {machine['load']} at the start; Python "
        f"{machine['python']}, {packages}.",
        "",
        HEAD,
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_line(goal, figures) for goal in GOALS]
    lines += ["", "| growth of CPU time | sizes | exponent |", "|---|---|---|"]
    for rows in figures.rows.values():
        for row in rows:
            if row.unit == EXPONENT:
                lines.append(f"| {row.name} | {row.size} | {row.ours:.2f} |")
    return "\n".join([*lines, "", ""])


def _line(goal: Goal, figures: Figures) -> str:
    rows = {row.key: row for row in figures.rows.get(goal.benchmark, ())}
    row = rows.get(goal.row)
    if row is None:
        return f"| {goal.row} | not measured | | | | {_limit(goal, '')} | |"
    value = getattr(row, goal.of)
    distance = "" if goal.limit is None or value is None else short(value / goal.limit)
    cells = [
        row.key,
        f"{short(row.ours)} {row.unit}",
        _ratio(row),
        "" if row.memory is None else f"{row.memory:.0f}",
        bound_words(row) + (" (missed)" if row.missed() else ""),
        _limit(goal, row.unit),
        distance,
    ]
    return "| " + " | ".join(cells) + " |"


def _ratio(row: Row) -> str:
    return "" if row.ratio is None else f"{short(row.ratio)} over {row.against}"


def _limit(goal: Goal, unit: str) -> str:
    if goal.limit is None:
        return ""
    words = {"ratio": f"ratio {short(goal.limit)}", "memory": f"{short(goal.limit)} MB"}
    return words.get(goal.of, f"{short(goal.limit)} {unit}".strip())


if __name__ == "__main__":
    write_page(Figures.read(COMMITTED))
