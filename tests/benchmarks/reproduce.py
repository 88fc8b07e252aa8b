"""``reproduce`` over a finished set of runs, one per cell of the four tables."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console

import jumpscore
from jumpscore.jsonio import read_object, write_json
from jumpscore.report.reproduction import reproduction_table, write_reproduction_page
from jumpscore.runs.reader import RESULT, RUN
from jumpscore.studies.reproduction.headlines import check_claims
from jumpscore.studies.reproduction.matching import read_runs
from jumpscore.studies.reproduction.published import TABLES
from jumpscore.studies.reproduction.recipes import Cell, Recipe, cells
from jumpscore.studies.reproduction.table import reproduce
from tests.benchmarks.answers import make_answers
from tests.benchmarks.row import Row, Setting
from tests.benchmarks.timing import alternating

SAMPLES, EVENTS = 240, 60


def rows(setting: Setting) -> Iterator[Row]:
    """Measure four tables, the claims and four pages; the alternative is reading the runs alone."""
    names = list(TABLES)[:1] if setting.quick else list(TABLES)
    selected = {table: cells(table) for table in names}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _make(root, [cell.recipe for table in names for cell in selected[table]])
        seconds = alternating(
            {
                "reading": lambda: read_runs(root / "runs"),
                "ours": lambda: _reproduce(selected, root),
            },
            repeats=2,
        )
        count = len(read_runs(root / "runs"))
    yield Row(
        f"reproduce, {len(names)} tables, claims and pages",
        f"{count} runs of {SAMPLES} samples", "CPU s", seconds["ours"],
        "reading the runs", seconds["reading"], excluded="making the runs",
    )  # fmt: skip


def _reproduce(selected: Mapping[str, Sequence[Cell]], root: Path) -> None:
    stored = read_runs(root / "runs")
    tables = [reproduce(table, chosen, stored) for table, chosen in selected.items()]
    check_claims([row for table in tables for row in table.rows])
    with (root / "tables.txt").open("w") as file:
        console = Console(file=file, width=120)
        for table in tables:
            console.print(reproduction_table(table))
            write_reproduction_page(table, root / f"{table.table}.html")


def _make(folder: Path, recipes: Sequence[Recipe]) -> None:
    """Write one run by replay, and copies of it as the runs of all recipes."""
    data, answers = make_answers(folder, SAMPLES, EVENTS)
    first = jumpscore.evaluate(
        "replay",
        "jumpscore",
        model_options={"answers": answers},
        task_options={"data": str(data)},
        run={"folder": folder / "runs", "name": "first"},
    )
    for recipe in recipes:
        copy, route = first.folder.with_name(recipe.name), recipe.route
        if not copy.exists():
            shutil.copytree(first.folder, copy)
        record, result = (read_object(copy / name, fix="") for name in (RUN, RESULT))
        record["extras"]["title"] = recipe.model.title
        record["identity"]["task"]["name"] = record["config"]["task"]["name"] = route.task
        record["config"]["task"] |= {"data": route.data, "benchmark": route.data}
        record["data"]["synthetic"] = False
        result["metrics"][route.metric] = result["metrics"]["map_reference"]
        write_json(copy / RUN, record)
        write_json(copy / RESULT, result)
    shutil.rmtree(first.folder)
