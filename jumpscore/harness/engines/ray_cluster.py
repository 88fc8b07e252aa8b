"""The Ray engine: the questions of a run are prepared and answered on many machines.

This side stores the answers and belongs to the run; the driver on the cluster is a child process
(see ``ray_messages``).
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import islice
from multiprocessing.connection import Connection
from typing import IO

from jumpscore.errors import InterruptedRun, UsageError
from jumpscore.harness.config import RunSettings
from jumpscore.harness.engines.blueprint import Blueprint, Received
from jumpscore.harness.engines.child import Process, start_child
from jumpscore.harness.engines.engine import Asked, RunInterrupted, Sink
from jumpscore.harness.engines.ray_messages import (
    Ask,
    Job,
    Message,
    More,
    Notice,
    Placement,
    Stop,
)
from jumpscore.harness.engines.steps import Answered, Completion, error_response
from jumpscore.harness.engines.threads import Threads
from jumpscore.harness.input import InputPlan
from jumpscore.records import Progress, Question, Response
from jumpscore.runs.failures import Failure, FailureLog, describe
from model_wrappers.base import ModelWrapper

DRIVER = "jumpscore.harness.engines.ray_driver"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RayEngine:
    """Asks one model questions on a Ray cluster.

    Attributes:
        wrapper: The model; it is opened by its replicas, not here.
        input: What the model is shown.
        settings: The cluster, number of replicas and limits.
        received: What the wrapper received.
        complete: Called here for questions that are made just in time.
        failures: Log for the tracebacks of unexpected errors.
    """

    wrapper: ModelWrapper
    input: InputPlan
    settings: RunSettings
    received: Received
    complete: Completion | None = None
    failures: FailureLog | None = None

    def ask(
        self, questions: Sequence[Question], sink: Sink, *, on_progress: Progress | None = None
    ) -> tuple[Asked, dict[str, Response]]:
        """Answer every question and store every response; see ``Engine``.

        Raises:
            RunInterrupted: The user pressed Ctrl-C.
            InterruptedRun: The cluster was lost.
            UsageError: Ray is missing, or the model does not fit on the cluster or cannot load.
        """
        started = time.perf_counter()
        cost = Asked(len(questions), 0.0, 0.0, 0.0)
        responses: dict[str, Response] = {}
        if not questions:
            return cost, responses
        preparing = generating = 0.0
        try:
            for answered in self._answers(questions, responses):
                fresh = [item for item in answered.responses if item.id not in responses]
                sink.append(fresh)
                responses |= {response.id: response for response in fresh}
                preparing += answered.prepare_seconds
                generating += answered.generate_seconds
                if self.failures is not None:
                    self.failures.store(answered.failures)
                if on_progress:
                    on_progress(len(responses), len(questions))
        except KeyboardInterrupt:
            raise RunInterrupted(len(responses), len(questions)) from None
        wall = time.perf_counter() - started
        return Asked(len(questions), preparing, generating, wall), responses

    def _answers(
        self, questions: Sequence[Question], responses: dict[str, Response]
    ) -> Iterator[Answered]:
        """Yield answers as they come, until all questions have one."""
        rest = self._completed(questions)
        with _driver(self._job()) as (connection, last_words):
            while len(responses) < len(questions):
                try:
                    message: Message = connection.recv()
                except (EOFError, OSError):
                    raise InterruptedRun(
                        f"the connection to the Ray cluster was lost{last_words()}; "
                        f"{len(responses)} of {len(questions)} samples are answered and stored: "
                        "rerun the same command to resume, on any cluster"
                    ) from None
                if isinstance(message, Answered):
                    yield message
                elif isinstance(message, Notice):
                    logger.warning("%s", message.text)
                elif isinstance(message, Stop):
                    raise UsageError(f"{self.wrapper.name} on the Ray cluster: {message.reason}")
                elif isinstance(message, More):
                    taken = list(islice(rest, message.questions))
                    failed = [item for item in taken if isinstance(item, Answered)]
                    whole = tuple(item for item in taken if isinstance(item, Question))
                    connection.send(Ask(whole, last=len(taken) < message.questions))
                    yield from failed

    def _completed(self, questions: Sequence[Question]) -> Iterator[Question | Answered]:
        """Yield questions with their media; one that cannot be completed is answered here."""
        complete = self.complete
        if complete is None:
            yield from questions
            return
        thread = Threads(1)
        try:
            for question in questions:
                try:
                    yield thread.submit(partial(complete, question)).result()
                except Exception as problem:  # a task may raise anything; the run goes on
                    failure = Failure.of(question.id, problem)
                    response = error_response(question.id, describe(problem))
                    yield Answered([response], 0.0, 0.0, (failure,) if failure else ())
        finally:
            thread.close()

    def _job(self) -> Job:
        """Return the job of the driver.

        Raises:
            UsageError: Ray is not installed, or the wrapper cannot be sent.
        """
        _require_ray()
        from ray import cloudpickle

        blueprint = Blueprint.of(self.wrapper, self.input, self.received)
        try:
            content = cloudpickle.dumps(blueprint)
        except Exception as problem:  # pickling runs code of the wrapper
            raise UsageError(
                f"model {self.wrapper.name!r} cannot be sent to other machines ({problem}); pass "
                "it by name, or make its class picklable"
            ) from problem
        return _job(self.wrapper, self.settings, content)


def plan_placement(wrapper: ModelWrapper, settings: RunSettings) -> Placement:
    """Return what a cluster would do with a model, without sending anything to it.

    Raises:
        UsageError: Ray is missing, no cluster answers, or the model does not fit on it.
    """
    _require_ray()
    with _driver(_job(wrapper, settings, b"")) as (connection, last_words):
        try:
            message: Message = connection.recv()
        except (EOFError, OSError):
            raise UsageError(f"the Ray cluster gave no answer{last_words()}") from None
    if isinstance(message, Stop):
        raise UsageError(f"{wrapper.name} on the Ray cluster: {message.reason}")
    assert isinstance(message, Placement)
    return message


def _require_ray() -> None:
    if find_spec("ray") is None:
        raise UsageError("run.engine=ray needs Ray: pip install 'jumpscore[ray]'")


def _job(wrapper: ModelWrapper, settings: RunSettings, blueprint: bytes) -> Job:
    # A replica that shares its model between GPUs, or has copies of it, needs as many.
    shared = getattr(wrapper.options, "tensor_parallel", 1)
    needed = shared * getattr(wrapper.options, "data_parallel", 1)
    return Job(
        blueprint,
        settings.address,
        settings.replicas,
        needed if settings.gpus is None and needed > 1 else settings.gpus,
        settings.ahead,
        wrapper.batch_size,
        wrapper.concurrency,
        settings.timeout,
    )


@contextmanager
def _driver(job: Job) -> Iterator[tuple[Connection, Callable[[], str]]]:
    """Start the driver; yield the connection to it, and a function for its last words."""
    with tempfile.TemporaryFile() as errors:
        connection, process = start_child(DRIVER, errors, variables=_variables(job))
        try:
            connection.send(job)
            yield connection, lambda: _last_words(process, errors)
        finally:
            connection.close()
            # It ends by itself when its connection is closed, and Ray releases what it used.
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.returncode is None:
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _variables(job: Job) -> dict[str, str]:
    """Return the variables of a cluster that this run starts: Ray requires a new token, for one.

    A cluster runs the code of whoever reaches its ports. Ray's own default is a token too, but a
    file in the user's home that later clusters of several machines would require as well.
    """
    if job.address is not None:
        return {}
    own = {"RAY_USAGE_STATS_ENABLED": "0"}
    if "RAY_AUTH_MODE" not in os.environ:
        own |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    return own


def _last_words(process: Process, errors: IO[bytes]) -> str:
    """Return the end of the driver's output in brackets, if it wrote anything."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - 4096))
    lines = errors.read().decode(errors="replace").strip().splitlines()
    words = "".join(letter for letter in lines[-1] if letter.isprintable()) if lines else ""
    return f" ({words[-300:]})" if words else ""
