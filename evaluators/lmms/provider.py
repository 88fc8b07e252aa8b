"""The parent of ``child.py``: starts lmms-eval in a separate process and sends it requests.

Starting takes about 10 s, so the first request starts it. A process that dies, because a task may
crash it, is restarted a few times.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import queue
import shlex
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from jumpscore.errors import DataError, JumpScoreError, UsageError
from jumpscore.jsonio import parse_json

CHILD = Path(__file__).with_name("child.py")
MOST_STARTS = 4
"""Starts per provider: a process that keeps dying is not restarted for ever."""
OPENING_SECONDS = 600.0
"""Enough to import lmms-eval and load a data set from a slow disk."""
GRACE_SECONDS = 5.0
LAST_LINES = 12
"""Lines of standard error to show if the process dies."""
LAST_SECONDS = 5.0
"""Time to read them after it ended; a child process of its own may keep the pipe open longer."""
GLANCE_SECONDS = 0.5
"""Interval at which a waiting request checks that the process is alive."""


class TaskError(JumpScoreError):
    """The task's own code raised, or the process died or timed out."""


class NoLmmsEvalError(UsageError):
    """The interpreter cannot import lmms-eval."""


class GroupError(UsageError):
    """The name stands for several tasks, ``members``."""

    def __init__(self, message: str, members: Sequence[str]) -> None:
        super().__init__(message)
        self.members = tuple(members)


@dataclass(eq=False)
class Provider:
    """One task of lmms-eval.

    Attributes:
        python: Interpreter that has lmms-eval.
        opening: Arguments of ``open`` in ``child.py``.
        home: Replaces ``HF_HOME``, the folder of data sets.
        timeout: Seconds allowed for one question or one score.
        folder: Working directory of the process; external tasks resolve relative paths there.
        fetching: Whether to download: the hub must answer first, and messages name the options of
            ``jumpscore data fetch``.
    """

    python: str
    opening: Mapping[str, Any]
    home: Path | None = None
    timeout: float = 600.0
    folder: Path | None = None
    fetching: bool = False

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._process: _Process | None = None
        self._starts = 0
        self._facts: dict[str, Any] | None = None

    @property
    def offline(self) -> bool:
        """Whether the process must not use the network."""
        return bool(self.opening["offline"])

    def facts(self) -> dict[str, Any]:
        """Return the facts about the task; starts the process.

        Raises:
            UsageError: The task is unknown or unsupported, or lmms-eval is missing.
            DataError: The data set is missing.
        """
        with self._lock:
            if self._facts is None:
                self._start()
            assert self._facts is not None
            return self._facts

    def ask(self, do: str, **arguments: Any) -> Any:
        """Send a request and return the value of the reply.

        Raises:
            TaskError: The task's code raised, or the process died or timed out.
        """
        with self._lock:
            if self._process is None:
                self._start()
            assert self._process is not None
            return self._call(self._process, do, arguments, self.timeout)

    def close(self) -> None:
        """End the process; the next request starts another."""
        with self._lock:
            if self._process is not None:
                self._process.end()
                self._process = None

    def _start(self) -> None:
        if self._starts >= MOST_STARTS:
            raise TaskError(
                f"the process of lmms-eval died {self._starts} times with "
                f"{self.opening['benchmark']!r}; giving up"
            )
        self._starts += 1
        try:
            self._process = _Process(
                self.python, self._environment(), self.folder, echo=not self.offline
            )
        except OSError as error:
            raise UsageError(
                f"{self._interpreter()}: cannot be started ({error.strerror}); name a Python "
                "interpreter"
            ) from error
        # How long a download takes is unknown.
        seconds = OPENING_SECONDS if self.offline else None
        opening = {**self.opening, "fetch": self.fetching}
        facts = dict(self._call(self._process, "open", opening, seconds))
        facts["files"] = self._digest(Path(facts.pop("yaml")))
        if self._facts is not None and facts != self._facts:
            raise TaskError("the task or its data set changed during the run")
        self._facts = facts

    def _digest(self, yaml: Path) -> str | None:
        """Return a checksum of an external task's files, or ``None`` for lmms-eval's own tasks."""
        include = self.opening["include_path"]
        if include is None or not yaml.resolve().is_relative_to(Path(include).resolve()):
            return None
        digest = hashlib.sha256()
        for file in sorted(yaml.parent.rglob("*")):
            if file.is_file() and file.name.endswith((".py", "yaml", ".yml")):
                name = file.relative_to(yaml.parent).as_posix()
                digest.update(name.encode() + b"\0" + file.read_bytes())
        return digest.hexdigest()[:12]

    def _call(
        self, process: _Process, do: str, arguments: Mapping[str, Any], seconds: float | None
    ) -> Any:
        try:
            reply = process.exchange({"do": do, **arguments}, seconds)
        except (EOFError, TimeoutError) as problem:
            process.end(kill=True)
            self._process = None
            failure = f"{problem} at {do!r}; last output: {process.last_words()}"
            if do == "open":
                raise UsageError(f"{self._interpreter()}: the process {failure}") from None
            raise TaskError(f"the process of lmms-eval {failure}") from None
        except BaseException:  # Ctrl-C: the next request would read this one's reply
            process.end(kill=True)
            self._process = None
            raise
        if "error" not in reply:
            return reply["value"]
        if do == "open":
            process.end()
            self._process = None
            self._starts -= 1
        raise self._error(**reply["error"])

    def _error(self, kind: str, message: str, members: Sequence[str] = ()) -> JumpScoreError:
        name = self.opening["benchmark"]
        if kind == "environment":
            return NoLmmsEvalError(
                f"{self._interpreter()} cannot import lmms-eval ({message}); install it there "
                "(pip install 'jumpscore[lmms]'), or name an interpreter that has it (lmms-eval "
                "0.7.3 alone is enough)"
            )
        if kind == "group":
            return GroupError(message, members)
        if kind in ("name", "usage"):
            return UsageError(message)
        if kind == "hub":
            return DataError(
                f"{name}: the hub does not serve its data set {message}; run the command on a "
                f"machine with a network connection, and copy {self.cache} here"
            )
        if kind == "data":
            fix = (
                f"with a network connection, {self._fetch()!r} downloads it into {self.cache} "
                "(HF_HOME, or --data-root)"
                if self.offline
                else "see lmms-eval's output above; rerun the same command to resume"
            )
            return DataError(f"{name}: lmms-eval cannot load its data set {message}; {fix}")
        return TaskError(message)

    @property
    def cache(self) -> Path:
        """Folder of the data sets."""
        return self.home or Path(os.environ.get("HF_HOME") or "~/.cache/huggingface").expanduser()

    def _interpreter(self) -> str:
        return ("--python " if self.fetching else "task.python=") + self.python

    def _fetch(self) -> str:
        """Return the command that downloads the data set."""
        words = ["jumpscore", "data", "fetch", str(self.opening["benchmark"]), "--task", "lmms"]
        if self.opening["include_path"] is not None:
            words += ["--include-path", str(self.opening["include_path"])]
        if self.home is not None:
            words += ["--data-root", str(self.home.parent)]
        if self.python != sys.executable:
            words += ["--python", self.python]
        return shlex.join(words)

    def _environment(self) -> dict[str, str]:
        variables = dict(os.environ)
        if self.offline:
            variables |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TQDM_DISABLE": "1"}
        else:
            for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
                variables.pop(name, None)
            variables.setdefault("LOGURU_LEVEL", "INFO")  # users see this output
        if self.home is not None:
            for name in ("HF_HUB_CACHE", "HF_DATASETS_CACHE", "HUGGINGFACE_HUB_CACHE"):
                variables.pop(name, None)
            variables["HF_HOME"] = str(self.home)
        return variables


class _Process:
    """A running ``child.py``, its replies and its last lines of output."""

    def __init__(
        self, python: str, environment: Mapping[str, str], folder: Path | None, *, echo: bool
    ) -> None:
        self._process = subprocess.Popen(
            [python, str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            cwd=folder,
        )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._replies: queue.Queue[bytes | None] = queue.Queue()
        self._output: deque[str] = deque(maxlen=LAST_LINES)
        self._number = 0
        threading.Thread(
            target=_read_replies, args=(process.stdout, self._replies), daemon=True
        ).start()
        self._noise = threading.Thread(
            target=_read_noise, args=(process.stderr, self._output, echo), daemon=True
        )
        self._noise.start()
        # Also runs if it is never closed: when this process exits or the object is collected.
        self._finalizer = weakref.finalize(self, _end, process)

    def exchange(self, request: Mapping[str, Any], seconds: float | None) -> dict[str, Any]:
        """Send a request and return the reply.

        Raises:
            EOFError: The process ended.
            TimeoutError: It did not answer in time.
        """
        self._number += 1
        assert self._process.stdin is not None
        try:
            line = json.dumps({"id": self._number, **request}).encode() + b"\n"
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except OSError:
            raise EOFError(self._ending()) from None
        reply = self._reply(seconds)
        if reply is None:
            raise EOFError(self._ending())
        parsed = parse_json(reply)
        assert parsed["id"] == self._number
        return dict(parsed)

    def _ending(self) -> str:
        """Return how a silent process ended, or that it still runs."""
        try:
            return f"ended (exit code {self._process.wait(GRACE_SECONDS)})"
        except subprocess.TimeoutExpired:
            return "closed its pipes"

    def _reply(self, seconds: float | None) -> bytes | None:
        """Return the next reply, or ``None`` if the process ended without one.

        Raises:
            TimeoutError: Neither happened in time.
        """
        until = math.inf if seconds is None else time.monotonic() + seconds
        while True:
            ended = self._process.poll() is not None  # its own child may keep the pipe open
            left = GLANCE_SECONDS if ended else max(0.0, until - time.monotonic())
            try:
                return self._replies.get(timeout=min(left, GLANCE_SECONDS))
            except queue.Empty:
                if ended:
                    return None
                if left <= GLANCE_SECONDS:
                    raise TimeoutError(f"gave no answer within {seconds:g} s") from None

    def last_words(self) -> str:
        """Return the last lines of standard error of a process that has ended."""
        self._noise.join(LAST_SECONDS)  # the last lines may still be in the pipe
        return " | ".join(self._output) or "nothing"

    def end(self, *, kill: bool = False) -> None:
        """End the process; kill it at once, or after a grace period."""
        if kill:
            self._process.kill()
        self._finalizer()


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        if process.stdin is not None:
            process.stdin.close()
    except OSError:
        pass
    try:
        process.wait(timeout=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _read_replies(stream: IO[bytes], replies: queue.Queue[bytes | None]) -> None:
    with stream:
        for line in stream:
            replies.put(line)
    replies.put(None)


def _read_noise(stream: IO[bytes], lines: deque[str], echo: bool) -> None:
    with stream:
        for line in iter(lambda: stream.readline(4096), b""):
            text = line.decode("utf-8", "replace").rstrip()
            if text:
                lines.append(text[:300])
            if echo and text:
                print(text, file=sys.stderr)
