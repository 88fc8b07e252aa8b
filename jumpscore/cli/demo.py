"""``jumpscore demo``: the whole path on rendered data, in a few minutes on a laptop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from evaluators import TASKS
from evaluators.lmms.provider import NoLmmsEvalError
from jumpscore.cli.console import late_progress, notes, output, progress
from jumpscore.cli.data.info import JUMP_TASKS
from jumpscore.cli.options import Workers
from jumpscore.cli.run import write_page
from jumpscore.data.catalogue import Rendering, bundled_set
from jumpscore.errors import UsageError
from jumpscore.harness import evaluate
from jumpscore.harness.factory import make_task
from jumpscore.jsonio import write_text
from jumpscore.report.tables import comparison_table, leader_table, tasks_table
from jumpscore.runs import StoredRun
from jumpscore.studies import compare_runs, compared_metrics

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
FAULTLESS = {"jitter": 0.0, "misses": 0.0, "insertions": 0.0}
"""Options of an oracle that answers the truth itself."""
TOLERANCE = 1e-6


def run_demo(
    out: Annotated[Path, typer.Option(help="Folder for data, runs and reports.")] = Path(
        "jumpscore-demo"
    ),
    every_task: Annotated[
        bool, typer.Option("--all", help="Run every other task too, on a small rendered set.")
    ] = False,
    workers: Workers = None,
) -> bool:
    """Render, run, compare, report into ``out``.

    Returns whether samples failed, or whether the truth did not get full scores.
    """
    with late_progress(f"rendering {DATA}", "clips") as advance:
        data = bundled_set(DATA).render(out / "data", Rendering(workers, advance))
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
    wrong: list[str] = []
    if every_task:
        others = _other_tasks(out, data)
        console.print(tasks_table(others))
        runs += others
        wrong = [problem for run in others for problem in wrong_numbers(run)]
    console.print(f"report: {pages[0]}", soft_wrap=True)
    notes().print(
        "next: jumpscore predict YOUR_VIDEO.mp4 --html page.html, or "
        f"jumpscore score ANSWERS.jsonl --data {data}",
        style="dim",
        soft_wrap=True,
    )
    for problem in wrong:
        notes().print(f"wrong: {problem}", style="red", soft_wrap=True)
    return bool(wrong) or any(run.result.unscored for run in runs)


def _installed() -> list[str]:
    """Return the models of the demo that can run here; print why the others cannot."""
    from model_wrappers.transformers.wrapper import require_packages

    try:
        require_packages(TINY)
    except UsageError as error:
        notes().print(f"{TINY}: left out ({error})", style="yellow", soft_wrap=True)
        return [name for name in MODELS if name != TINY]
    return list(MODELS)


def _other_tasks(out: Path, data: Path) -> list[StoredRun]:
    """Run the oracle on the rendered set of every other task; for tracking, on true masks too.

    Only lmms-eval may be missing; any other failure is an error.
    """
    runs = []
    for name in TASKS.targets():
        if name == "jumpscore":
            continue
        options = {"data": str(data)} if name in JUMP_TASKS else {}
        try:
            runs.append(_run(out, "oracle", FAULTLESS, name, options, name=f"oracle-{name}"))
        except NoLmmsEvalError as error:
            notes().print(f"{name}: left out ({error})", style="yellow", soft_wrap=True)
            continue
        if name == "tracking":
            masks = {"answers": str(_true_masks(out))}
            options = {"segmenter": "given"}
            runs.append(_run(out, "replay", masks, name, options, name="given-masks"))
    for run in runs:
        write_page(run)
    return runs


def _true_masks(out: Path) -> Path:
    """Write the true masks of a tracking set as answers, and return the file."""
    lines = [
        json.dumps({"id": sample.question.id, "masks": sample.truth.masks}) + "\n"
        for sample in make_task("tracking", {}).load()
    ]
    path = out / "true-masks.jsonl"
    write_text(path, "".join(lines))
    return path


def wrong_numbers(run: StoredRun) -> list[str]:
    """Return the headline metrics of an oracle run that differ from those of a perfect answer.

    If higher is better it is 100%, or 1 or 100 on a scale of lmms-eval; an error is 0.
    References are skipped: public code may score the truth below 100%.
    """
    described = {metric.name: metric for metric in run.result.described}
    problems = []
    for name in run.result.headline:
        value, metric = run.result.metrics[name].mean, described[name]
        if "_reference" in name or metric.better is None:
            continue
        best = (1.0, 100.0) if metric.unit == "number" else (1.0,)
        right = best if metric.better == "higher" else (0.0,)
        if value is None or all(abs(value - number) > TOLERANCE for number in right):
            problems.append(
                f"task {run.result.task}, {name}: {value} from the truth, {right[0]:g} expected"
            )
    return problems


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
        run = evaluate(
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
    assert isinstance(run, StoredRun)  # repeats are not set
    return run
