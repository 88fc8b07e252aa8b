"""Threads that are not joined without a limit, so Ctrl-C never waits for one that hangs."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

T = TypeVar("T")
PREFIX = "jumpscore "
"""Beginning of the name of every thread that is started here."""
PATIENCE = 5.0
"""Seconds that closing waits for tasks that are being carried out."""


class Threads:
    """A pool of threads, which ``ThreadPoolExecutor`` would join at exit.

    Args:
        number: Number of threads; each is started with a task.
    """

    def __init__(self, number: int) -> None:
        self._left = number
        self._threads: list[threading.Thread] = []
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._is_closed = False

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Call a function in one of the threads, in the order of submission."""
        future: Future[T] = Future()
        self._tasks.put(partial(_fulfil, future, function))
        if self._left:
            self._left -= 1
            self._threads.append(_started(self._serve, "prepare"))
        return future

    def close(self, patience: float | None = None) -> None:
        """End threads that have nothing to do, and the others after their present task.

        Args:
            patience: Seconds to wait for present tasks, by default ``PATIENCE``.
        """
        self._is_closed = True
        self._tasks.put(None)
        deadline = time.monotonic() + (PATIENCE if patience is None else patience)
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _serve(self) -> None:
        while not self._is_closed:
            task = self._tasks.get()
            if task is not None and not self._is_closed:
                task()
        self._tasks.put(None)  # the next thread may be waiting


def in_background(function: Callable[[], T], name: str) -> Future[T]:
    """Call a function in a new thread.

    Args:
        function: The function.
        name: Name of the thread.
    """
    future: Future[T] = Future()
    _started(partial(_fulfil, future, function), name)
    return future


def are_running() -> bool:
    """Return whether a thread of this module is still busy.

    The interpreter cannot end in an orderly way then: a thread that returns from a library in C++
    is ended inside it, which aborts the process.
    """
    return any(thread.name.startswith(PREFIX) for thread in threading.enumerate())


def _started(work: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=work, name=PREFIX + name, daemon=True)
    thread.start()
    return thread


def _fulfil(future: Future[T], function: Callable[[], T]) -> None:
    try:
        result = function()
    except BaseException as problem:  # raised again where the result is used
        future.set_exception(problem)
    else:
        future.set_result(result)
