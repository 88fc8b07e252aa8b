"""``jumpscore tasks``."""

from __future__ import annotations

from dataclasses import asdict

from rich.table import Table

from evaluators import TASKS
from jumpscore.cli.console import output, print_json
from jumpscore.cli.models.list import print_rows, rows_of
from jumpscore.cli.options import Json


def list_tasks(as_json: Json = False) -> None:
    """Print every task with its headline, and lmms-eval's tasks that the paper reports.

    As JSON with options too.
    """
    from evaluators.lmms.benchmarks import BENCHMARKS

    rows = rows_of(TASKS, "headline")
    if as_json:
        benchmarks = [asdict(benchmark) for benchmark in BENCHMARKS]
        extra = {"lmms": {"benchmarks": benchmarks}}
        print_json([row | extra.get(row["name"], {}) for row in rows])
        return
    print_rows(rows, as_json=False)
    table = Table(title="task=lmms task.benchmark=...", title_justify="left")
    for column in ("benchmark", "reported", "in the paper"):
        table.add_column(column, no_wrap=column == "benchmark")
    for benchmark in BENCHMARKS:
        table.add_row(benchmark.task, benchmark.metric, benchmark.about())
    output().print(table)
