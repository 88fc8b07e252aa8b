"""Reports steps of a run that take unusually long: a model that hangs, or a video."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

QUIET = 300.0
"""Seconds before a step is reported; it is reported again whenever its time has doubled."""
SLOWER = 3.0
"""A step is reported only if it takes this many times as long as the slowest before it."""
ADVICE = (
    "if it hangs: Ctrl-C ends the run, and the same command resumes it; a call in this process "
    "cannot be given up, but run.engine=ray gives up after run.timeout"
)
NAMED = 3
"""Samples that a report names."""
Kind = Literal["prepared", "answered"]
logger = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Step:
    kind: Kind
    names: Sequence[str]
    since: float
    limit: float


class Watch:
    """Measures the steps of a run while its context is active."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: set[_Step] = set()
        self._slowest: dict[Kind, float] = {}
        self._ended = threading.Event()

    def __enter__(self) -> Watch:
        threading.Thread(target=self._watch, name="watch", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    @contextmanager
    def step(self, kind: Kind, names: Sequence[str]) -> Iterator[None]:
        """Measure a step.

        Args:
            kind: What happens to the samples.
            names: Ids of the samples.
        """
        since = time.monotonic()
        with self._lock:
            limit = max(QUIET, SLOWER * self._slowest.get(kind, 0.0))
            step = _Step(kind, names, since, limit)
            self._steps.add(step)
        try:
            yield
        finally:
            with self._lock:
                self._steps.remove(step)
                seconds = time.monotonic() - since
                self._slowest[kind] = max(seconds, self._slowest.get(kind, 0.0))

    def overdue(self, now: float) -> list[str]:
        """Return a report of every step whose time is up, and give it as much again.

        Args:
            now: Monotonic time.
        """
        reports = []
        with self._lock:
            for step in self._steps:
                seconds = now - step.since
                if seconds >= step.limit:
                    step.limit = 2 * seconds
                    reports.append(f"{_text(step.names)}: not {step.kind} after {seconds:.0f} s")
        return sorted(reports)

    def _watch(self) -> None:
        while not self._ended.wait(QUIET / 10):
            if reports := self.overdue(time.monotonic()):
                logger.warning("%s (%s)", "; ".join(reports), ADVICE)


def _text(names: Sequence[str]) -> str:
    """Return the names of samples as text.

    >>> _text(["a", "b"]), _text(["a", "b", "c", "d", "e"])
    ('a, b', 'a, b, c and 2 others')
    """
    rest = len(names) - NAMED
    others = f" and {rest} other{'s' if rest > 1 else ''}" if rest > 0 else ""
    return ", ".join(names[:NAMED]) + others
