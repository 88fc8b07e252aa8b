"""What failed on our side: the first error of each kind, and tracebacks in the run's folder."""

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
"""Tracebacks of a run, next to its answers."""
MOST_OF_A_KIND, MOST_BYTES = 3, 10 << 20
"""Tracebacks kept of each kind, and bytes after which a run's log takes no more."""
LONGEST_TRACEBACK = 20_000
LONGEST_ERROR = 2000
"""Characters kept of an error message."""

_CHANGING = re.compile(r"'[^']*'|\"[^\"]*\"|\S*[/\\]\S*|\S*\d\S*|\w+\.\w{2,5}\b")
"""What differs between messages of one kind: quoted words, paths, numbers, names of files."""


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """Errors of one kind.

    Attributes:
        message: Message of the first one.
        id: Id of the first sample that has it.
        count: How many samples have it.
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
    """Return the message of an error; the type too, where it is not one of ours."""
    text = str(problem)
    if not isinstance(problem, JumpScoreError):
        text = f"{type(problem).__name__}: {text}"
    return text[:LONGEST_ERROR]


class FailureLog:
    """Tracebacks of unexpected errors in a run's folder; any thread may write.

    Errors of ours have messages that say all; they are left out. A log that cannot be written is
    given up silently: it must not cost an answer.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / LOG
        self._lock = threading.Lock()
        self._kinds: Counter[tuple[str, str]] = Counter()

    def add(self, name: str, problem: BaseException) -> None:
        """Keep the traceback of an error of one sample."""
        if isinstance(problem, JumpScoreError):
            return
        frames = traceback.extract_tb(problem.__traceback__)
        where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        with self._lock:
            kind = (type(problem).__name__, where)
            self._kinds[kind] += 1
            if self._kinds[kind] <= MOST_OF_A_KIND:
                self._write(name, problem, last=self._kinds[kind] == MOST_OF_A_KIND)

    def _write(self, name: str, problem: BaseException, *, last: bool) -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        text = "".join(traceback.format_exception(problem))
        if len(text) > LONGEST_TRACEBACK:
            text = f"{text[: LONGEST_TRACEBACK // 2]}\n...\n{text[-LONGEST_TRACEBACK // 2 :]}"
        more = "(further errors of this kind are left out)\n" if last else ""
        with (
            suppress(OSError),
            self.file.open("a", encoding="ascii", errors="backslashreplace") as f,
        ):
            if f.tell() < MOST_BYTES:
                f.write(f"{at} sample {name!r}\n{text}{more}\n")
