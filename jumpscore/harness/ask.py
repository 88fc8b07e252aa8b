"""Asking: requests are prepared ahead in a pool, answered in batches, stored as they come."""

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

from jumpscore.harness.config import InputConfig, RunSettings
from jumpscore.harness.controls import Control
from jumpscore.harness.input import input_cache, visual_input
from jumpscore.records import Progress, Question, Response
from jumpscore.runs.failures import FailureLog, describe
from jumpscore.runs.lines import response_problem
from jumpscore.video.budgets import unlike_plan
from model_wrappers.base import InputKind, ModelWrapper, Request

Completion = Callable[[Question], Question]
"""Returns a question with its media and prompt; may raise anything, as ``prepare`` may."""


class RunInterrupted(KeyboardInterrupt):
    """Ctrl-C; everything answered so far is stored."""

    def __init__(self, answered: int, total: int) -> None:
        super().__init__(f"{answered} of {total} samples are answered and kept")
        self.answered = answered
        self.total = total


class Sink(Protocol):
    """Where answers go as they come: a ``RunStore``, or what a caller keeps in memory."""

    def append(self, responses: Sequence[Response]) -> None:
        """Take answers."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What asking took: samples, seconds in ``prepare`` and in ``generate`` (each the sum over all
    threads), overall."""

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


def ask(
    wrapper: ModelWrapper,
    questions: Sequence[Question],
    store: Sink,
    *,
    kind: InputKind,
    input: InputConfig,
    settings: RunSettings,
    complete: Completion | None = None,
    control: Control | None = None,
    answered: int = 0,
    on_progress: Progress | None = None,
    failures: FailureLog | None = None,
) -> tuple[Asked, dict[str, Response]]:
    """Answer every question and store every answer; one bad sample never ends the run.

    Args:
        wrapper: The model.
        questions: Those without an answer yet.
        store: Open run, or another place for answers.
        kind: What the wrapper is shown.
        input: How frames or canvases are made.
        settings: Pool size.
        complete: Called in the pool first, where questions are made only when their turn comes.
        control: Which other videos' pixels are shown, where that is so.
        answered: Samples answered before, for the progress.
        on_progress: Told after every batch.
        failures: Keeps the tracebacks of unexpected errors.

    Returns:
        What it took, and the new answers by id.

    Raises:
        RunInterrupted: The user pressed Ctrl-C.
    """
    started = time.perf_counter()
    total = answered + len(questions)
    done, preparing, generating = answered, 0.0, 0.0
    answers: dict[str, Response] = {}
    pool = ThreadPoolExecutor(settings.workers, thread_name_prefix="prepare")
    prepared = _prepare_ahead(
        pool,
        wrapper,
        questions,
        kind=kind,
        input=input,
        settings=settings,
        complete=complete,
        control=control,
        failures=failures,
    )
    answered_batches = _answer_each(wrapper, prepared, failures)
    try:
        for batch in answered_batches:
            store.append(batch.responses)
            answers |= {response.id: response for response in batch.responses}
            generating += batch.generate_seconds
            preparing += batch.prepare_seconds
            done += len(batch.responses)
            if on_progress:
                on_progress(done, total)
    except KeyboardInterrupt:
        raise RunInterrupted(done, total) from None
    finally:
        answered_batches.close()
        pool.shutdown(wait=False, cancel_futures=True)
    asked = Asked(
        samples=len(questions),
        prepare_seconds=preparing,
        generate_seconds=generating,
        wall_seconds=time.perf_counter() - started,
    )
    return asked, answers


def _prepare_ahead(
    pool: ThreadPoolExecutor,
    wrapper: ModelWrapper,
    questions: Sequence[Question],
    *,
    kind: InputKind,
    input: InputConfig,
    settings: RunSettings,
    complete: Completion | None = None,
    control: Control | None = None,
    failures: FailureLog | None = None,
) -> Iterator[Future[_Prepared]]:
    """Yield questions being prepared, in order, always ``settings.ahead`` more on the way."""
    cache = input_cache(settings)

    def prepare(question: Question) -> _Prepared:
        before = time.perf_counter()
        try:
            if complete is not None:
                question = complete(question)
            visual = visual_input(
                question, kind, input, cache=cache, grid=wrapper.token_grid, control=control
            )
            request, error = wrapper.prepare(question, visual), None
        except Exception as problem:  # a wrapper may raise anything; the run goes on
            request, error = None, describe(problem)
            if failures is not None:
                failures.add(question.id, problem)
        return _Prepared(question, request, error, time.perf_counter() - before)

    waiting: deque[Future[_Prepared]] = deque()
    # A generous head start costs only memory where preparing is trivial.
    ahead = max(settings.ahead, wrapper.batch_size, wrapper.concurrency)
    for question in questions:
        waiting.append(pool.submit(prepare, question))
        if len(waiting) >= ahead:
            yield waiting.popleft()
    yield from waiting


def _answer_each(
    wrapper: ModelWrapper,
    prepared: Iterator[Future[_Prepared]],
    failures: FailureLog | None,
) -> Generator[_Answered, None, None]:
    """Yield answered batches: one after another, or as they come.

    A wrapper that answers several calls at once has ``concurrency`` of them while questions are
    left.
    """
    if wrapper.concurrency <= 1:
        for batch in _batches(prepared, wrapper.batch_size):
            yield _timed_answer(wrapper, [item.result() for item in batch], failures)
        return
    running: set[Future[_Answered]] = set()
    for batch in _batches(prepared, wrapper.batch_size):
        preparing = set(batch)
        while preparing or len(running) >= wrapper.concurrency:
            # What is answered is stored at once, so that nothing of it can be lost.
            on_the_way: set[Future[Any]] = {*running, *preparing}
            ended, _ = wait(on_the_way, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in running & ended)
            running -= ended
            preparing -= ended
        running.add(_in_background(wrapper, [item.result() for item in batch], failures))
    for future in as_completed(running):
        yield future.result()


def _in_background(
    wrapper: ModelWrapper, batch: Sequence[_Prepared], failures: FailureLog | None
) -> Future[_Answered]:
    """Answer in a thread that nobody waits for at the end: Ctrl-C must not wait for a server."""
    future: Future[_Answered] = Future()

    def answer() -> None:
        try:
            future.set_result(_timed_answer(wrapper, batch, failures))
        except BaseException as problem:
            future.set_exception(problem)

    threading.Thread(target=answer, name="generate", daemon=True).start()
    return future


def _timed_answer(
    wrapper: ModelWrapper, batch: Sequence[_Prepared], failures: FailureLog | None
) -> _Answered:
    before = time.perf_counter()
    responses = _answer(wrapper, batch, failures)
    return _Answered(
        responses,
        prepare_seconds=sum(item.seconds for item in batch),
        generate_seconds=time.perf_counter() - before,
    )


def _batches(prepared: Iterator[Future[_Prepared]], size: int) -> Iterator[list[Future[_Prepared]]]:
    batch: list[Future[_Prepared]] = []
    for item in prepared:
        batch.append(item)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def _answer(
    wrapper: ModelWrapper, batch: Sequence[_Prepared], failures: FailureLog | None
) -> list[Response]:
    """Return one response per prepared question, errors included, in order."""
    requests = [item.request for item in batch if item.request is not None]
    before = time.perf_counter()
    found = _generate(wrapper, requests, failures)
    each = (time.perf_counter() - before) / max(1, len(requests))
    responses = []
    for item in batch:
        name = item.question.id
        response = found.get(name)
        if item.error is not None:
            response = Response(name, finish_reason="error", error=item.error)
        elif response is None:
            problem = f"{wrapper.name} returned no response for this id"
            response = Response(name, finish_reason="error", error=problem)
        else:
            response = _checked(wrapper, item, response, seconds=item.seconds + each)
        responses.append(response)
    return responses


def _checked(
    wrapper: ModelWrapper, item: _Prepared, response: Response, *, seconds: float
) -> Response:
    """Return the response with its time, or an error where it cannot be believed.

    That is: where it could not be stored and read, and where the model was fed other visual tokens
    than were planned, so that what it answered is not what was asked.
    """
    if response.seconds is None:
        response = replace(response, seconds=round(seconds, 6))
    problem = response_problem(response)
    if problem is not None:
        problem = f"{wrapper.name} returned a response that is none ({problem})"
    elif item.request is not None and item.request.visual is not None:
        problem = unlike_plan(item.request.visual, response.usage)
    if problem is None:
        notes = {} if item.request is None else item.request.repairs
        return replace(response, notes=notes) if notes else response
    return Response(response.id, finish_reason="error", error=problem)


def _generate(
    wrapper: ModelWrapper, requests: list[Request], failures: FailureLog | None
) -> dict[str, Response]:
    """Ask a batch; if that fails as a whole, ask one by one, so that one bad sample stays one."""
    if not requests:
        return {}
    try:
        return {response.id: response for response in wrapper.generate(requests)}
    except Exception as problem:  # a wrapper may raise anything; the run goes on
        if len(requests) == 1:
            name = requests[0].question.id
            if failures is not None:
                failures.add(name, problem)
            return {name: Response(name, finish_reason="error", error=describe(problem))}
    found: dict[str, Response] = {}
    for request in requests:
        found |= _generate(wrapper, [request], failures)
    return found
