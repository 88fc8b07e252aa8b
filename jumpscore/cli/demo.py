"""``jumpscore demo``: the whole path on rendered data, in a few minutes on a laptop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evaluators import TASKS
from jumpscore.cli.console import notes, output, progress
from jumpscore.cli.datasets import located, render_bundled
from jumpscore.cli.run import write_page
from jumpscore.errors import DataError, UsageError
from jumpscore.harness import StoredRun, compare_runs, compared_metrics, evaluate
from jumpscore.report.tables import comparison_table, leader_table, tasks_table

MODELS = ("motion", "content_free", "oracle")


def run_demo(out: Path, *, every_task: bool, workers: int | None) -> bool:
    """Render, run, compare, report into ``out``; return whether samples failed."""
    data = render_bundled("mini", out / "data", workers=workers)
    runs = [_run(out, model, "jumpscore", {"data": str(data)}, name=model) for model in MODELS]
    pages = [write_page(run) for run in runs]
    console = output()
    console.print(leader_table(runs))
    motion, floor = runs[0], runs[1]
    headline = [m for m in compared_metrics(motion) if m.name in ("map_reference", "f1", "f1@0.1")]
    found = compare_runs(motion, floor)
    console.print(comparison_table(motion, floor, found, headline))
    if every_task:
        others = _other_tasks(out, data)
        console.print(tasks_table(others))
        runs += others
    console.print(f"report: {pages[0]}", soft_wrap=True)
    notes().print(
        "next: jumpscore predict YOUR_VIDEO.mp4 --html page.html, or "
        f"jumpscore score ANSWERS.jsonl --data {data}",
        style="dim",
        soft_wrap=True,
    )
    return any(run.result.unscored for run in runs)


def _other_tasks(out: Path, mini: Path) -> list[StoredRun]:
    """Run the oracle over the rendered set of every other task; each must come out right."""
    runs = []
    for name in TASKS.targets():
        if name == "jumpscore":
            continue
        try:
            options = {} if name == "jumpscore_count" else _options(name)
            run = _run(out, "oracle", name, options or {"data": str(mini)}, name=f"oracle-{name}")
        except (DataError, UsageError) as error:  # what a task needs may not be installed here
            notes().print(f"{name}: left out ({error})", style="yellow", soft_wrap=True)
            continue
        write_page(run)
        runs.append(run)
    return runs


def _options(task: str) -> dict[str, Any]:
    """Return the task's defaults with its data set's name replaced by a folder."""
    return located(TASKS.get(task).Options().model_dump(mode="json"), None)


def _run(out: Path, model: str, task: str, options: Mapping[str, Any], *, name: str) -> StoredRun:
    with progress(name) as advance:
        return evaluate(
            model,
            task,
            task_options=options,
            run={
                "folder": out / "runs",
                "name": name,
                # The oracle tests the metrics; its result carries that it saw the truth.
                "expose_truth": model == "oracle",
            },
            on_progress=advance,
        )
