"""``reproduce`` over a finished set of runs, one per cell of the four tables."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

import jumpscore
from jumpscore.jsonio import read_object, write_json
from jumpscore.report.reproduction import reproduction_table, write_reproduction_page
from jumpscore.runs.reader import RESULT, RUN
from jumpscore.studies.reproduction.headlines import check_claims
from jumpscore.studies.reproduction.matching import read_runs
from jumpscore.studies.reproduction.published import TABLES
from jumpscore.studies.reproduction.recipes import Recipe, cells
from jumpscore.studies.reproduction.table import reproduce
from tests.benchmarks.replay_run import make_answers

SAMPLES = 240


def main() -> None:
    selected = {table: cells(table) for table in TABLES}
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        _make(Path(folder), [cell.recipe for table in TABLES for cell in selected[table]])
        before, cpu = time.perf_counter(), time.process_time()
        stored = read_runs(runs)
        read = time.perf_counter() - before
        tables = [reproduce(table, selected[table], stored) for table in TABLES]
        check_claims([row for table in tables for row in table.rows])
        console = Console(file=(Path(folder) / "tables.txt").open("w"), width=120)
        for table in tables:
            console.print(reproduction_table(table))
            write_reproduction_page(table, Path(folder) / f"{table.table}.html")
        whole, cpu = time.perf_counter() - before, time.process_time() - cpu
    measured = sum(row.measured is not None for table in tables for row in table.rows)
    print(f"input: {len(stored)} runs of {SAMPLES} replayed samples; excluded: making them")
    print(
        f"4 tables, claims and 4 pages: {whole:.2f} s (CPU {cpu:.2f} s), "
        f"of which reading the runs {read:.2f} s"
    )
    print(f"cells with a measured value: {measured}")


def _make(folder: Path, recipes: Sequence[Recipe]) -> None:
    """Write one run by replay, and copies of it as the runs of all recipes."""
    data, answers = make_answers(folder, SAMPLES)
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
