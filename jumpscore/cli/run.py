"""``run``, ``score``, ``compare`` and ``report``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.text import Text

from jumpscore.cli.compose import compose
from jumpscore.cli.console import notes, output, print_json, progress
from jumpscore.cli.datasets import locate
from jumpscore.errors import InterruptedRun, UsageError
from jumpscore.harness import (
    RunConfig,
    RunInterrupted,
    StoredRun,
    compare_runs,
    compared_metrics,
    evaluate,
    read_run,
    run_config,
    score_run,
)
from jumpscore.harness.evaluate import selected
from jumpscore.harness.making import check_options, input_kind, make_model, make_task
from jumpscore.harness.visuals import input_cache, visual_input
from jumpscore.video import content_hash


def run_task(
    words: Sequence[str],
    *,
    selection: Mapping[str, Any],
    dry_run: bool,
    report: bool,
    as_json: bool,
) -> bool:
    """Run what the words say; return whether samples failed.

    ``selection`` holds fields of ``run`` that came as options: ids are never read as Hydra's
    grammar.
    """
    values = compose(words)
    values["run"] = {**values["run"], **selection}
    config = _with_data(run_config(values))
    if dry_run:
        show_plan(config, as_json=as_json)
        return False
    run = start(config, label=str(config.model["name"]))
    return present(run, report=report, as_json=as_json)


def score_target(
    target: Path, *, data: str | None, task: str, out: Path, report: bool, as_json: bool
) -> bool:
    """Score a file of answers against a data set, or a run anew; return whether samples failed."""
    if target.is_dir():
        if data is not None:
            raise UsageError(f"{target} is a run and knows its data set; leave out --data")
        return present(score_run(target), report=report, as_json=as_json)
    if not target.exists():
        raise UsageError(f"{target}: no such file and no run; give answers or a run's folder")
    if data is None:
        raise UsageError("say which data set the answers are for: --data DIR (or mini, published)")
    folder = locate(data)
    # Content and data set are in the name: edited answers are another run, not a changed one.
    name = f"{task}-{target.stem}-{content_hash(target)[:8]}-{folder.resolve().name}"
    config = run_config(
        {
            "model": {"name": "replay", "answers": str(target)},
            "task": {"name": task, "data": str(folder)},
            "run": {"folder": out, "name": re.sub(r"[^\w.-]+", "_", name)[:120]},
        }
    )
    return present(start(_with_data(config), label="scoring"), report=report, as_json=as_json)


def start(config: RunConfig, *, label: str) -> StoredRun:
    """Evaluate a configuration with a progress bar."""
    model, task = dict(config.model), dict(config.task)
    try:
        with progress(label) as advance:
            return evaluate(
                model.pop("name"),
                task.pop("name"),
                model_options=model,
                task_options=task,
                input=config.input.model_dump(),
                run=config.run.model_dump(),
                on_progress=advance,
            )
    except RunInterrupted as kept:
        raise InterruptedRun(f"{kept}; the same command goes on") from None


def present(run: StoredRun, *, report: bool, as_json: bool) -> bool:
    """Print a run and write its page; return whether samples failed."""
    if report:
        # Before anything is printed: a reader that goes away must not cost the page.
        write_page(run)
    if as_json:
        print_json(asdict(run.result) | {"folder": str(run.folder)})
    else:
        from jumpscore.report.tables import run_table

        output().print(run_table(run))
    notes().print(f"run: {run.folder}", style="dim", soft_wrap=True)
    return run.result.unscored > 0


def write_page(run: StoredRun, path: Path | None = None) -> Path:
    """Write a run's page and say where."""
    from jumpscore.report.html import write_report

    with progress("report") as advance:
        page = write_report(run, path, on_progress=advance)
    notes().print(f"report: {page}", style="dim", soft_wrap=True)
    return page


def compare_folders(a: Path, b: Path, *, as_json: bool) -> None:
    """Print the paired comparison of two runs."""
    one, other = read_run(a), read_run(b)
    found = compare_runs(one, other)
    if as_json:
        print_json({name: asdict(comparison) for name, comparison in found.items()})
        return
    from jumpscore.report.tables import banner, comparison_table

    output().print(comparison_table(one, other, found, compared_metrics(one)))
    for run in (one, other):
        if run.result.unscored:
            output().print(banner(run.result))


def report_folder(folder: Path, out: Path | None) -> None:
    """Write the page of a stored run."""
    write_page(read_run(folder), out)


def show_plan(config: RunConfig, *, as_json: bool) -> None:
    """Print what would be asked, without asking."""
    model, task_options = dict(config.model), dict(config.task)
    wrapper = make_model(model.pop("name"), model)
    task = make_task(task_options.pop("name"), task_options)
    samples = selected(task.load(), config.run)
    kind = input_kind(wrapper, config.input)
    usable = [sample for sample in samples if sample.problem is None]
    plan: dict[str, Any] = {
        "model": wrapper.name,
        "task": task.name,
        "data": asdict(task.data()),
        "protocol": task.protocol,
        "input": kind,
        "samples": len(samples),
        "unusable": [sample.problem for sample in samples if sample.problem],
        "first_prompt": usable[0].question.prompt if usable else None,
    }
    if kind in ("frames", "codec"):
        cache = input_cache(config.run)
        planned = [
            visual
            for sample in usable
            if (
                visual := visual_input(
                    sample.question, kind, config.input, cache=cache, grid=wrapper.token_grid
                )
            )
        ]
        plan["planned_visual_tokens"] = sum(visual.visual_tokens for visual in planned)
        plan["planned_stamp_tokens"] = sum(visual.text_tokens for visual in planned)
    if as_json:
        print_json(plan)
        return
    for key, value in plan.items():
        output().print(Text(f"{key}: ", "bold").append(str(value)), soft_wrap=True)


def _with_data(config: RunConfig) -> RunConfig:
    """Return the configuration with the data set's name replaced by its folder.

    Checks the options first: nobody should wait for videos to learn of a misspelt key.
    """
    check_options(config)
    data = config.task.get("data")
    if not isinstance(data, str):
        return config
    folder = str(locate(data))
    return config.model_copy(update={"task": {**config.task, "data": folder}})
