"""Our failures: the first error of each kind, and tracebacks in the folder of the run."""

from __future__ import annotations

import re
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jumpscore.errors import JumpScoreError
from jumpscore.records import SampleScore

LOG = "errors.log"
"""File with the tracebacks of a run, next to its answers."""
MOST_OF_A_KIND, MOST_BYTES = 3, 10 << 20
"""Tracebacks stored per kind of error, and the largest size of a log in bytes."""
LONGEST_TRACEBACK, LONGEST_ERROR = 20_000, 2000
"""Characters of a traceback and of an error message that are stored."""

_CHANGING = re.compile(r"'[^']*'|\"[^\"]*\"|\S*[/\\]\S*|\S*\d\S*|\w+\.\w{2,5}\b")
"""Parts that differ between messages of one kind: quoted words, paths, numbers, file names."""


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """Errors of one kind.

    Attributes:
        message: Message of the first error.
        id: Id of the sample that had it.
        count: Number of samples with an error of this kind.
    """

    message: str
    id: str
    count: int


def first_errors(scores: Iterable[SampleScore]) -> list[ErrorKind]:
    """Return the first error of each kind, the most frequent kind first.

    >>> scores = [SampleScore(f"a{i}", "error", message=f"a{i}.mp4: is empty") for i in range(3)]
    >>> first_errors(scores)
    [ErrorKind(message='a0.mp4: is empty', id='a0', count=3)]
    """
    first: dict[str, SampleScore] = {}
    counts: Counter[str] = Counter()
    for score in scores:
        if score.status == "error":
            message = (score.message or "")[:LONGEST_ERROR].replace(score.id, "'id'")
            kind = _CHANGING.sub("*", message)
            first.setdefault(kind, score)
            counts[kind] += 1
    return [
        ErrorKind(first[kind].message or "no reason given", first[kind].id, count)
        for kind, count in counts.most_common()
    ]


def describe(problem: Exception) -> str:
    """Return the message of an error, with its type unless it is one of our own errors."""
    text = str(problem)
    if not isinstance(problem, JumpScoreError):
        text = f"{type(problem).__name__}: {text}"
    return text[:LONGEST_ERROR]


@dataclass(frozen=True, slots=True)
class Failure:
    """An unexpected error of one sample, as text, so that it can come from another process.

    Attributes:
        id: Id of the sample.
        kind: Type of the error and its place in the code; errors of one kind are alike.
        text: Its traceback.
    """

    id: str
    kind: str
    text: str

    @classmethod
    def of(cls, name: str, problem: BaseException) -> Failure | None:
        """Return the failure of a sample; ``None`` for our own errors, whose messages suffice."""
        if isinstance(problem, JumpScoreError):
            return None
        frames = traceback.extract_tb(problem.__traceback__)
        where = f" {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        text = "".join(traceback.format_exception(problem))
        if len(text) > LONGEST_TRACEBACK:
            text = f"{text[: LONGEST_TRACEBACK // 2]}\n...\n{text[-LONGEST_TRACEBACK // 2 :]}"
        return cls(name, type(problem).__name__ + where, text)


class FailureLog:
    """Tracebacks of unexpected errors in a run's folder. Any thread may write.

    A log that cannot be written is given up silently: it must not cost an answer.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / LOG
        self._lock = threading.Lock()
        self._kinds: Counter[str] = Counter()

    def add(self, name: str, problem: BaseException) -> None:
        """Store the traceback of an error of one sample, unless its kind has enough."""
        if (failure := Failure.of(name, problem)) is not None:
            self.store([failure])

    def store(self, failures: Iterable[Failure]) -> None:
        """Store tracebacks, unless their kind has enough."""
        with self._lock:
            for failure in failures:
                self._kinds[failure.kind] += 1
                count = self._kinds[failure.kind]
                if count <= MOST_OF_A_KIND:
                    self._write(failure, last=count == MOST_OF_A_KIND)

    def _write(self, failure: Failure, *, last: bool) -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        more = "(further errors of this kind are left out)\n" if last else ""
        with (
            suppress(OSError),
            self.file.open("a", encoding="ascii", errors="backslashreplace") as f,
        ):
            if f.tell() < MOST_BYTES:
                f.write(f"{at} sample {failure.id!r}\n{failure.text}{more}\n")
