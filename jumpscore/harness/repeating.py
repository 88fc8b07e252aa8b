"""Repeats of a run: carried out in one session, stored side by side, read back, scored again.

A folder of repeats contains ``repeat-0``, ``repeat-1``, ..., each an ordinary run, and
``repeats.json``, which is written last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from evaluators.base import Task
from jumpscore.errors import DataError, UsageError
from jumpscore.harness.config import RunConfig
from jumpscore.harness.factory import task_of
from jumpscore.harness.repeats import RepeatedResult, summarise_repeats
from jumpscore.harness.score import score_run
from jumpscore.harness.session import Session, warn_if_nothing_asked
from jumpscore.jsonio import read_object, write_json
from jumpscore.runs.identity import differences
from jumpscore.runs.lines import adapter
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

if TYPE_CHECKING:
    from pandas import DataFrame

DIGESTS = "scores_sha256"


@dataclass(frozen=True)
class RepeatedRun:
    """Finished repeats of a run.

    Attributes:
        folder: Folder of all repeats.
        runs: Runs in the order of their seeds.
        result: Common result of the repeats.
    """

    folder: Path
    runs: tuple[StoredRun, ...]
    result: RepeatedResult

    @property
    def asked(self) -> int:
        """Number of questions asked by the call that returned this; 0 if read from disk."""
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


def carry_out_repeats(session: Session) -> RepeatedRun:
    """Carry out the runs of a session that differ in the model's seed only: seed, seed + 1, ...

    Run it again to resume; a larger number of repeats adds runs.

    Raises:
        UsageError: The model has no seed, or the folder contains more repeats or another run.
        RunInterrupted: Ctrl-C; the next call resumes the repeat that was interrupted.
    """
    config = session.config
    seed = check_repeatable(session.wrapper)
    folder = session.folder_of(config)
    folder = session.claim(folder, session.plan(_config_of(config, folder, 0, seed)))
    _refuse_another(folder, config.run.repeats)
    configs = [_config_of(config, folder, i, seed + i) for i in range(config.run.repeats)]
    runs: list[StoredRun] = []
    for run in session.carry_out(configs):
        # The first repeat was not refused: same configuration, so the summary is written again.
        (folder / REPEATS).unlink(missing_ok=True)
        runs.append(run)
    warn_if_nothing_asked(folder, runs)
    return _write(folder, session.task, runs)


def check_repeatable(wrapper: ModelWrapper) -> int:
    """Return the seed of a model whose repeats may differ.

    Raises:
        UsageError: The model has no seed.
    """
    seed = getattr(wrapper.options, "seed", 0)
    if not isinstance(seed, int):
        raise UsageError(f"model.seed={seed}: repeats count up from a seed; set it to a number")
    wrapper.reseed(seed)
    return seed


def score_repeats(folder: Path) -> RepeatedRun:
    """Score the stored answers of all repeats again, without their model.

    Raises:
        DataError: A repeat is missing, or cannot be scored (see ``score_run``).
    """
    runs = [score_run(place) for place in _complete(folder)]
    return _write(folder, task_of(runs[0].record), runs)


def read_repeats(folder: str | Path) -> RepeatedRun:
    """Read finished repeats.

    Raises:
        DataError: A repeat is unfinished or damaged, or differs from the summary.
    """
    folder = Path(folder)
    places = _complete(folder)
    if not (folder / REPEATS).exists():
        raise DataError(
            f"{folder}: not all repeats are finished; rerun the same command to resume, or "
            f"summarise the finished ones with 'jumpscore score {folder}'"
        )
    fix = f"'jumpscore score {folder}' writes it again"
    stored = read_object(folder / REPEATS, fix=fix)
    digests = stored.pop(DIGESTS, None)
    runs = tuple(read_run(place) for place in places)
    _refuse_strangers(runs)
    try:
        result: RepeatedResult = adapter(RepeatedResult).validate_python(stored)
    except ValidationError as error:
        first = error.errors()[0]
        what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise DataError(f"{folder / REPEATS}: is damaged ({what}); {fix}") from error
    if digests != _digests(runs):
        raise DataError(f"{folder / REPEATS}: does not match the runs next to it; {fix}")
    return RepeatedRun(folder, runs, result)


def _config_of(config: RunConfig, folder: Path, place: int, seed: int) -> RunConfig:
    """Return the configuration of one repeat: an ordinary run with a seed of its own."""
    name = repeat_folder(folder, place).name
    run = config.run.model_copy(update={"folder": folder, "name": name, "repeats": 1})
    return config.model_copy(update={"model": {**config.model, "seed": seed}, "run": run})


def _refuse_another(folder: Path, repeats: int) -> None:
    """Refuse a folder with a single run, or with more repeats than configured."""
    if (folder / RUN).exists():
        raise UsageError(f"{folder} contains a single run, not repeats; choose another run.name")
    places = repeat_folders(folder)
    if places and int(places[-1].name.rpartition("-")[2]) >= repeats:
        raise UsageError(
            f"{folder} contains {places[-1].name}, which run.repeats={repeats} would leave out; "
            "increase run.repeats, choose another run.name, or delete the repeats you do not need"
        )


def _complete(folder: Path) -> list[Path]:
    """Return the folders of all repeats.

    Raises:
        DataError: The folder contains no repeats, or one of them is missing.
    """
    places = repeat_folders(folder)
    if not places:
        raise DataError(f"{folder}: contains no repeats of a run")
    for number, path in enumerate(places):
        if path != repeat_folder(folder, number):
            raise DataError(f"{repeat_folder(folder, number)}: is missing; rerun the same command")
    return places


def _write(folder: Path, task: Task[Any], runs: Sequence[StoredRun]) -> RepeatedRun:
    """Write ``repeats.json`` and return what ``read_repeats`` would read."""
    _refuse_strangers(runs)
    remarks = []
    if runs[0].record.config.model.options.get("temperature") == 0:
        remarks.append(
            "the model is greedy (model.temperature=0): its repeats measure only the noise of "
            "hardware and libraries"
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
        raise DataError(f"{run.folder}: not a repeat; its model has no seed")
    return seed


def _refuse_strangers(runs: Sequence[StoredRun]) -> None:
    """Check that runs differ only in the model's seed.

    Raises:
        DataError: They differ in something else, or were scored by different versions of the task.
    """
    for run in runs:
        changes = differences(runs[0].record.identity, run.record.identity)
        changes = [change for change in changes if not change.key.endswith(".seed")]
        if changes:
            raise DataError(f"{run.folder}: not a repeat of {runs[0].folder}; {changes[0]}")
        if run.result.task_version != runs[0].result.task_version:
            raise DataError(
                f"{run.folder}: was scored by another version of the task than "
                f"{runs[0].folder}; 'jumpscore score {run.folder.parent}' scores all again"
            )


def _digests(runs: Sequence[StoredRun]) -> list[str]:
    return [hashlib.sha256((run.folder / SCORES).read_bytes()).hexdigest() for run in runs]
