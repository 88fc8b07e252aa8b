"""``evaluate``: a model and a task in, a scored run on disk out. The command line calls it too."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from evaluators.base import Task
from jumpscore.errors import DataError, UsageError
from jumpscore.harness.ask import Asked, ask
from jumpscore.harness.config import InputConfig, RunConfig, RunSettings, validated
from jumpscore.harness.controls import Control, control_of
from jumpscore.harness.factory import make_model, make_task, task_of, default_input
from jumpscore.harness.facts import run_extras, run_facts, selection
from jumpscore.harness.score import collector_paused, score_sample, summarise
from jumpscore.records import Progress, Response, Sample
from jumpscore.runs.derived import derive_all
from jumpscore.runs.failures import FailureLog
from jumpscore.runs.identity import beside_other_data, place_of
from jumpscore.runs.reader import StoredRun, holds_repeats, read_facts, read_responses, read_timing
from jumpscore.runs.writer import RunStore
from model_wrappers.base import InputKind, ModelWrapper
from model_wrappers.identity import is_ours

logger = logging.getLogger(__name__)
NOTHING_ASKED = (
    "%s: nothing was asked; all answers are those stored before (another run.name asks again)"
)


def run_config(values: Mapping[str, Any]) -> RunConfig:
    """Return a validated configuration; unknown keys and unfit values are errors.

    Raises:
        UsageError: With the key, what is known and the nearest names.
    """
    return validated(RunConfig, values, where="")


def evaluate(
    model: str | ModelWrapper,
    task: str | Task[Any],
    *,
    model_options: Mapping[str, Any] | None = None,
    task_options: Mapping[str, Any] | None = None,
    input: Mapping[str, Any] | None = None,
    run: Mapping[str, Any] | None = None,
    on_progress: Progress | None = None,
    on_derived: Progress | None = None,
) -> StoredRun:
    """Ask a model all questions of a task, score the answers, and keep everything in a folder.

    The same call again resumes: what is answered stays, what failed on our side is asked again. A
    model whose weights or code may have changed is asked everything, in a new numbered folder
    (``ModelWrapper.identity``); the run's ``asked`` is how many questions this call asked.

    Args:
        model: Name of a model, or a wrapper (from a training loop, say).
        task: Name of a task, or a task.
        model_options: Options of the named model.
        task_options: Options of the named task.
        input: Fields of ``InputConfig``.
        run: Fields of ``RunSettings``.
        on_progress: Called with (answered, all).
        on_derived: Called with (derived, all), where the task derives from answers.

    Raises:
        UsageError: A name, a key or a value is wrong, or the run's folder holds another run.
        DataError: The data set cannot be read.
        RunInterrupted: Ctrl-C; the next call goes on.
    """
    settings = validated(RunSettings, run or {}, where="run.")
    if settings.repeats > 1:
        raise UsageError(
            f"run.repeats={settings.repeats}: evaluate carries out one run; call "
            "jumpscore.evaluate_repeats with the same arguments"
        )
    with configured(model, task, model_options, task_options, input=input, settings=settings) as (
        wrapper,
        job,
        config,
    ):
        stored = carry_out(
            wrapper,
            job,
            config,
            on_progress=on_progress,
            open_model=wrapper.open,
            on_derived=on_derived,
        )
    tell_nothing_asked(stored.folder, [stored])
    return stored


@contextmanager
def configured(
    model: str | ModelWrapper,
    task: str | Task[Any],
    model_options: Mapping[str, Any] | None,
    task_options: Mapping[str, Any] | None,
    *,
    input: Mapping[str, Any] | None,
    settings: RunSettings,
) -> Iterator[tuple[ModelWrapper, Task[Any], RunConfig]]:
    """Yield model, task and the whole configuration; what was made here is closed after.

    Raises:
        UsageError: A name, a key or a value is wrong.
    """
    wrapper = make_model(model, model_options or {})
    job = make_task(task, task_options or {})
    config = RunConfig(
        model={"name": wrapper.name, **wrapper.options.model_dump(mode="json")},
        task={"name": job.name, **job.options.model_dump(mode="json")},
        input=validated(InputConfig, input or {}, where="input."),
        run=settings,
    )
    try:
        yield wrapper, job, config
    finally:
        if not isinstance(model, ModelWrapper):
            wrapper.close()
        if not isinstance(task, Task):
            job.close()


def score_run(folder: str | Path) -> StoredRun:
    """Score the stored answers of a run anew, without its model.

    Raises:
        DataError: The folder is no run, or its data set is gone or has changed.
    """
    folder = Path(folder)
    facts = read_facts(folder)
    try:
        config, task = run_config(facts["config"]), task_of(facts)
    except UsageError as error:
        raise DataError(f"{folder}: run.json is of another version or damaged ({error})") from None
    checksum = str(facts["identity"]["data"].get("checksum"))
    with closing(task):
        if task.data().checksum != checksum:
            raise UsageError(
                f"{folder}: the data set {task.data().source} has changed since the run "
                f"(checksum {task.data().checksum[:12]}, was {checksum[:12]}); run again"
            )
        samples = selected(task.load(), config.run)
        with RunStore(folder) as store:
            store.lock()
            answers, timing = read_responses(folder), read_timing(folder)
            return _write(store, task, config, samples, answers, facts["extras"], timing=timing)


def selected(samples: Sequence[Sample[Any]], settings: RunSettings) -> list[Sample[Any]]:
    """Return the samples that a run is about.

    Raises:
        UsageError: An id of ``ids`` is not in the data set, or nothing is left to ask.
    """
    chosen = list(samples)
    if settings.ids is not None:
        known = {sample.question.id for sample in chosen}
        unknown = [name for name in settings.ids if name not in known]
        if unknown:
            raise UsageError(f"run.ids names {unknown[0]!r}, which the data set does not have")
        chosen = [sample for sample in chosen if sample.question.id in settings.ids]
    if settings.shard:
        part, parts = (int(number) for number in settings.shard.split("/"))
        chosen = chosen[part::parts]
    chosen = chosen[: settings.limit]
    if not chosen:
        raise UsageError("no samples are left to ask; check the data set, run.ids and run.shard")
    return chosen


def run_folder(task: Task[Any], wrapper: ModelWrapper, config: RunConfig) -> Path:
    """Return the folder that a run's name says; by default of task, model and data set."""
    parts = [task.name, wrapper.display_name, task.data().name]
    if config.input.kind != "auto":
        parts.append(config.input.kind)
    if config.run.control != "none":
        parts.append(f"control_{config.run.control}")
    parts += [f"{key}{value}" for key, value in selection(config.run).items() if value]
    if config.run.repeats > 1:
        parts.append("repeats")
    if config.run.name:
        return config.run.folder / config.run.name
    # A data set's name is a stranger's text: no separators, no dots in front, no endless names.
    name = re.sub(r"[^\w.-]+", "_", "-".join(parts))[:120]
    return beside_other_data(config.run.folder / name, task.data().checksum)


def carry_out(
    wrapper: ModelWrapper,
    task: Task[Any],
    config: RunConfig,
    *,
    on_progress: Progress | None,
    open_model: Callable[[], None],
    on_derived: Progress | None = None,
) -> StoredRun:
    """Carry out one run: ask what is not answered yet, score everything, write it.

    Args:
        wrapper: The model.
        task: What is asked.
        config: Configuration of the run.
        on_progress: Called with (answered, all).
        open_model: Called before the first question, where there is one.
        on_derived: Called with (derived, all), where the task derives from answers.
    """
    plan = planned(wrapper, task, config)
    config, samples = plan.config, plan.samples
    if wrapper.needs_truth:
        wrapper.receive_truth({sample.question.id: sample.truth for sample in samples})
    started = time.time()
    ours = is_ours(type(wrapper))
    folder = claimed(run_folder(task, wrapper, config), plan.facts["identity"], ours=ours)
    if holds_repeats(folder):
        raise UsageError(
            f"{folder} holds repeats of a run; choose another run.name, or go on with run.repeats"
        )
    with RunStore(folder) as store:
        answers = store.open(plan.facts, ours=ours)
        questions = [s.question for s in samples if s.problem is None]
        pending = [q for q in questions if q.id not in answers or answers[q.id].error]
        if pending:
            open_model()
        asked, fresh = ask(
            wrapper,
            pending,
            _Releasing(store, task),
            kind=plan.kind,
            input=config.input,
            settings=config.run,
            complete=task.complete,
            control=plan.control,
            answered=len(questions) - len(pending),
            on_progress=on_progress,
            failures=FailureLog(folder),
        )
        answers |= fresh
        # Resuming a finished run asks nothing: what asking took stays what it was.
        timing = _timing(asked, started) if pending else read_timing(store.folder)
        run = _write(
            store,
            task,
            config,
            samples,
            answers,
            plan.facts["extras"],
            timing=timing,
            on_derived=on_derived,
        )
    return replace(run, asked=len(pending))


@dataclass(frozen=True, slots=True)
class Planned:
    """One run, before anything is asked or written.

    Attributes:
        config: Configuration of the run, with the input that is usual for the model.
        kind: What the model is shown.
        samples: Those that the run is about.
        control: Which other videos' pixels are shown, if any.
        facts: The content of ``run.json``.
    """

    config: RunConfig
    kind: InputKind
    samples: Sequence[Sample[Any]]
    control: Control | None
    facts: Mapping[str, Any]


def planned(wrapper: ModelWrapper, task: Task[Any], config: RunConfig) -> Planned:
    """Return what a run will be.

    Raises:
        UsageError: The configuration does not fit the model or the data set.
    """
    if wrapper.needs_truth and not config.run.expose_truth:
        raise UsageError(
            f"model {wrapper.name!r} answers from the truth, to test metrics with; allow it with "
            "run.expose_truth=true (the result will say so and no leaderboard takes it)"
        )
    kind, shown = default_input(wrapper, config.input)
    config = config.model_copy(update={"input": shown})
    with collector_paused():
        everything = task.load()
    samples = selected(everything, config.run)
    control = control_of(config.run.control, kind, everything, seed=config.run.seed)
    wrapper.receive_questions([sample.question for sample in everything])
    extras = run_extras(wrapper, everything)
    facts = run_facts(wrapper, task, config, samples, kind=kind, extras=extras)
    return Planned(config, kind, samples, control, facts)


def tell_nothing_asked(folder: Path, runs: Sequence[StoredRun]) -> None:
    """Warn if no question was asked: the result is an earlier one."""
    if all(run.nothing_asked for run in runs):
        logger.warning(NOTHING_ASKED, folder)


def claimed(folder: Path, identity: Mapping[str, Any], *, ours: bool) -> Path:
    """Return where a run is kept, and say why if that is not the folder of its name."""
    place = place_of(folder, identity, ours=ours)
    if place.reason is not None:
        logger.warning(
            "%s; it is not resumed, this run is stored in %s", place.reason, place.folder
        )
    return place.folder


@dataclass(frozen=True, slots=True)
class _Releasing:
    """The store, and the task that learns which of its questions are answered."""

    store: RunStore
    task: Task[Any]

    def append(self, responses: Sequence[Response]) -> None:
        """Store answers; what their questions were made of goes."""
        self.store.append(responses)
        for response in responses:
            self.task.release(response.id)


def _write(
    store: RunStore,
    task: Task[Any],
    config: RunConfig,
    samples: Sequence[Sample[Any]],
    answers: Mapping[str, Response],
    extras: Mapping[str, Any],
    *,
    timing: Mapping[str, Any],
    on_derived: Progress | None = None,
) -> StoredRun:
    """Derive and score everything, write it, and return what ``read_run`` would read."""
    derived = derive_all(task, samples, answers, store.folder, on_progress=on_derived)
    before = time.perf_counter()
    failures = FailureLog(store.folder)
    with collector_paused():
        scores = [
            score_sample(task, s, answers.get(s.question.id), derived.get(s.question.id), failures)
            for s in samples
        ]
        result = summarise(task, config, scores, extras)
    timing = {**timing, "score_seconds": round(time.perf_counter() - before, 3)}
    store.write_scores(scores, result, timing)
    facts = read_facts(store.folder)
    return StoredRun(store.folder, facts, dict(answers), tuple(scores), result, timing)


def _timing(asked: Asked, started: float) -> dict[str, Any]:
    rounded = {key: round(value, 3) for key, value in asdict(asked).items()}
    rate = asked.samples / asked.wall_seconds if asked.wall_seconds > 0 else 0.0
    return {"started_unix": round(started, 3), **rounded, "samples_per_second": round(rate, 2)}
