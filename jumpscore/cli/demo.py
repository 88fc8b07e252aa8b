"""``jumpscore demo``: the whole path on rendered videos, in a few minutes on a laptop."""

from __future__ import annotations

from pathlib import Path

from jumpscore.cli.console import notes, output, progress
from jumpscore.cli.datasets import render_bundled
from jumpscore.cli.run import write_page
from jumpscore.harness import compare_runs, compared_metrics, evaluate
from jumpscore.report.tables import comparison_table, leader_table

MODELS = ("motion", "content_free", "oracle")


def run_demo(out: Path, *, workers: int | None) -> bool:
    """Render, run, compare, report into ``out``; return whether samples failed."""
    data = render_bundled("mini", out / "data", workers=workers)
    runs = []
    for model in MODELS:
        with progress(model) as advance:
            run = evaluate(
                model,
                "jumpscore",
                task_options={"data": str(data)},
                run={
                    "folder": out / "runs",
                    "name": model,
                    # The oracle tests the metrics; its result carries that it saw the truth.
                    "expose_truth": model == "oracle",
                },
                on_progress=advance,
            )
        runs.append(run)
    pages = [write_page(run) for run in runs]
    console = output()
    console.print(leader_table(runs))
    motion, floor = runs[0], runs[1]
    headline = [m for m in compared_metrics(motion) if m.name in ("map_reference", "f1", "f1@0.1")]
    found = compare_runs(motion, floor)
    console.print(comparison_table(motion, floor, found, headline))
    console.print(f"report: {pages[0]}", soft_wrap=True)
    notes().print(
        "next: jumpscore predict YOUR_VIDEO.mp4 --html page.html, or "
        f"jumpscore score ANSWERS.jsonl --data {data}",
        style="dim",
        soft_wrap=True,
    )
    return any(run.result.unscored for run in runs)
