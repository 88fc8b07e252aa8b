"""Asking a model: requests are prepared ahead in a pool, answered in batches, stored at once."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ThreadPoolExecutor,
    as_completed,
    wait,
)
from dataclasses import dataclass, replace
from typing import Any, Protocol

from jumpscore.harness.config import RunSettings
from jumpscore.harness.input import InputPlan
from jumpscore.records import Progress, Question, Response
from jumpscore.runs.failures import FailureLog, describe
from jumpscore.runs.lines import response_problem
from jumpscore.video.budgets import unlike_plan
from model_wrappers.base import ModelWrapper, Request

Completion = Callable[[Question], Question]
"""Returns a question with its media and prompt; may raise anything, as ``prepare`` may."""


class RunInterrupted(KeyboardInterrupt):
    """Ctrl-C; all answers so far are stored."""

    def __init__(self, answered: int, total: int) -> None:
        super().__init__(f"{answered} of {total} samples are answered and stored")
        self.answered = answered
        self.total = total


class Sink(Protocol):
    """Where responses go as they come: a ``RunStore``, or a collection in memory."""

    def append(self, responses: Sequence[Response]) -> None:
        """Take responses."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Cost of asking.

    Attributes:
        samples: Number of questions.
        prepare_seconds: Seconds in ``prepare``, summed over all threads.
        generate_seconds: Seconds in ``generate``, summed over all threads.
        wall_seconds: Seconds overall.
    """

    samples: int
    prepare_seconds: float
    generate_seconds: float
    wall_seconds: float


@dataclass(frozen=True, slots=True)
class _Prepared:
    question: Question
    request: Request | None
    error: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class _Answered:
    responses: list[Response]
    prepare_seconds: float
    generate_seconds: float


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks one model questions.

    Attributes:
        wrapper: The model, open unless there is nothing to ask.
        input: What the model is shown.
        settings: Number of threads, and of requests prepared ahead.
        complete: Called first, in the pool, for questions that are made just in time.
        failures: Log for the tracebacks of unexpected errors.
    """

    wrapper: ModelWrapper
    input: InputPlan
    settings: RunSettings
    complete: Completion | None = None
    failures: FailureLog | None = None

    def ask(
        self, questions: Sequence[Question], sink: Sink, *, on_progress: Progress | None = None
    ) -> tuple[Asked, dict[str, Response]]:
        """Answer every question and store every response; one bad sample never ends the run.

        Args:
            questions: Questions without a response.
            sink: Where responses are stored.
            on_progress: Called with (answered, all) after every batch.

        Returns:
            What it cost, and the responses by id.

        Raises:
            RunInterrupted: The user pressed Ctrl-C.
        """
        started = time.perf_counter()
        preparing, generating = 0.0, 0.0
        responses: dict[str, Response] = {}
        done = 0
        pool = ThreadPoolExecutor(self.settings.workers, thread_name_prefix="prepare")
        batches = self._answer_each(self._prepare_ahead(pool, questions))
        try:
            for batch in batches:
                sink.append(batch.responses)
                responses |= {response.id: response for response in batch.responses}
                generating += batch.generate_seconds
                preparing += batch.prepare_seconds
                done += len(batch.responses)
                if on_progress:
                    on_progress(done, len(questions))
        except KeyboardInterrupt:
            raise RunInterrupted(done, len(questions)) from None
        finally:
            batches.close()
            pool.shutdown(wait=False, cancel_futures=True)
        cost = Asked(
            samples=len(questions),
            prepare_seconds=preparing,
            generate_seconds=generating,
            wall_seconds=time.perf_counter() - started,
        )
        return cost, responses

    def _prepare_ahead(
        self, pool: ThreadPoolExecutor, questions: Sequence[Question]
    ) -> Iterator[Future[_Prepared]]:
        """Yield futures of requests, in order, with at least ``settings.ahead`` in preparation."""
        waiting: deque[Future[_Prepared]] = deque()
        # A generous head start costs only memory if preparing is trivial.
        ahead = max(self.settings.ahead, self.wrapper.batch_size, self.wrapper.concurrency)
        for question in questions:
            waiting.append(pool.submit(self._prepare, question))
            if len(waiting) >= ahead:
                yield waiting.popleft()
        yield from waiting

    def _prepare(self, question: Question) -> _Prepared:
        before = time.perf_counter()
        try:
            if self.complete is not None:
                question = self.complete(question)
            visual = self.input.prepare(question)
            request, error = self.wrapper.prepare(question, visual), None
        except Exception as problem:  # a wrapper may raise anything; the run goes on
            request, error = None, describe(problem)
            self._log(question.id, problem)
        return _Prepared(question, request, error, time.perf_counter() - before)

    def _answer_each(
        self, prepared: Iterator[Future[_Prepared]]
    ) -> Generator[_Answered, None, None]:
        """Yield answered batches: in order, or as they finish if the wrapper is concurrent."""
        wrapper = self.wrapper
        if wrapper.concurrency <= 1:
            for batch in _batches(prepared, wrapper.batch_size):
                yield self._answer([item.result() for item in batch])
            return
        running: set[Future[_Answered]] = set()
        for batch in _batches(prepared, wrapper.batch_size):
            preparing = set(batch)
            while preparing or len(running) >= wrapper.concurrency:
                # Responses are stored as soon as they are there, so that none can be lost.
                pending: set[Future[Any]] = {*running, *preparing}
                ended, _ = wait(pending, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in running & ended)
                running -= ended
                preparing -= ended
            running.add(self._in_background([item.result() for item in batch]))
        for future in as_completed(running):
            yield future.result()

    def _in_background(self, batch: Sequence[_Prepared]) -> Future[_Answered]:
        """Answer in a thread that is not joined at exit: Ctrl-C must not wait for a server."""
        future: Future[_Answered] = Future()

        def answer() -> None:
            try:
                future.set_result(self._answer(batch))
            except BaseException as problem:
                future.set_exception(problem)

        threading.Thread(target=answer, name="generate", daemon=True).start()
        return future

    def _answer(self, batch: Sequence[_Prepared]) -> _Answered:
        """Return one response per prepared question, errors included, in order."""
        requests = [item.request for item in batch if item.request is not None]
        before = time.perf_counter()
        generated = self._generate(requests)
        seconds = time.perf_counter() - before
        each = seconds / max(1, len(requests))
        return _Answered(
            [self._response(item, generated.get(item.question.id), each) for item in batch],
            prepare_seconds=sum(item.seconds for item in batch),
            generate_seconds=seconds,
        )

    def _response(
        self, item: _Prepared, response: Response | None, generate_seconds: float
    ) -> Response:
        """Return the response to store for one question; ``None`` was not generated."""
        name, request = item.question.id, item.request
        if item.error is not None or request is None:
            return _error(name, item.error or "not prepared")
        if response is None:
            return _error(name, f"{self.wrapper.name} returned no response for this id")
        if response.seconds is None:
            seconds = round(item.seconds + generate_seconds, 6)
            response = replace(response, seconds=seconds)
        if (problem := response_problem(response)) is not None:
            return _error(name, f"{self.wrapper.name} returned an invalid response: {problem}")
        if request.visual is not None:
            # With other visual tokens than planned, the model answered another question.
            problem = unlike_plan(request.visual, response.usage)
            if problem is not None:
                return _error(name, problem)
        return replace(response, notes=request.repairs) if request.repairs else response

    def _generate(self, requests: list[Request]) -> dict[str, Response]:
        """Generate a batch; if it fails as a whole, one by one, to find the bad sample."""
        if not requests:
            return {}
        try:
            return {response.id: response for response in self.wrapper.generate(requests)}
        except Exception as problem:  # a wrapper may raise anything; the run goes on
            if len(requests) == 1:
                name = requests[0].question.id
                self._log(name, problem)
                return {name: _error(name, describe(problem))}
        responses: dict[str, Response] = {}
        for request in requests:
            responses |= self._generate([request])
        return responses

    def _log(self, name: str, problem: Exception) -> None:
        if self.failures is not None:
            self.failures.add(name, problem)


def _error(name: str, message: str) -> Response:
    return Response(name, finish_reason="error", error=message)


def _batches(prepared: Iterator[Future[_Prepared]], size: int) -> Iterator[list[Future[_Prepared]]]:
    batch: list[Future[_Prepared]] = []
    for item in prepared:
        batch.append(item)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
