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

DATA = "small"
TINY = "jumpscore-tiny"
MODELS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    TINY: ("llava_ov2", {"checkpoint": TINY}),
    "motion": ("motion", {}),
    "content_free": ("content_free", {}),
    "oracle": ("oracle", {}),
}
"""Runs of the demo: name to model and options."""
COMPARED = ("map_reference", "f1", "f1@0.1")


def run_demo(out: Path, *, every_task: bool, workers: int | None) -> bool:
    """Render, run, compare, report into ``out``; return whether samples failed."""
    data = render_bundled(DATA, out / "data", workers=workers)
    runs = [
        _run(out, *MODELS[name], "jumpscore", {"data": str(data)}, name=name)
        for name in _installed()
    ]
    pages = [write_page(run) for run in runs]
    console = output()
    console.print(leader_table(runs))
    best, floor = runs[0], runs[-2]
    headline = [metric for metric in compared_metrics(best) if metric.name in COMPARED]
    console.print(comparison_table(best, floor, compare_runs(best, floor), headline))
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


def _installed() -> list[str]:
    """Return the models of the demo that can run here, and say of the others why they cannot."""
    from model_wrappers.transformers.wrapper import require_packages

    try:
        require_packages(TINY)
    except UsageError as error:
        notes().print(f"{TINY}: left out ({error})", style="yellow", soft_wrap=True)
        return [name for name in MODELS if name != TINY]
    return list(MODELS)


def _other_tasks(out: Path, data: Path) -> list[StoredRun]:
    """Run the oracle over the rendered set of every other task; each must come out right."""
    runs = []
    for name in TASKS.targets():
        if name == "jumpscore":
            continue
        try:
            options = {} if name == "jumpscore_count" else _options(name)
            run = _run(
                out, "oracle", {}, name, options or {"data": str(data)}, name=f"oracle-{name}"
            )
        except (DataError, UsageError) as error:  # what a task needs may not be installed here
            notes().print(f"{name}: left out ({error})", style="yellow", soft_wrap=True)
            continue
        write_page(run)
        runs.append(run)
    return runs


def _options(task: str) -> dict[str, Any]:
    """Return the task's defaults with its data set's name replaced by a folder."""
    return located(TASKS.get(task).Options().model_dump(mode="json"), None)


def _run(
    out: Path,
    model: str,
    model_options: Mapping[str, Any],
    task: str,
    options: Mapping[str, Any],
    *,
    name: str,
) -> StoredRun:
    with progress(name) as advance:
        return evaluate(
            model,
            task,
            model_options=model_options,
            task_options=options,
            run={
                "folder": out / "runs",
                "name": name,
                # The oracle tests the metrics; its result carries that it saw the truth.
                "expose_truth": model == "oracle",
            },
            on_progress=advance,
        )
