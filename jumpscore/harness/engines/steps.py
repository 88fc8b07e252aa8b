"""What happens to one question wherever it runs: preparing, and answering a batch.

Both functions return errors as values, so that one bad sample never ends a run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from jumpscore.harness.input import InputPlan
from jumpscore.records import Question, Response
from jumpscore.runs.failures import Failure, describe
from jumpscore.runs.lines import response_problem
from jumpscore.video.budgets import unlike_plan
from model_wrappers.base import ModelWrapper, Request

Completion = Callable[[Question], Question]
"""Returns a question with its media and prompt; may raise anything, as ``prepare`` may."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question and what the model needs to answer it.

    Attributes:
        question: The question.
        request: Input of the model, unless preparing failed.
        error: Why it failed.
        seconds: How long it took.
        failure: Traceback of the error.
    """

    question: Question
    request: Request | None
    error: str | None = None
    seconds: float = 0.0
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A batch with one response per question, errors included.

    Attributes:
        responses: The responses in the order of the batch.
        prepare_seconds: Seconds in ``prepare``.
        generate_seconds: Seconds in ``generate``.
        failures: Tracebacks of the errors.
    """

    responses: list[Response]
    prepare_seconds: float
    generate_seconds: float
    failures: tuple[Failure, ...] = ()


def prepare(
    wrapper: ModelWrapper, plan: InputPlan, question: Question, complete: Completion | None = None
) -> Prepared:
    """Prepare one question.

    Args:
        wrapper: The model, open or not.
        plan: What the model is shown.
        question: The question.
        complete: Called first, for questions that are made just in time.
    """
    before = time.perf_counter()
    whole = completed(question, complete)
    if isinstance(whole, Prepared):
        return whole
    try:
        visual = plan.prepare(whole)
        request = wrapper.prepare(whole, visual)
    except Exception as problem:  # a wrapper may raise anything; the run goes on
        return _unprepared(whole, problem, before)
    return Prepared(whole, request, None, time.perf_counter() - before)


def completed(question: Question, complete: Completion | None) -> Question | Prepared:
    """Return a question with media and prompt, or what is stored if that fails."""
    before = time.perf_counter()
    try:
        return question if complete is None else complete(question)
    except Exception as problem:  # a task may raise anything; the run goes on
        return _unprepared(question, problem, before)


def _unprepared(question: Question, problem: Exception, since: float) -> Prepared:
    seconds = time.perf_counter() - since
    failure = Failure.of(question.id, problem)
    return Prepared(question, None, describe(problem), seconds, failure)


def answer(wrapper: ModelWrapper, batch: Sequence[Prepared]) -> Answered:
    """Answer a batch with an open model."""
    requests = [item.request for item in batch if item.request is not None]
    failures = [item.failure for item in batch if item.failure is not None]
    before = time.perf_counter()
    generated = _generate(wrapper, requests, failures)
    seconds = time.perf_counter() - before
    each = seconds / max(1, len(requests))
    return Answered(
        [_response(wrapper, item, generated.get(item.question.id), each) for item in batch],
        prepare_seconds=sum(item.seconds for item in batch),
        generate_seconds=seconds,
        failures=tuple(failures),
    )


def error_response(name: str, message: str) -> Response:
    """Return the response of a sample that failed on our side."""
    return Response(name, finish_reason="error", error=message)


def _generate(
    wrapper: ModelWrapper, requests: list[Request], failures: list[Failure]
) -> dict[str, Response]:
    """Generate a batch; if it fails as a whole, one by one, to find the bad sample."""
    if not requests:
        return {}
    try:
        return _by_id(wrapper, requests, wrapper.generate(requests))
    except Exception as problem:  # a wrapper may raise anything; the run goes on
        if len(requests) == 1:
            name = requests[0].question.id
            if (failure := Failure.of(name, problem)) is not None:
                failures.append(failure)
            return {name: error_response(name, describe(problem))}
    responses: dict[str, Response] = {}
    for request in requests:
        responses |= _generate(wrapper, [request], failures)
    return responses


def _by_id(
    wrapper: ModelWrapper, requests: Sequence[Request], generated: Sequence[Response]
) -> dict[str, Response]:
    """Return the responses to requests by id.

    Two different responses to one request are an error of the sample: neither is certain to be its
    answer. Responses to questions that were not asked are named in the errors of missing ones.
    """
    responses: dict[str, Response] = {}
    for response in generated:
        if responses.setdefault(response.id, response) != response:
            message = f"{wrapper.name} returned several different responses for this id"
            responses[response.id] = error_response(response.id, message)
    asked = [request.question.id for request in requests]
    unknown = [name for name in responses if name not in asked]
    for name in asked if unknown else ():
        message = f"returned no response for this id, but one for {unknown[0]!r:.60}"
        responses.setdefault(name, error_response(name, f"{wrapper.name} {message}"))
    return {name: responses[name] for name in asked if name in responses}


def _response(
    wrapper: ModelWrapper, item: Prepared, response: Response | None, generate_seconds: float
) -> Response:
    """Return the response to store for one question; ``None`` was not generated."""
    name, request = item.question.id, item.request
    if item.error is not None or request is None:
        return error_response(name, item.error or "not prepared")
    if response is None:
        return error_response(name, f"{wrapper.name} returned no response for this id")
    if response.seconds is None:
        seconds = round(item.seconds + generate_seconds, 6)
        response = replace(response, seconds=seconds)
    if (problem := response_problem(response)) is not None:
        return error_response(name, f"{wrapper.name} returned an invalid response: {problem}")
    if request.visual is not None:
        # With other visual tokens than planned, the model answered another question.
        problem = unlike_plan(request.visual, response.usage)
        if problem is not None:
            return error_response(name, problem)
    notes = {**response.notes, **request.repairs}
    return replace(response, notes=notes) if request.repairs else response
