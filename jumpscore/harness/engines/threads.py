"""Threads that are not joined when the program ends, so Ctrl-C never waits for one that hangs."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """A pool of threads, which ``ThreadPoolExecutor`` would join at exit.

    Args:
        number: Number of threads; each is started with a task.
    """

    def __init__(self, number: int) -> None:
        self._left = number
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._is_closed = False

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Call a function in one of the threads, in the order of submission."""
        future: Future[T] = Future()
        self._tasks.put(partial(_fulfil, future, function))
        if self._left:
            self._left -= 1
            threading.Thread(target=self._serve, name="prepare", daemon=True).start()
        return future

    def close(self) -> None:
        """End threads that have nothing to do, and the others after their present task."""
        self._is_closed = True
        self._tasks.put(None)

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
    threading.Thread(target=_fulfil, args=(future, function), name=name, daemon=True).start()
    return future


def _fulfil(future: Future[T], function: Callable[[], T]) -> None:
    try:
        result = function()
    except BaseException as problem:  # raised again where the result is used
        future.set_exception(problem)
    else:
        future.set_result(result)
