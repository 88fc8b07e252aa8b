"""Repeats: runs that differ only in the model's seed, carried out in one session.

Two uncertainties must not be mixed: the variation between answers of one model to the same question
(the spread over repeats), and the uncertainty of the mean over other videos (the interval over
videos). Repeats add no videos, so the repeats of a video are averaged first, and the bootstrap
resamples videos.

A folder of repeats contains ``repeat-0``, ``repeat-1``, ..., each an ordinary run, and
``repeats.json``, which is written last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from evaluators.base import Task
from jumpscore.errors import DataError, UsageError
from jumpscore.harness.averages import clusters_by_name, mean_ratios, scored_by_any
from jumpscore.harness.config import RunConfig
from jumpscore.harness.factory import task_of
from jumpscore.harness.score import score_run, shared_caveats
from jumpscore.harness.session import Session, warn_if_nothing_asked
from jumpscore.jsonio import read_object, write_json
from jumpscore.records import Estimate, Result, RunResult, SampleScore
from jumpscore.runs.identity import differences
from jumpscore.runs.lines import adapter, reason_of
from jumpscore.runs.reader import (
    REPEATS,
    RUN,
    SCORES,
    StoredRun,
    read_run,
    repeat_folder,
    repeat_folders,
)
from jumpscore.scoring import bootstrap
from jumpscore.video import content_hash
from model_wrappers.base import ModelWrapper

if TYPE_CHECKING:
    from pandas import DataFrame

DIGESTS = "scores_sha256"
GREEDY = (
    "the model is greedy (model.temperature=0): its repeats measure only the noise of hardware and "
    "libraries"
)


@dataclass(frozen=True, slots=True)
class Spread:
    """One metric over repeats.

    Attributes:
        mean: Mean over the repeats that define the metric; ``None`` if no repeat does.
        sd: Standard deviation over them (n - 1); ``None`` for fewer than two.
        lowest: Smallest value of a repeat.
        highest: Largest value of a repeat.
        values: Value of every repeat, in order.
        over_videos: Estimate over all answers with the video as the unit, so its interval is for
            other videos. Its ``mean`` equals the one above if every repeat defines the metric for
            the same videos; a rate is that of all events together. ``None`` if the task does not
            aggregate by means and rates.
    """

    mean: float | None
    sd: float | None
    lowest: float | None
    highest: float | None
    values: tuple[float | None, ...]
    over_videos: Estimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedResult(Result):
    """Result of the repeats of a run; its counts and notes are sums over all repeats.

    Attributes:
        metrics: Metric name -> spread.
        repeats: Number of repeats.
        seeds: Seed of the model in each repeat.
        remarks: Sentences for the reader of the result.
    """

    metrics: Mapping[str, Spread]
    repeats: int
    seeds: tuple[int, ...]
    remarks: tuple[str, ...] = ()

    def to_pandas(self) -> DataFrame:
        """Return a data frame with one row per metric: spread over repeats, interval over videos.

        ``mean``, ``sd``, ``lowest`` and ``highest`` are over the repeats, the other columns over
        videos.
        """
        rows = {}
        for name, one in self.metrics.items():
            over = one.over_videos or Estimate(None, None, None, None, 0)
            spread = {key: getattr(one, key) for key in ("mean", "sd", "lowest", "highest")}
            rows[name] = asdict(over) | spread
        return self.table(rows)


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
        means = [(name, self.result.metrics[name].mean) for name in self.result.headline]
        headline = ", ".join(f"{name} {mean:.4g}" for name, mean in means if mean is not None)
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
        if digests != _digests(runs):
            raise ValueError("does not match the runs next to it")
    except ValueError as error:
        raise DataError(f"{folder / REPEATS}: {reason_of(error)}; {fix}") from error
    return RepeatedRun(folder, runs, result)


def _config_of(config: RunConfig, folder: Path, place: int, seed: int) -> RunConfig:
    """Return the configuration of one repeat: an ordinary run with a seed of its own."""
    name = repeat_folder(folder, place).name
    run = config.run.model_copy(update={"folder": folder, "name": name, "repeats": 1})
    return config.model_copy(update={"model": {**config.model, "seed": seed}, "run": run})


def _refuse_another(folder: Path, repeats: int) -> None:
    if (folder / RUN).exists():
        raise UsageError(f"{folder} contains a single run, not repeats; choose another run.name")
    places = repeat_folders(folder)
    if places and int(places[-1].name.rpartition("-")[2]) >= repeats:
        raise UsageError(
            f"{folder} contains {places[-1].name}, which run.repeats={repeats} would leave out; "
            "increase run.repeats, choose another run.name, or delete the repeats you do not need"
        )


def _complete(folder: Path) -> list[Path]:
    """Return the folders of all repeats; raise ``DataError`` if one or all are missing."""
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
    is_greedy = runs[0].record.config.model.options.get("temperature") == 0
    result = summarise_repeats(
        task,
        [run.result for run in runs],
        [run.scores for run in runs],
        seeds=[run.record.config.model.options["seed"] for run in runs],
        seed=runs[0].record.identity.seed,
        remarks=[GREEDY] if is_greedy else [],
    )
    write_json(folder / REPEATS, asdict(result) | {DIGESTS: _digests(runs)})
    return RepeatedRun(folder, tuple(runs), result)


def _refuse_strangers(runs: Sequence[StoredRun]) -> None:
    """Check that runs differ only in the model's seed and were scored alike."""
    for run in runs:
        changes = differences(runs[0].record.identity, run.record.identity)
        changes = [change for change in changes if not change.key.endswith(".seed")]
        if changes:
            raise DataError(f"{run.folder}: not a repeat of {runs[0].folder}; {changes[0]}")
        if not isinstance(run.record.config.model.options.get("seed"), int):
            raise DataError(f"{run.folder}: not a repeat; its model has no seed")
        if run.result.task_version != runs[0].result.task_version:
            raise DataError(
                f"{run.folder}: was scored by another version of the task than "
                f"{runs[0].folder}; 'jumpscore score {run.folder.parent}' scores all again"
            )


def _digests(runs: Sequence[StoredRun]) -> list[str]:
    return [content_hash(run.folder / SCORES) for run in runs]


def spread(values: Sequence[float | None], over_videos: Estimate | None = None) -> Spread:
    """Return the spread of a metric's values, one per repeat.

    >>> result = spread([0.25, None, 0.75])
    >>> result.mean, result.sd == 0.125**0.5, result.lowest, result.highest
    (0.5, True, 0.25, 0.75)
    """
    known = [value for value in values if value is not None]
    return Spread(
        mean=fmean(known) if known else None,
        sd=stdev(known) if len(known) > 1 else None,
        lowest=min(known, default=None),
        highest=max(known, default=None),
        values=tuple(values),
        over_videos=over_videos,
    )


def summarise_repeats(
    task: Task[Any],
    results: Sequence[RunResult],
    scores: Sequence[Sequence[SampleScore]],
    *,
    seeds: Sequence[int],
    seed: int = 0,
    remarks: Sequence[str] = (),
) -> RepeatedResult:
    """Return the common result of repeats.

    Args:
        task: Task of all repeats.
        results: Result of each repeat.
        scores: Scores of each repeat.
        seeds: Seed of the model in each repeat.
        seed: Seed of the bootstrap.
        remarks: Sentences for the reader of the result.
    """
    shared = {item.name: getattr(results[0], item.name) for item in fields(Result)}
    over_videos = {}
    # Another way to aggregate may need more than means and rates; then nothing is made up.
    if type(task).aggregate is Task.aggregate:
        names = scored_by_any(scores)
        means = mean_ratios(task.metrics, scores, names)
        over_videos = bootstrap(means, seed=seed, clusters=clusters_by_name(scores, names))
    counts, notes = Counter[str](), Counter[str]()
    for result in results:
        counts.update(result.counts)
        notes.update(result.notes)
    total, unscored = (sum(getattr(r, name) for r in results) for name in ("total", "unscored"))
    caveats = shared_caveats(results)
    if unscored:
        caveats.append(f"{unscored} of {total} answers are unscored, over all repeats")
    summed = {"counts": dict(counts), "notes": dict(notes), "total": total, "unscored": unscored}
    return RepeatedResult(
        **shared | summed | {"caveats": tuple(caveats)},
        metrics={
            name: spread([r.metrics[name].mean for r in results], over_videos.get(name))
            for name in results[0].metrics
        },
        repeats=len(results),
        seeds=tuple(seeds),
        remarks=tuple(remarks),
    )
