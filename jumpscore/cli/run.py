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
from jumpscore.harness.factory import check_options, make_task, resolve_data
from jumpscore.harness.repeating import AnyRun
from jumpscore.harness.session import Callbacks
from jumpscore.runs import StoredRun
from jumpscore.runs.failures import first_errors

MOST_ERRORS = 20
"""Kinds of errors under --json."""
FETCH = "'jumpscore data fetch NAME' downloads those of a published set"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which samples are asked. Options, because Hydra would read some ids as numbers."""

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
    if isinstance(run, RepeatedRun):
        return present_repeats(run, report=report, everything=everything, as_json=as_json)
    return present(run, report=report, everything=everything, as_json=as_json)


def task_of_config(config: RunConfig) -> Task[Any]:
    """Return the task that a configuration names."""
    options = dict(config.task)
    return make_task(options.pop("name"), options)


def with_data(config: RunConfig, root: Path | None) -> RunConfig:
    """Return the configuration with the data set's name replaced by its folder.

    Checks the options first: a misspelt key should not cost the time to render videos.
    """
    check_options(config)
    options = dict(config.task)
    name = options.pop("name")
    with rendering() as how:
        folders = resolve_data(name, options, root, how)
    return config.model_copy(update={"task": {"name": name, **folders}})


def warn_of_missing_files(task: Task[Any]) -> None:
    """Print which files the samples need and lack, before anything is asked."""
    missing = task.missing()
    if missing:
        note_missing_files(missing, FETCH, samples="will be errors")


def start(config: RunConfig, task: Task[Any], *, label: str) -> AnyRun:
    """Carry out a configuration whose task is open, with one progress bar over all repeats."""
    model = dict(config.model)
    unit = "answers" if config.run.repeats > 1 else "videos"
    try:
        with (
            late_progress("deriving", "answers") as derived,
            progress(label, unit) as advance,
            open_session(
                model.pop("name"),
                task,
                model_options=model,
                input=config.input.model_dump(),
                run=config.run.model_dump(),
                callbacks=Callbacks(advance, on_derived=derived),
            ) as session,
        ):
            return carry_out(session)
    except RunInterrupted as stopped:
        raise InterruptedRun(f"{stopped}; rerun the same command to resume") from None


def present(run: StoredRun, *, report: bool, everything: bool, as_json: bool) -> bool:
    """Print a run and write its page; return whether samples failed."""
    if report:
        # Before anything is printed: a reader that goes away must not cost the page.
        write_page(run)
    if as_json:
        print_json(
            asdict(run.result)
            | {"folder": str(run.folder)}
            | _spent([run])
            | _errors([run])
            | {"asked": run.asked}
        )
    else:
        from jumpscore.report.tables import run_table

        output().print(run_table(run, everything=everything))
    for hint in run.record.extras.hints:
        notes().print(hint, style="yellow", soft_wrap=True)
    notes().print(f"run: {run.folder}", style="dim", soft_wrap=True)
    return run.result.unscored > 0


def present_repeats(
    repeated: RepeatedRun, *, report: bool, everything: bool, as_json: bool
) -> bool:
    """Print the spread over repeats and write a page for each; return whether samples failed."""
    if report:
        for run in repeated.runs:
            write_page(run)
    if as_json:
        folders = {
            "folder": str(repeated.folder),
            "runs": [str(run.folder) for run in repeated.runs],
        }
        spent, errors = _spent(repeated.runs), _errors(repeated.runs)
        print_json(asdict(repeated.result) | folders | spent | errors)
    else:
        from jumpscore.report.tables import repeats_table

        output().print(repeats_table(repeated, everything=everything))
    notes().print(f"repeats: {repeated.folder}", style="dim", soft_wrap=True)
    return repeated.result.unscored > 0


def _errors(runs: Sequence[StoredRun]) -> dict[str, Any]:
    """Return the first error of each kind."""
    kinds = first_errors(score for run in runs for score in run.scores)
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
