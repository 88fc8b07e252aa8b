"""The local engine: requests are prepared ahead, answered in batches, stored at once.

They are prepared in threads or, for wrappers that declare it, in processes (see ``processes``).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, as_completed, wait
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from jumpscore.harness.config import RunSettings
from jumpscore.harness.engines.blueprint import Blueprint, Received
from jumpscore.harness.engines.engine import Asked, RunInterrupted, Sink
from jumpscore.harness.engines.processes import Processes, processes_for
from jumpscore.harness.engines.steps import Answered, Completion, Prepared, answer, prepare
from jumpscore.harness.engines.threads import Threads, in_background
from jumpscore.harness.engines.watch import Watch
from jumpscore.harness.input import InputPlan
from jumpscore.records import Progress, Question, Response
from jumpscore.runs.failures import FailureLog
from model_wrappers.base import ModelWrapper


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """Asks one model questions.

    Attributes:
        wrapper: The model, open unless there is nothing to ask.
        input: What the model is shown.
        settings: Number of threads, and of requests prepared ahead.
        complete: Called first, in the pool, for questions that are made just in time.
        failures: Log for the tracebacks of unexpected errors.
        received: What the wrapper received; processes that prepare make the same wrapper.
    """

    wrapper: ModelWrapper
    input: InputPlan
    settings: RunSettings
    complete: Completion | None = None
    failures: FailureLog | None = None
    received: Received = field(default_factory=Received)

    def ask(
        self, questions: Sequence[Question], sink: Sink, *, on_progress: Progress | None = None
    ) -> tuple[Asked, dict[str, Response]]:
        """Answer every question and store every response; see ``Engine``.

        Raises:
            RunInterrupted: The user pressed Ctrl-C.
        """
        started = time.perf_counter()
        preparing, generating = 0.0, 0.0
        responses: dict[str, Response] = {}
        with Watch() as watch, closing(self._answered(questions, watch)) as batches:
            try:
                for batch in batches:
                    sink.append(batch.responses)
                    if self.failures is not None:
                        self.failures.store(batch.failures)
                    responses |= {response.id: response for response in batch.responses}
                    generating += batch.generate_seconds
                    preparing += batch.prepare_seconds
                    if on_progress:
                        on_progress(len(responses), len(questions))
            except KeyboardInterrupt:
                raise RunInterrupted(len(responses), len(questions)) from None
        wall = time.perf_counter() - started
        return Asked(len(questions), preparing, generating, wall), responses

    def _answered(
        self, questions: Sequence[Question], watch: Watch
    ) -> Generator[Answered, None, None]:
        """Yield answered batches, and end what prepared them."""
        threads, processes = Threads(self.settings.workers), self._processes(len(questions))
        prepare = partial(self._prepare, processes, watch)
        try:
            yield from self._answer_each(self._prepare_ahead(threads, questions, prepare), watch)
        finally:
            threads.close()
            if processes is not None:
                processes.close()

    def _processes(self, questions: int) -> Processes | None:
        if not self.wrapper.prepares_in_processes:
            return None
        blueprint = Blueprint.of(self.wrapper, self.input, self.received)
        return processes_for(blueprint, questions, self.settings.workers)

    def _prepare_ahead(
        self,
        threads: Threads,
        questions: Sequence[Question],
        prepare: Callable[[Question], Prepared],
    ) -> Iterator[Future[Prepared]]:
        """Yield futures of requests, in order, with at least ``settings.ahead`` in preparation."""
        waiting: deque[Future[Prepared]] = deque()
        # A generous head start costs only memory if preparing is trivial.
        ahead = max(self.settings.ahead, self.wrapper.batch_size, self.wrapper.concurrency)
        for question in questions:
            waiting.append(threads.submit(partial(prepare, question)))
            if len(waiting) >= ahead:
                yield waiting.popleft()
        yield from waiting

    def _prepare(self, processes: Processes | None, watch: Watch, question: Question) -> Prepared:
        with watch.step("prepared", [question.id]):
            if processes is not None and processes.pay():
                elsewhere = processes.prepare(question, self.complete)
                if elsewhere is not None:
                    return elsewhere
            prepared = prepare(self.wrapper, self.input, question, self.complete)
        if processes is not None:
            processes.measured(prepared)
        return prepared

    def _answer_each(
        self, prepared: Iterator[Future[Prepared]], watch: Watch
    ) -> Generator[Answered, None, None]:
        """Yield answered batches: in order, or as they finish if the wrapper is concurrent."""
        wrapper = self.wrapper
        if wrapper.concurrency <= 1:
            for batch in _batches(prepared, wrapper.batch_size):
                yield self._answer([item.result() for item in batch], watch)
            return
        running: set[Future[Answered]] = set()
        for batch in _batches(prepared, wrapper.batch_size):
            preparing = set(batch)
            while preparing or len(running) >= wrapper.concurrency:
                # Responses are stored as soon as they are there, so that none can be lost.
                pending: set[Future[Any]] = {*running, *preparing}
                ended, _ = wait(pending, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in running & ended)
                running -= ended
                preparing -= ended
            whole = [item.result() for item in batch]
            running.add(in_background(partial(self._answer, whole, watch), "generate"))
        for future in as_completed(running):
            yield future.result()

    def _answer(self, batch: Sequence[Prepared], watch: Watch) -> Answered:
        with watch.step("answered", [item.question.id for item in batch]):
            return answer(self.wrapper, batch)


def _batches(prepared: Iterator[Future[Prepared]], size: int) -> Iterator[list[Future[Prepared]]]:
    batch: list[Future[Prepared]] = []
    for item in prepared:
        batch.append(item)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
