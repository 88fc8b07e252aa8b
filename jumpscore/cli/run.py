"""``run``, ``score``, ``compare`` and ``report``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evaluators.base import Task
from jumpscore.cli.console import notes, output, print_json, progress, tell_files
from jumpscore.cli.datasets import locate, located
from jumpscore.cli.plan import show_plan
from jumpscore.errors import InterruptedRun, UsageError
from jumpscore.harness import (
    RepeatedRun,
    RunConfig,
    RunInterrupted,
    open_session,
    read_repeats,
    run_config,
    score_repeats,
    score_run,
)
from jumpscore.harness.compose import compose
from jumpscore.harness.costs import spending
from jumpscore.harness.evaluate import carry_out
from jumpscore.harness.factory import check_options, make_task
from jumpscore.harness.repeating import AnyRun
from jumpscore.harness.session import Callbacks
from jumpscore.report.text import plural
from jumpscore.runs import StoredRun, holds_repeats, read_run
from jumpscore.runs.failures import first_errors
from jumpscore.runs.identity import beside_other_data
from jumpscore.runs.tables import SUFFIXES, write_samples
from jumpscore.studies import compare_runs, compared_metrics
from jumpscore.video import content_hash

MOST_ERRORS = 20
"""Kinds of errors under --json."""
FETCH = "'jumpscore data fetch' brings those of a published set"


def run_task(
    words: Sequence[str],
    *,
    selection: Mapping[str, Any],
    data_root: Path | None = None,
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
    config = _with_data(run_config(values), data_root)
    # One task for everything: some take ten seconds to be there.
    with closing(task_of_config(config)) as task:
        tell_missing(task)
        if dry_run:
            show_plan(config, task, as_json=as_json)
            return False
        run = start(config, task, label=str(config.model["name"]))
    if isinstance(run, RepeatedRun):
        return present_repeats(run, report=report, as_json=as_json)
    return present(run, report=report, as_json=as_json)


def score_target(
    target: Path,
    words: Sequence[str] = (),
    *,
    data: str | None,
    task: str,
    data_root: Path | None,
    out: Path,
    report: bool,
    as_json: bool,
) -> bool:
    """Score a file of answers against a data set, or a run anew; return whether samples failed.

    ``words`` are options of the task, ``task.key=value``.
    """
    if target.is_dir():
        if data is not None or words:
            raise UsageError(
                f"{target} is a run and knows its data set and options; leave out "
                f"{'--data' if data is not None else words[0]}"
            )
        if holds_repeats(target):
            return present_repeats(score_repeats(target), report=report, as_json=as_json)
        return present(score_run(target), report=report, as_json=as_json)
    if not target.exists():
        raise UsageError(f"{target}: no such file and no run; give answers or a run's folder")
    if data is None:
        raise UsageError("say which data set the answers are for: --data DIR (or mini, published)")
    folder = locate(data, root=data_root)
    # Content and data set are in the name: edited answers are another run, not a changed one.
    name = f"{task}-{target.stem}-{content_hash(target)[:8]}-{folder.resolve().name}"
    name = "-".join([name, *(word.removeprefix("task.") for word in words)])
    config = run_config(
        {
            "model": {"name": "replay", "answers": str(target)},
            "task": _task_options(task, words) | {"data": str(folder)},
            "run": {"folder": out, "name": re.sub(r"[^\w.-]+", "_", name)[:120]},
        }
    )
    config = _with_data(config, data_root)
    with closing(task_of_config(config)) as made:
        # Two data sets may lie in folders of one name.
        place = beside_other_data(out / str(config.run.name), made.data().checksum)
        named = config.run.model_copy(update={"name": place.name})
        config = config.model_copy(update={"run": named})
        run = start(config, made, label="scoring")
        assert isinstance(run, StoredRun)
        _tell_lost(made, run)
    return present(run, report=report, as_json=as_json)


def _task_options(task: str, words: Sequence[str]) -> dict[str, Any]:
    """Return a task's name with the options that words set."""
    for word in words:
        if not word.startswith("task."):
            raise UsageError(
                f"{word!r}: only options of the task mean something here: task.key=..."
            )
    if not words:
        return {"name": task}
    found: dict[str, Any] = compose([f"task={task}", *words])["task"]
    return found


def task_of_config(config: RunConfig) -> Task[Any]:
    """Return the task that a configuration names."""
    options = dict(config.task)
    return make_task(options.pop("name"), options)


def start(config: RunConfig, task: Task[Any], *, label: str) -> AnyRun:
    """Carry out a configuration, whose task is made, with one progress bar over all repeats."""
    model = dict(config.model)
    unit = "answers" if config.run.repeats > 1 else "videos"
    try:
        with (
            ExitStack() as bars,
            progress(label, unit) as advance,
            open_session(
                model.pop("name"),
                task,
                model_options=model,
                input=config.input.model_dump(),
                run=config.run.model_dump(),
                callbacks=Callbacks(advance, on_derived=_late_bar(bars)),
            ) as session,
        ):
            return carry_out(session)
    except RunInterrupted as stopped:
        raise InterruptedRun(f"{stopped}; rerun the same command to resume") from None


def _late_bar(bars: ExitStack) -> Callable[[int, int], None]:
    """Return a callback whose bar appears with its first call; most tasks derive nothing."""
    found: list[Callable[[int, int], None]] = []

    def advance(done: int, total: int) -> None:
        if not found:
            found.append(bars.enter_context(progress("deriving", "answers")))
        found[0](done, total)

    return advance


def present(run: StoredRun, *, report: bool, as_json: bool) -> bool:
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

        output().print(run_table(run))
    for hint in run.record.extras.hints:
        notes().print(hint, style="yellow", soft_wrap=True)
    notes().print(f"run: {run.folder}", style="dim", soft_wrap=True)
    return run.result.unscored > 0


def present_repeats(repeated: RepeatedRun, *, report: bool, as_json: bool) -> bool:
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

        output().print(repeats_table(repeated))
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
    """Write a run's page and say where."""
    from jumpscore.report.html import write_report

    with progress("report") as advance:
        page = write_report(run, path, on_progress=advance)
    notes().print(f"report: {page}", style="dim", soft_wrap=True)
    return page


def compare_folders(a: Path, b: Path, *, as_json: bool) -> None:
    """Print the paired comparison of two runs."""
    one, other = _read_either(a), _read_either(b)
    found = compare_runs(one, other)
    if as_json:
        print_json({name: asdict(comparison) for name, comparison in found.items()})
        return
    from jumpscore.report.tables import banner, comparison_table

    output().print(comparison_table(one, other, found, compared_metrics(one)))
    for run in (one, other):
        if isinstance(run, RepeatedRun):
            said = f"note: {run.folder} counts with the mean over its {len(run.runs)} repeats"
            output().print(said, soft_wrap=True)
        if run.result.unscored:
            output().print(banner(run.result))


def _read_either(folder: Path) -> AnyRun:
    return read_repeats(folder) if holds_repeats(folder) else read_run(folder)


def report_folder(folder: Path, out: Path | None) -> None:
    """Write the page of a stored run, or one for each of its repeats.

    To a ``.csv`` or ``.parquet`` file, write one row per sample instead.
    """
    if out is not None and out.suffix.lower() in SUFFIXES:
        table = _read_either(folder).samples()
        write_samples(table, out)
        rows = plural(len(table), "row")
        output().print(f"{out}: {rows}, one per sample", soft_wrap=True)
        return
    if not holds_repeats(folder):
        write_page(read_run(folder), out)
        return
    if out is not None:
        raise UsageError(
            f"{folder} contains repeats, which have a page each; leave out --out, or name a .csv "
            "or .parquet file"
        )
    for run in read_repeats(folder).runs:
        write_page(run)


def _with_data(config: RunConfig, root: Path | None) -> RunConfig:
    """Return the configuration with the data set's name replaced by its folder.

    Checks the options first: nobody should wait for videos to learn of a misspelt key.
    """
    check_options(config)
    return config.model_copy(update={"task": located(config.task, root)})


def _tell_lost(task: Task[Any], run: StoredRun) -> None:
    """Print which missing files left samples without a score; answers need no videos, say."""
    told = "\n".join(score.message or "" for score in run.scores if score.status == "error")
    lost = [path for path in task.missing() if path.name in told] if told else []
    if lost:
        tell_files(lost, FETCH, samples="have no score")


def tell_missing(task: Task[Any]) -> None:
    """Print which files the task's samples need and do not have, before anything is asked."""
    missing = task.missing()
    if missing:
        tell_files(missing, FETCH, samples="will be errors")
