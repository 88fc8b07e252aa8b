"""A session: one model and one task, opened once, and any number of runs."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from evaluators.base import Task
from jumpscore.conf.settings import validated
from jumpscore.errors import UsageError
from jumpscore.harness.blind_baseline import blind_answers
from jumpscore.harness.config import InputConfig, RunConfig, RunSettings
from jumpscore.harness.engines.blueprint import Received
from jumpscore.harness.engines.cached import CachedEngine, Keys, why_not_reused
from jumpscore.harness.engines.engine import Asked, Engine, RunInterrupted
from jumpscore.harness.engines.local import LocalEngine
from jumpscore.harness.engines.ray_cluster import RayEngine
from jumpscore.harness.factory import make_model, make_task
from jumpscore.harness.facts import run_extras, run_record, selection
from jumpscore.harness.input import InputPlan
from jumpscore.harness.score import Scorer, collector_paused
from jumpscore.harness.windows import WindowedEngine, check_task
from jumpscore.records import Progress, Question, Response
from jumpscore.runs.failures import FailureLog
from jumpscore.runs.folders import beside_other_data, name_of, place_of
from jumpscore.runs.reader import StoredRun, holds_repeats, read_timing
from jumpscore.runs.record import RunRecord
from jumpscore.runs.response_cache import ResponseCache
from jumpscore.runs.windows import WindowStore
from jumpscore.runs.writer import RunStore
from model_wrappers.base import ModelWrapper
from model_wrappers.identity import is_ours

logger = logging.getLogger(__name__)
NOTHING_ASKED = (
    "%s: nothing was asked; all answers were stored before (set another run.name=... to ask again; "
    "for an ablation, another --out)"
)


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What a session calls while it works.

    Attributes:
        on_progress: Called with (answered, all), over all runs of the session.
        on_derived: Called with (derived, all) of each run, if the task derives from responses.
    """

    on_progress: Progress | None = None
    on_derived: Progress | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """One run before anything is asked or written.

    Attributes:
        input: What the model is shown.
        scorer: Task, samples and configuration; its ``input`` has the defaults of the model.
        record: Content of ``run.json``.
        everything: All questions of the data set.
    """

    input: InputPlan
    scorer: Scorer
    record: RunRecord
    everything: tuple[Question, ...]

    @property
    def questions(self) -> list[Question]:
        """The questions to ask; unusable samples are left out."""
        return [s.question for s in self.scorer.samples if s.problem is None]


class Session:
    """One model, one task and any number of runs. The model opens when there is a question to ask.

    Attributes:
        wrapper: The model.
        task: The task.
        config: Configuration that the runs share.
        callbacks: Called while the session works.
    """

    def __init__(
        self,
        wrapper: ModelWrapper,
        task: Task[Any],
        config: RunConfig,
        callbacks: Callbacks | None = None,
    ) -> None:
        self.wrapper = wrapper
        self.task = task
        self.config = config
        self.callbacks = callbacks or Callbacks()
        self._opened = False

    def carry_out(self, configs: Sequence[RunConfig]) -> Iterator[StoredRun]:
        """Carry out runs over the same samples, one after another, and yield each when finished.

        Args:
            configs: Configurations of the runs. A ``seed`` of the model other than its own is set
                for that run and reset at the end.

        Raises:
            UsageError: A configuration does not fit the model, the data set or the run's folder.
            RunInterrupted: Ctrl-C, counted over all runs.
        """
        # The first seed is that of a wrapper whose seed is not an option.
        seed = getattr(self.wrapper.options, "seed", configs[0].model.get("seed"))
        try:
            for place, config in enumerate(configs):
                self._reseed(config.model.get("seed"))
                yield self._carry_out(config, place, len(configs))
        finally:
            self._reseed(seed)

    def plan(self, config: RunConfig) -> Planned:
        """Return the plan of one run.

        Raises:
            UsageError: The configuration does not fit the model or the data set.
        """
        wrapper, task = self.wrapper, self.task
        if wrapper.needs_truth and not config.run.expose_truth:
            raise UsageError(
                f"model {wrapper.name!r} answers from the truth, to test metrics with; allow it "
                "with run.expose_truth=true (the result records it, and no leaderboard accepts it)"
            )
        config.run.check_engine()
        plan = InputPlan.resolve(wrapper, config.input)
        check_task(task, plan)
        with collector_paused():
            everything = task.load()
        samples = config.run.select(everything)
        plan = plan.in_run(config.run, everything)
        config = config.model_copy(update={"input": plan.config})
        questions = tuple(sample.question for sample in everything)
        wrapper.receive_questions(questions)
        extras = run_extras(wrapper, everything)
        record = run_record(wrapper, task, config, samples, kind=plan.kind, extras=extras)
        return Planned(plan, Scorer(task, config, samples, extras), record, questions)

    def folder_of(self, config: RunConfig) -> Path:
        """Return the folder of a run, named after task, model and data set by default."""
        if config.run.name:
            return config.run.folder / config.run.name
        data = self.task.data()
        parts = [self.task.name, self.wrapper.display_name, data.name]
        if config.input.kind != "auto":
            parts.append(config.input.kind)
        if config.input.window is not None:
            parts.append(f"windows{config.input.window:g}")
        if config.run.control != "none":
            parts.append(f"control_{config.run.control}")
        parts += [f"{key}{value}" for key, value in selection(config.run).items() if value]
        if config.run.repeats > 1:
            parts.append("repeats")
        return beside_other_data(config.run.folder / name_of(parts), data.checksum)

    def claim(self, folder: Path, planned: Planned) -> Path:
        """Return the folder to store a run in; log the reason if it is not the named one."""
        ours = is_ours(type(self.wrapper))
        place = place_of(folder, planned.record.identity, ours=ours)
        if place.reason is not None:
            logger.warning(
                "%s; it is not resumed, this run is stored in %s", place.reason, place.folder
            )
        return place.folder

    def _reseed(self, seed: Any) -> None:
        if seed is not None and seed != getattr(self.wrapper.options, "seed", None):
            self.wrapper.reseed(seed)

    def _carry_out(self, config: RunConfig, place: int, runs: int) -> StoredRun:
        """Ask what is not answered yet, score everything, write it.

        Args:
            config: Configuration of the run.
            place: Number of the run in the session, from 0.
            runs: Number of runs of the session.
        """
        planned = self.plan(config)
        wrapper, samples = self.wrapper, planned.scorer.samples
        truth = {s.question.id: s.truth for s in samples} if wrapper.needs_truth else None
        blind = blind_answers(samples) if wrapper.answers_blindly else None
        if truth is not None:
            wrapper.receive_truth(truth)
        if blind is not None:
            wrapper.receive_blind_answers(blind)
        received = Received(planned.everything, truth, blind)
        started = time.time()
        folder = self.claim(self.folder_of(planned.scorer.config), planned)
        if holds_repeats(folder):
            raise UsageError(
                f"{folder} contains repeats of a run; choose another run.name, or set run.repeats"
            )
        with RunStore(folder) as store:
            responses = store.open(planned.record, ours=is_ours(type(wrapper)))
            questions = planned.questions
            pending = [q for q in questions if q.id not in responses or responses[q.id].error]
            before = (place + 1) * len(questions) - len(pending)
            total = runs * len(questions)
            engine = self._engine(planned, received, store.folder)
            cost, fresh = self._ask(engine, pending, store, before=before, total=total)
            responses |= fresh
            # Resuming a finished run asks nothing, so what asking took stays as it was.
            timing = _timing(cost, started) if pending else read_timing(folder)
            run = planned.scorer.finish(
                store, responses, timing, on_derived=self.callbacks.on_derived
            )
        return replace(run, asked=len(pending))

    def _engine(self, planned: Planned, received: Received, folder: Path) -> Engine:
        """Return the engine of a run in a folder."""
        settings, plan = planned.scorer.config.run, planned.input
        complete, failures = self.task.complete, FailureLog(folder)
        engine: Engine
        if settings.engine == "ray":
            engine = RayEngine(self.wrapper, plan, settings, received, complete, failures)
        else:
            engine = LocalEngine(self.wrapper, plan, settings, complete, failures, received)
        engine = self._reusing(engine, planned)
        if plan.config.window is None:
            return engine
        return WindowedEngine(engine, plan, WindowStore(folder))

    def _reusing(self, engine: Engine, planned: Planned) -> Engine:
        """Return an engine that answers from earlier runs first, if the run asks for it."""
        if not planned.scorer.config.run.reuse:
            return engine
        reason = why_not_reused(self.wrapper, planned.input, planned.record)
        if reason is not None:
            logger.warning("run.reuse has no effect: %s", reason)
            return engine
        return CachedEngine(
            engine,
            ResponseCache.default(),
            Keys.of(self.wrapper, planned.input, planned.record),
            before=self._open if isinstance(engine, LocalEngine) else lambda: None,
            complete=self.task.complete,
            release=self.task.release,
        )

    def _open(self) -> None:
        if not self._opened:
            self.wrapper.open()
            self._opened = True

    def _ask(
        self,
        engine: Engine,
        pending: Sequence[Question],
        store: RunStore,
        *,
        before: int,
        total: int,
    ) -> tuple[Asked, dict[str, Response]]:
        """Ask questions; ``before`` of all ``total`` of the session are answered already."""
        on_progress = self.callbacks.on_progress

        def advance(done: int, _: int = 0) -> None:
            if on_progress is not None:
                on_progress(before + done, total)

        advance(0)  # before the model loads, which may take minutes
        asker = engine.engine if isinstance(engine, WindowedEngine) else engine
        if pending and isinstance(asker, LocalEngine):
            self._open()
        try:
            return engine.ask(pending, _Releasing(store, self.task), on_progress=advance)
        except RunInterrupted as stopped:
            raise RunInterrupted(before + stopped.answered, total) from None


@contextmanager
def open_session(
    model: str | ModelWrapper,
    task: str | Task[Any],
    *,
    model_options: Mapping[str, Any] | None = None,
    task_options: Mapping[str, Any] | None = None,
    input: Mapping[str, Any] | None = None,
    run: Mapping[str, Any] | None = None,
    callbacks: Callbacks | None = None,
) -> Iterator[Session]:
    """Yield a session; close the model and the task afterwards if they were made here.

    Args:
        model: Name of a model, or a wrapper.
        task: Name of a task, or a task.
        model_options: Options of the named model.
        task_options: Options of the named task.
        input: Fields of ``InputConfig``.
        run: Fields of ``RunSettings``.
        callbacks: Called while the session works.

    Raises:
        UsageError: A name, a key or a value is wrong.
    """
    _check_mapping("model_options", model_options, {"period": 0.5})
    _check_mapping("task_options", task_options, {"data": "mini"})
    _check_mapping("input", input, {"kind": "frames"})
    _check_mapping("run", run, {"limit": 10})
    settings = validated(RunSettings, run or {}, where="run.")
    wrapper = make_model(model, model_options or {})
    job = make_task(task, task_options or {})
    config = RunConfig(
        model={"name": wrapper.name, **wrapper.options.model_dump(mode="json")},
        task={"name": job.name, **job.options.model_dump(mode="json")},
        input=validated(InputConfig, input or {}, where="input."),
        run=settings,
    )
    try:
        yield Session(wrapper, job, config, callbacks)
    finally:
        if not isinstance(model, ModelWrapper):
            wrapper.close()
        if not isinstance(task, Task):
            job.close()


def _check_mapping(name: str, value: Any, example: Mapping[str, Any]) -> None:
    if value is not None and not isinstance(value, Mapping):
        words = json.dumps(example)
        raise UsageError(f"{name} must be a mapping, such as {name}={words} (got {value!r:.60})")


def warn_if_nothing_asked(folder: Path, runs: Sequence[StoredRun]) -> None:
    """Log a warning if no question was asked: the result is an earlier one."""
    if all(run.nothing_asked for run in runs):
        logger.warning(NOTHING_ASKED, folder)


@dataclass(frozen=True, slots=True)
class _Releasing:
    """Stores responses and lets the task release what it made for their questions."""

    store: RunStore
    task: Task[Any]

    def append(self, responses: Sequence[Response]) -> None:
        self.store.append(responses)
        for response in responses:
            self.task.release(response.id)


def _timing(cost: Asked, started: float) -> dict[str, Any]:
    rounded = {key: round(value, 3) for key, value in asdict(cost).items()}
    rate = cost.samples / cost.wall_seconds if cost.wall_seconds > 0 else 0.0
    return {"started_unix": round(started, 3), **rounded, "samples_per_second": round(rate, 2)}
