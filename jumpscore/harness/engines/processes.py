"""Preparing in processes, for wrappers whose ``prepare`` is mostly Python code.

Threads of such a wrapper wait for each other. Instead, each thread of the local engine passes its
questions to a process of its own, and nothing else changes: same order, same limits, same answers.
"""

from __future__ import annotations

import logging
import os
import pickle
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

from jumpscore.harness.engines.blueprint import Blueprint
from jumpscore.harness.engines.child import Process, start_child
from jumpscore.harness.engines.schedule import MOST_TRIES
from jumpscore.harness.engines.steps import Completion, Prepared, completed
from jumpscore.records import Question
from jumpscore.runs.failures import describe

WORKER = "jumpscore.harness.engines.process_worker"
PAYS_FROM = 15.0
"""Seconds of preparing that must be left for processes to pay: starting one takes about 2 s."""
logger = logging.getLogger(__name__)


class Unusable(Exception):  # noqa: N818 - a reason, not an error of the program
    """Why processes cannot prepare the questions of a wrapper."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that prepares one question at a time.

    Attributes:
        connection: Connection to it.
        process: The process.
    """

    connection: Connection
    process: Process

    @classmethod
    def start(cls, blueprint: bytes) -> Worker:
        """Start a process and wait until it has made the model.

        Raises:
            Unusable: It cannot be started, or cannot make the model.
        """
        try:
            worker = cls(*start_child(WORKER))
        except OSError as error:
            raise Unusable(f"no process can be started ({error})") from error
        try:
            worker.connection.send_bytes(blueprint)
            problem: str | None = worker.connection.recv()
        except (EOFError, OSError):
            problem = f"the process ended with status {worker.process.wait()}"
        if problem is not None:
            worker.end()
            raise Unusable(problem)
        return worker

    def prepare(self, question: Question) -> Prepared:
        """Prepare a question there.

        Raises:
            EOFError, OSError: The process ended.
            Unusable: What it prepared cannot be sent.
        """
        self.connection.send(question)
        content = self.connection.recv_bytes()
        try:
            prepared: Prepared | str = pickle.loads(content)  # from our own process
        except Exception as problem:  # unpickling runs code of the wrapper
            prepared = describe(problem)
        if isinstance(prepared, str):
            raise Unusable(f"what it prepares cannot be sent from a process ({prepared})")
        return prepared

    def end(self) -> None:
        """End the process, whatever it is doing; who waits for it gets an ``EOFError``."""
        self.process.kill()
        self.process.wait()


class Processes:
    """The processes of one run, one per thread of the engine; started when they pay.

    Args:
        blueprint: The model.
        questions: Number of questions of the run.
    """

    def __init__(self, blueprint: Blueprint, questions: int) -> None:
        self._blueprint, self._left = blueprint, questions
        self._content: bytes | None = None
        self._seconds: list[float] = []
        self._lock = threading.Lock()
        self._own = threading.local()
        self._workers: set[Worker] = set()
        self._is_usable, self._is_closed = True, False

    def pay(self) -> bool:
        """Take a question; return whether it should be prepared in a process."""
        with self._lock:
            left, seconds = self._left, self._seconds
            self._left -= 1
            return self._is_usable and bool(
                self._workers or (seconds and left * sum(seconds) / len(seconds) >= PAYS_FROM)
            )

    def measured(self, prepared: Prepared) -> None:
        """Record how long a question took in a thread."""
        with self._lock:
            self._seconds.append(prepared.seconds)

    def prepare(self, question: Question, complete: Completion | None) -> Prepared | None:
        """Prepare a question in the process of this thread; ``None`` if that is impossible.

        Args:
            question: The question.
            complete: Called first, here, for questions that are made just in time.
        """
        before = time.perf_counter()
        whole = completed(question, complete)
        if isinstance(whole, Prepared):
            return whole
        seconds = time.perf_counter() - before
        try:
            prepared = self._prepare(whole)
        except Unusable as reason:
            if self._is_closed:  # its answer is not needed any more
                return Prepared(whole, None, "the run has ended")
            self._give_up(reason)
            return None
        return replace(prepared, seconds=prepared.seconds + seconds)

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            self._is_closed = True
            workers, self._workers = self._workers, set()
        for worker in workers:
            worker.end()

    def _prepare(self, question: Question) -> Prepared:
        for _ in range(MOST_TRIES):
            worker = self._worker()
            with suppress(EOFError, OSError):
                return worker.prepare(question)
            self._lose(worker)
        problem = f"preparing it ended its process {MOST_TRIES} times"
        return Prepared(question, None, problem)

    def _worker(self) -> Worker:
        """Return the process of this thread, and start it if needed."""
        worker: Worker | None = getattr(self._own, "worker", None)
        if worker is None:
            self._check_open()
            worker = Worker.start(self._pickled())
            with self._lock:
                self._workers.add(worker)
            self._own.worker = worker
            self._check_open()
        return worker

    def _check_open(self) -> None:
        """Raise ``Unusable`` if the run has ended; ends what was started in the meantime."""
        if self._is_closed:
            self.close()
            raise Unusable("the run has ended")

    def _pickled(self) -> bytes:
        with self._lock:
            if self._content is None:
                try:
                    self._content = pickle.dumps(self._blueprint)
                except Exception as problem:  # pickling runs code of the wrapper
                    raise Unusable(f"it cannot be pickled ({describe(problem)})") from problem
            return self._content

    def _lose(self, worker: Worker) -> None:
        self._own.worker = None
        worker.end()
        with self._lock:
            self._workers.discard(worker)
        if not self._is_closed:
            logger.warning(
                "a process that prepares questions was lost (status %s); another one is started",
                worker.process.returncode,
            )

    def _give_up(self, reason: Unusable) -> None:
        """Prepare in threads from now on, with one note."""
        with self._lock:
            usable, self._is_usable = self._is_usable, False
        if usable:
            logger.warning(
                "the questions are prepared in threads, which takes longer than in processes: %s",
                reason,
            )


def processes_for(blueprint: Blueprint, questions: int, threads: int) -> Processes | None:
    """Return the processes of a run, or ``None`` if threads are as fast.

    Args:
        blueprint: The model and its input plan.
        questions: Number of questions of the run.
        threads: Number of threads that prepare questions.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if min(threads, cores or 1) < 2 or sys.platform == "win32":
        return None
    return Processes(blueprint, questions)
