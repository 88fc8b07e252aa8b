"""``jumpscore score``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from evaluators.base import Task
from jumpscore.cli.console import note_missing_files, rendering
from jumpscore.cli.options import AllMetrics, DataRoot, Json, Report
from jumpscore.cli.run import FETCH, present, start, with_data
from jumpscore.data.catalogue import locate
from jumpscore.errors import UsageError
from jumpscore.harness import run_config, score_repeats, score_run
from jumpscore.harness.compose import compose
from jumpscore.harness.factory import task_of_config
from jumpscore.runs import StoredRun, holds_repeats
from jumpscore.runs.folders import beside_other_data, name_of
from jumpscore.runs.long_scores import failed_scores
from jumpscore.runs.reader import RUN
from jumpscore.video import content_hash


@dataclass(frozen=True, slots=True)
class AnswersOptions:
    """Which questions a file answers."""

    data: Annotated[
        str | None, typer.Option(help="Data set that was asked about: a folder or a name.")
    ] = None
    task: Annotated[str, typer.Option(help="Task that was asked.")] = "jumpscore"
    name: Annotated[
        str | None, typer.Option(help="Name of the model that answered; default: the file's name.")
    ] = None
    data_root: DataRoot = None


def score_target(
    target: Annotated[Path, typer.Argument(help="A file of answers, or the folder of a run.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="task.key=value, such as task.convention=pixel")
    ] = None,
    answers: AnswersOptions = AnswersOptions(),
    out: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
    report: Report = True,
    everything: AllMetrics = False,
    as_json: Json = False,
) -> bool:
    """Score a file of answers, or a stored run again; return whether samples failed."""
    words = overrides or []
    if target.is_dir():
        stored = holds_repeats(target) or (target / RUN).is_file()
        if stored and (answers.data is not None or words):
            raise UsageError(
                f"{target} is a run, which contains its data set and options; leave out "
                f"{'--data' if answers.data is not None else words[0]}"
            )
        scored = score_repeats(target) if holds_repeats(target) else score_run(target)
        return present(scored, report=report, everything=everything, as_json=as_json)
    if not target.exists():
        raise UsageError(f"{target}: not found; give a file of answers or a run's folder")
    options = _task_options(answers.task, words)
    if answers.data is None:
        raise UsageError("choose the data set that was asked about: --data NAME_OR_FOLDER")
    with rendering() as how:
        folder = locate(answers.data, answers.data_root, how)
    # The name contains a digest and the data set: edited answers are another run.
    parts = [answers.task, answers.name or target.stem, content_hash(target)[:8]]
    parts += [folder.resolve().name, *(word.removeprefix("task.") for word in words)]
    config = run_config(
        {
            "model": {"name": "replay", "answers": str(target), "display_name": answers.name},
            "task": options | {"data": str(folder)},
            "run": {"folder": out, "name": name_of(parts)},
        }
    )
    config = with_data(config, answers.data_root)
    with closing(task_of_config(config)) as reader:
        # Two data sets may have folders of the same name.
        place = beside_other_data(out / str(config.run.name), reader.data().checksum)
        named = config.run.model_copy(update={"name": place.name})
        config = config.model_copy(update={"run": named})
        run = start(config, reader, label="scoring")
        assert isinstance(run, StoredRun)  # repeats are not set
        _tell_lost(reader, run)
    return present(run, report=report, everything=everything, as_json=as_json)


def _task_options(task: str, words: Sequence[str]) -> dict[str, Any]:
    """Return a task's name with the options that words set."""
    for word in words:
        if word.startswith("task.data="):
            raise UsageError(f"write --data {word.removeprefix('task.data=')} instead of {word}")
        if not word.startswith("task."):
            raise UsageError(f"{word!r}: only options of the task can be set here: task.key=...")
    if not words:
        return {"name": task}
    options: dict[str, Any] = compose([f"task={task}", *words])["task"]
    return options


def _tell_lost(task: Task[Any], run: StoredRun) -> None:
    """Print the missing files that left samples unscored; many tasks score without videos."""
    messages = "\n".join(score.message or "" for score in failed_scores(run.scores))
    lost = [path for path in task.missing() if path.name in messages] if messages else []
    if lost:
        note_missing_files(lost, FETCH, samples="have no score")
