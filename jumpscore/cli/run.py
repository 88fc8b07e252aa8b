"""``jumpscore run``, and what other commands that run a model share."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from evaluators.base import Task
from jumpscore.cli.console import (
    late_progress,
    note_missing_files,
    notes,
    output,
    print_json,
    progress,
    rendering,
)
from jumpscore.cli.options import AllMetrics, DataRoot, Json, Overrides, Report
from jumpscore.cli.plan import show_plan
from jumpscore.errors import InterruptedRun
from jumpscore.harness import (
    RepeatedRun,
    RunConfig,
    RunInterrupted,
    open_session,
    run_config,
)
from jumpscore.harness.compose import compose
from jumpscore.harness.costs import spending
from jumpscore.harness.evaluate import carry_out
from jumpscore.harness.factory import check_options, options_of, resolve_data, task_of_config
from jumpscore.harness.repeats import AnyRun
from jumpscore.harness.session import Callbacks
from jumpscore.runs import StoredRun
from jumpscore.runs.failures import first_errors
from jumpscore.runs.long_scores import failed_scores

MOST_ERRORS = 20
"""Kinds of errors under --json."""
FETCH = "'jumpscore data fetch NAME' downloads those of a published set"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which samples are asked."""

    limit: Annotated[int | None, typer.Option(min=1, help="Ask only the first N samples.")] = None
    ids: Annotated[
        list[str] | None, typer.Option(help="Ask only the sample with this id; repeatable.")
    ] = None
    shard: Annotated[
        str | None, typer.Option(help="i/n: ask every n-th sample, starting with the i-th.")
    ] = None

    def settings(self) -> dict[str, Any]:
        """Return the ``run.`` settings that were chosen."""
        return {key: value for key, value in asdict(self).items() if value}


def run_task(
    overrides: Overrides = None,
    selection: Selection = Selection(),
    data_root: DataRoot = None,
    dry_run: Annotated[
        bool, typer.Option(help="Print what would be asked and what it costs; ask nothing.")
    ] = False,
    report: Report = True,
    everything: AllMetrics = False,
    as_json: Json = False,
) -> bool:
    """Run a model on a task; return whether samples failed."""
    values = compose(overrides or [])
    values["run"] = {**values["run"], **selection.settings()}
    config = with_data(run_config(values), data_root)
    # One task object for all steps: some take ten seconds to load.
    with closing(task_of_config(config)) as task:
        warn_of_missing_files(task)
        if dry_run:
            show_plan(config, task, as_json=as_json)
            return False
        run = start(config, task, label=str(config.model["name"]))
    return present(run, report=report, everything=everything, as_json=as_json)


def with_data(config: RunConfig, root: Path | None) -> RunConfig:
    """Return the configuration with the data set's name replaced by its folder.

    Checks the options first: a misspelt key should not cost the time to render videos.
    """
    check_options(config)
    name = config.task["name"]
    with rendering() as how:
        folders = resolve_data(name, options_of(config.task), root, how)
    return config.model_copy(update={"task": {"name": name, **folders}})


def warn_of_missing_files(task: Task[Any]) -> None:
    """Print which files the samples need and lack, before anything is asked."""
    missing = task.missing()
    if missing:
        note_missing_files(missing, FETCH, samples="will be errors")


def start(config: RunConfig, task: Task[Any], *, label: str) -> AnyRun:
    """Carry out a configuration whose task is open, with one progress bar over all repeats."""
    unit = "answers" if config.run.repeats > 1 else "videos"
    try:
        with (
            late_progress("deriving", "answers") as derived,
            progress(label, unit) as advance,
            open_session(
                config.model["name"],
                task,
                model_options=options_of(config.model),
                input=config.input.model_dump(),
                run=config.run.model_dump(),
                callbacks=Callbacks(advance, on_derived=derived),
            ) as session,
        ):
            return carry_out(session)
    except RunInterrupted as stopped:
        raise InterruptedRun(f"{stopped}; rerun the same command to resume") from None


def present(run: AnyRun, *, report: bool, everything: bool, as_json: bool) -> bool:
    """Print a run or its repeats and write a page for each; return whether samples failed."""
    is_repeated = isinstance(run, RepeatedRun)
    if report:
        # Before anything is printed: a reader that goes away must not cost the page.
        for one in run.runs:
            write_page(one)
    if as_json:
        more = (
            {"runs": [str(one.folder) for one in run.runs]} if is_repeated else {"asked": run.asked}
        )
        content = asdict(run.result) | {"folder": str(run.folder)} | more
        print_json(content | _spent(run.runs) | _errors(run.runs))
    else:
        from jumpscore.report.tables import repeats_table, run_table

        if isinstance(run, RepeatedRun):
            output().print(repeats_table(run, everything=everything))
        else:
            output().print(run_table(run, everything=everything))
    for hint in run.runs[0].record.extras.hints:
        notes().print(hint, style="yellow", soft_wrap=True)
    word = "repeats" if is_repeated else "run"
    notes().print(f"{word}: {run.folder}", style="dim", soft_wrap=True)
    return run.result.unscored > 0


def _errors(runs: Sequence[StoredRun]) -> dict[str, Any]:
    """Return the first error of each kind."""
    kinds = first_errors(score for run in runs for score in failed_scores(run.scores))
    return {"errors": [asdict(kind) for kind in kinds[:MOST_ERRORS]]}


def _spent(runs: Sequence[StoredRun]) -> dict[str, Any]:
    """Return tokens and cost of the answers of runs of one model."""
    responses = [response for run in runs for response in run.responses.values()]
    spent = spending(responses, runs[0].record.config.model.options)
    return {"tokens": asdict(spent.tokens), "cost_usd": spent.cost}


def write_page(run: StoredRun, path: Path | None = None) -> Path:
    """Write a run's page and print its path."""
    from jumpscore.report.html import write_report

    with progress("report") as advance:
        page = write_report(run, path, on_progress=advance)
    notes().print(f"report: {page}", style="dim", soft_wrap=True)
    return page
