"""Repeats of a run: carried out with one loaded model, kept side by side, read back, scored anew.

A folder of repeats holds ``repeat-0``, ``repeat-1``, ..., each an ordinary run, and
``repeats.json``, which is written last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from evaluators.base import Task
from jumpscore.errors import DataError, UsageError
from jumpscore.harness.ask import RunInterrupted
from jumpscore.harness.config import RunConfig, RunSettings, validated
from jumpscore.harness.evaluate import (
    carry_out,
    claimed,
    configured,
    planned,
    run_folder,
    score_run,
    tell_nothing_asked,
)
from jumpscore.harness.factory import task_of
from jumpscore.harness.repeats import RepeatedResult, summarise_repeats
from jumpscore.jsonio import read_object, write_json
from jumpscore.records import Progress
from jumpscore.runs.identity import differences
from jumpscore.runs.reader import (
    REPEATS,
    RUN,
    SCORES,
    StoredRun,
    read_run,
    repeat_folder,
    repeat_folders,
)
from model_wrappers.base import ModelWrapper
from model_wrappers.identity import is_ours

if TYPE_CHECKING:
    from pandas import DataFrame

DIGESTS = "scores_sha256"


@dataclass(frozen=True)
class RepeatedRun:
    """Finished repeats of a run.

    Attributes:
        folder: That holds them.
        runs: In order of their seeds.
        result: What they are worth together.
    """

    folder: Path
    runs: tuple[StoredRun, ...]
    result: RepeatedResult

    @property
    def asked(self) -> int:
        """Questions that were asked by the call that returned this; 0 of repeats that were read."""
        return sum(run.asked for run in self.runs)

    def __repr__(self) -> str:
        headline = ", ".join(
            f"{name} {self.result.metrics[name].mean:.4g}"
            for name in self.result.headline
            if self.result.metrics[name].mean is not None
        )
        return (
            f"<RepeatedRun {self.folder}: {len(self.runs)} repeats of {self.result.model} on "
            f"{self.result.data}: {headline or 'no score'}>"
        )

    def samples(self) -> DataFrame:
        """Return a pandas data frame with one row per sample and repeat, counted from 0."""
        import pandas as pd

        tables = [run.samples().assign(repeat=place) for place, run in enumerate(self.runs)]
        return pd.concat(tables, ignore_index=True)


AnyRun = StoredRun | RepeatedRun


def evaluate_repeats(
    model: str | ModelWrapper,
    task: str | Task[Any],
    *,
    model_options: Mapping[str, Any] | None = None,
    task_options: Mapping[str, Any] | None = None,
    input: Mapping[str, Any] | None = None,
    run: Mapping[str, Any] | None = None,
    on_progress: Progress | None = None,
    on_derived: Progress | None = None,
) -> RepeatedRun:
    """Carry out ``run["repeats"]`` runs that differ in the model's seed only: seed, seed + 1, ...

    The model is opened once. The same call again resumes; a larger number of repeats adds some.

    Args:
        model: Name of a model that has an option ``seed``, or its wrapper.
        task: Name of a task, or a task.
        model_options: Options of the named model.
        task_options: Options of the named task.
        input: Fields of ``InputConfig``.
        run: Fields of ``RunSettings``.
        on_progress: Called with (answered, all), over all repeats.
        on_derived: Called with (derived, all) of each repeat, where the task derives.

    Raises:
        UsageError: As for ``evaluate``; or the model has no seed, or the folder holds more repeats.
        DataError: The data set cannot be read.
        RunInterrupted: Ctrl-C; the next call goes on with the repeat that was interrupted.
    """
    settings = validated(RunSettings, run or {}, where="run.")
    if settings.repeats < 2:
        raise UsageError(
            "run.repeats=1: one run has no spread; call evaluate, or ask for 2 or more"
        )
    with configured(model, task, model_options, task_options, input=input, settings=settings) as (
        wrapper,
        job,
        config,
    ):
        first = check_repeatable(wrapper)
        folder = run_folder(job, wrapper, config)
        identity = planned(wrapper, job, _config_of(config, folder, 0, first)).record.identity
        folder = claimed(folder, identity, ours=is_ours(type(wrapper)))
        _refuse_another(folder, settings.repeats)
        try:
            runs = _carry_out_each(wrapper, job, config, folder, first, on_progress, on_derived)
        finally:
            wrapper.reseed(first)  # a wrapper from outside is handed back as it came
        tell_nothing_asked(folder, runs)
        return _write(folder, job, runs)


def check_repeatable(wrapper: ModelWrapper) -> int:
    """Return the seed of a model whose repeats may differ.

    Raises:
        UsageError: It has none.
    """
    seed = getattr(wrapper.options, "seed", 0)
    if not isinstance(seed, int):
        raise UsageError(f"model.seed={seed}: repeats count up from a seed; set it to a number")
    wrapper.reseed(seed)
    return seed


def score_repeats(folder: Path) -> RepeatedRun:
    """Score the stored answers of all repeats anew, without their model.

    Raises:
        DataError: As for ``score_run``; or a repeat is missing.
    """
    runs = [score_run(place) for place in _complete(folder)]
    return _write(folder, task_of(runs[0].record), runs)


def read_repeats(folder: str | Path) -> RepeatedRun:
    """Read finished repeats.

    Raises:
        DataError: One is not finished or damaged, or another one than was summarised.
    """
    folder = Path(folder)
    places = _complete(folder)
    if not (folder / REPEATS).exists():
        raise DataError(
            f"{folder}: not all repeats are finished; start the same command again to go on, or "
            f"take what is there with 'jumpscore score {folder}'"
        )
    fix = f"'jumpscore score {folder}' writes it anew"
    stored = read_object(folder / REPEATS, fix=fix)
    digests = stored.pop(DIGESTS, None)
    runs = tuple(read_run(place) for place in places)
    _refuse_strangers(runs)
    try:
        # As JSON: only there a list is as good as a tuple.
        result = _adapter().validate_json(json.dumps(stored))
    except ValidationError as error:
        first = error.errors()[0]
        what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise DataError(f"{folder / REPEATS}: is damaged ({what}); {fix}") from error
    if digests != _digests(runs):
        raise DataError(f"{folder / REPEATS}: is not of the runs beside it; {fix}")
    return RepeatedRun(folder, runs, result)


def _carry_out_each(
    wrapper: ModelWrapper,
    task: Task[Any],
    config: RunConfig,
    folder: Path,
    first: int,
    on_progress: Progress | None,
    on_derived: Progress | None,
) -> list[StoredRun]:
    """Return the repeats, carried out one after another with one opened model."""
    open_once = cache(wrapper.open)
    runs: list[StoredRun] = []
    count = config.run.repeats
    for place in range(count):
        wrapper.reseed(first + place)
        try:
            run = carry_out(
                wrapper,
                task,
                _config_of(config, folder, place, first + place),
                on_progress=_within_all(on_progress, place, count),
                open_model=open_once,
                on_derived=on_derived,
            )
        except RunInterrupted as kept:
            answered = place * kept.total + kept.answered
            raise RunInterrupted(answered, count * kept.total) from None
        if not runs:
            # It is the same configuration, so the spread will be written anew.
            (folder / REPEATS).unlink(missing_ok=True)
        runs.append(run)
    return runs


def _config_of(config: RunConfig, folder: Path, place: int, seed: int) -> RunConfig:
    """Return the configuration of one repeat: an ordinary run with a seed of its own."""
    name = repeat_folder(folder, place).name
    run = config.run.model_copy(update={"folder": folder, "name": name, "repeats": 1})
    return config.model_copy(update={"model": {**config.model, "seed": seed}, "run": run})


def _within_all(on_progress: Progress | None, place: int, count: int) -> Progress | None:
    if on_progress is None:
        return None
    return lambda done, total: on_progress(place * total + done, count * total)


def _refuse_another(folder: Path, repeats: int) -> None:
    """Refuse a folder that holds one run, or more repeats than are wanted: none is left out."""
    if (folder / RUN).exists():
        raise UsageError(f"{folder} holds one run and no repeats; choose another run.name")
    found = repeat_folders(folder)
    if found and int(found[-1].name.rpartition("-")[2]) >= repeats:
        raise UsageError(
            f"{folder} holds {found[-1].name}, which run.repeats={repeats} would leave out; ask "
            "for more repeats, choose another run.name, or delete what you do not want"
        )


def _complete(folder: Path) -> list[Path]:
    """Return the folders of all repeats.

    Raises:
        DataError: There is none, or one between others is missing.
    """
    found = repeat_folders(folder)
    if not found:
        raise DataError(f"{folder}: holds no repeats of a run")
    for place, path in enumerate(found):
        if path != repeat_folder(folder, place):
            raise DataError(
                f"{repeat_folder(folder, place)}: is missing; start the same command again"
            )
    return found


def _write(folder: Path, task: Task[Any], runs: Sequence[StoredRun]) -> RepeatedRun:
    """Write ``repeats.json`` and return what ``read_repeats`` would read."""
    _refuse_strangers(runs)
    remarks = []
    if runs[0].record.config.model.options.get("temperature") == 0:
        remarks.append(
            "the model is greedy (model.temperature=0): its repeats tell only the noise of what "
            "runs it"
        )
    result = summarise_repeats(
        task,
        [run.result for run in runs],
        [run.scores for run in runs],
        seeds=[_seed_of(run) for run in runs],
        seed=runs[0].record.identity.seed,
        remarks=remarks,
    )
    write_json(folder / REPEATS, asdict(result) | {DIGESTS: _digests(runs)})
    return RepeatedRun(folder, tuple(runs), result)


def _seed_of(run: StoredRun) -> int:
    seed = run.record.config.model.options.get("seed")
    if not isinstance(seed, int):
        raise DataError(f"{run.folder}: is no repeat; its model has no seed")
    return seed


def _refuse_strangers(runs: Sequence[StoredRun]) -> None:
    """Check that runs differ in nothing but the model's seed.

    Raises:
        DataError: They do, or were scored by other versions of the task.
    """
    for run in runs:
        changes = differences(runs[0].record.identity, run.record.identity)
        changes = [change for change in changes if not change.key.endswith(".seed")]
        if changes:
            raise DataError(f"{run.folder}: is no repeat of {runs[0].folder}; its {changes[0]}")
        if run.result.task_version != runs[0].result.task_version:
            raise DataError(
                f"{run.folder}: was scored by another version of the task than "
                f"{runs[0].folder}; 'jumpscore score {run.folder.parent}' scores all anew"
            )


def _digests(runs: Sequence[StoredRun]) -> list[str]:
    return [hashlib.sha256((run.folder / SCORES).read_bytes()).hexdigest() for run in runs]


@cache
def _adapter() -> TypeAdapter[RepeatedResult]:
    return TypeAdapter(RepeatedResult)
