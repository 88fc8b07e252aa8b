"""The other end of ``child.py``: lmms-eval in a process of its own, started once, asked one by one.

Starting takes about 10 s, so it happens with the first question and no earlier, and a process that
died (a task may take it down) is started again a few times.
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
from pathlib import Path
from typing import IO, Any

from jumpscore.errors import DataError, JumpScoreError, UsageError
from jumpscore.jsonio import parse_json

CHILD = Path(__file__).with_name("child.py")
MOST_STARTS = 4
"""Processes that one provider starts; one that dies again and again is not started for ever."""
OPENING_SECONDS = 600.0
"""To import lmms-eval and load a data set that is here, on a slow disk too."""
GRACE_SECONDS = 5.0
LAST_LINES = 12
"""Of standard error that are kept to be shown where the process dies."""
LAST_SECONDS = 5.0
"""To read them when it has ended; a child of its own may keep the pipe open for longer."""
GLANCE_SECONDS = 0.5
"""Between two looks at whether a process that was asked is still there."""


class TaskError(JumpScoreError):
    """The task's own code raised, or its result cannot be had."""


class NoLmmsEvalError(UsageError):
    """The interpreter has no lmms-eval that can be imported."""


class GroupError(UsageError):
    """The name stands for several tasks, ``members``."""

    def __init__(self, message: str, members: Sequence[str]) -> None:
        super().__init__(message)
        self.members = tuple(members)


class Provider:
    """One task of lmms-eval.

    Args:
        python: Interpreter that has lmms-eval.
        opening: What ``open`` of ``child.py`` is told.
        home: Replaces ``HF_HOME``, where data sets lie.
        timeout: Seconds that one question or one score may take.
        folder: Where the process works: relative paths of external tasks begin there.
        fetching: Whether the process is there to download: the hub must answer first, and messages
            speak of the options of ``jumpscore data fetch``.
    """

    def __init__(
        self,
        python: str,
        opening: Mapping[str, Any],
        *,
        home: Path | None = None,
        timeout: float = 600.0,
        folder: Path | None = None,
        fetching: bool = False,
    ) -> None:
        self.python = python
        self.opening = dict(opening)
        self.home = home
        self.timeout = timeout
        self.folder = folder
        self.fetching = fetching
        self._lock = threading.RLock()
        self._process: _Process | None = None
        self._starts = 0
        self._facts: dict[str, Any] | None = None

    @property
    def offline(self) -> bool:
        """Whether the network may not be used."""
        return bool(self.opening["offline"])

    def facts(self) -> dict[str, Any]:
        """Return what the task says of itself; the process starts for it.

        Raises:
            UsageError: There is no such task, or none that can be asked; or no lmms-eval.
            DataError: Its data set is not here.
        """
        with self._lock:
            if self._facts is None:
                self._start()
            assert self._facts is not None
            return self._facts

    def ask(self, do: str, **arguments: Any) -> Any:
        """Return what the process answers.

        Raises:
            TaskError: The task's code raised, the process died, or it took too long.
        """
        with self._lock:
            if self._process is None:
                self._start()
            assert self._process is not None
            return self._call(self._process, do, arguments, self.timeout)

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            if self._process is not None:
                self._process.end()
                self._process = None

    def _start(self) -> None:
        if self._starts >= MOST_STARTS:
            raise TaskError(
                f"the process of lmms-eval died {self._starts} times with "
                f"{self.opening['benchmark']!r}; it is not started again"
            )
        self._starts += 1
        try:
            self._process = _Process(
                self.python, self._environment(), self.folder, echo=not self.offline
            )
        except OSError as error:
            raise UsageError(
                f"{self._interpreter()}: cannot be started ({error.strerror}); name an interpreter"
            ) from error
        # A download has no end that could be known.
        seconds = OPENING_SECONDS if self.offline else None
        opening = {**self.opening, "fetch": self.fetching}
        facts = dict(self._call(self._process, "open", opening, seconds))
        facts["files"] = self._digest(Path(facts.pop("yaml")))
        if self._facts is not None and facts != self._facts:
            raise TaskError("the task or its data set changed while it was asked")
        self._facts = facts

    def _digest(self, yaml: Path) -> str | None:
        """Return a checksum of an external task's files: its wording and its rules are in them."""
        include = self.opening["include_path"]
        if include is None or not yaml.resolve().is_relative_to(Path(include).resolve()):
            return None
        found = hashlib.sha256()
        for file in sorted(yaml.parent.rglob("*")):
            if file.is_file() and file.name.endswith((".py", "yaml", ".yml")):
                name = file.relative_to(yaml.parent).as_posix()
                found.update(name.encode() + b"\0" + file.read_bytes())
        return found.hexdigest()[:12]

    def _call(
        self, process: _Process, do: str, arguments: Mapping[str, Any], seconds: float | None
    ) -> Any:
        try:
            reply = process.exchange({"do": do, **arguments}, seconds)
        except (EOFError, TimeoutError) as problem:
            process.end(kill=True)
            self._process = None
            told = f"{problem} at {do!r}; it said last: {process.last_words()}"
            if do == "open":
                raise UsageError(f"{self._interpreter()}: the process {told}") from None
            raise TaskError(f"the process of lmms-eval {told}") from None
        except BaseException:  # Ctrl-C: the reply would be taken for that to the next question
            process.end(kill=True)
            self._process = None
            raise
        if "error" not in reply:
            return reply["value"]
        if do == "open":
            process.end()
            self._process = None
            self._starts -= 1
        raise self._told(**reply["error"])

    def _told(self, kind: str, message: str, members: Sequence[str] = ()) -> JumpScoreError:
        name = self.opening["benchmark"]
        if kind == "environment":
            return NoLmmsEvalError(
                f"{self._interpreter()} cannot import lmms-eval ({message}); install it there "
                "(pip install 'jumpscore[lmms]'), or name an interpreter that has it (lmms-eval "
                "0.7.3 is enough)"
            )
        if kind == "group":
            return GroupError(message, members)
        if kind in ("name", "usage"):
            return UsageError(message)
        if kind == "hub":
            return DataError(
                f"{name}: the hub does not hand out its data set {message}; run the command where "
                f"there is a network, and copy {self.cache} here"
            )
        if kind == "data":
            fix = (
                f"where there is a network, {self._fetch()!r} downloads it into {self.cache} "
                "(HF_HOME, or --data-root)"
                if self.offline
                else "what lmms-eval printed above says more; the same command goes on"
            )
            return DataError(f"{name}: lmms-eval cannot load its data set {message}; {fix}")
        return TaskError(message)

    @property
    def cache(self) -> Path:
        """Where data sets lie."""
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
        found = dict(os.environ)
        if self.offline:
            found |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TQDM_DISABLE": "1"}
        else:
            for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
                found.pop(name, None)
            found.setdefault("LOGURU_LEVEL", "INFO")  # what is printed here is for users
        if self.home is not None:
            for name in ("HF_HUB_CACHE", "HF_DATASETS_CACHE", "HUGGINGFACE_HUB_CACHE"):
                found.pop(name, None)
            found["HF_HOME"] = str(self.home)
        return found


class _Process:
    """A running ``child.py``, its replies and the last lines of what it says."""

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
        self._said: deque[str] = deque(maxlen=LAST_LINES)
        self._number = 0
        threading.Thread(
            target=_read_replies, args=(process.stdout, self._replies), daemon=True
        ).start()
        self._noise = threading.Thread(
            target=_read_noise, args=(process.stderr, self._said, echo), daemon=True
        )
        self._noise.start()
        # Also where nobody closes it: at the end of this process, or when it is forgotten.
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
        found = parse_json(reply)
        assert found["id"] == self._number
        return dict(found)

    def _ending(self) -> str:
        """Return how a process ended that says nothing any more, or that it lives on."""
        try:
            return f"ended (exit code {self._process.wait(GRACE_SECONDS)})"
        except subprocess.TimeoutExpired:
            return "closed its pipes"

    def _reply(self, seconds: float | None) -> bytes | None:
        """Return the next reply, or ``None`` where the process ended without one.

        Raises:
            TimeoutError: Neither came in time.
        """
        until = math.inf if seconds is None else time.monotonic() + seconds
        while True:
            ended = self._process.poll() is not None  # a child of its own may keep the pipe open
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
        self._noise.join(LAST_SECONDS)  # or the last of them may still be in the pipe
        return " | ".join(self._said) or "nothing"

    def end(self, *, kill: bool = False) -> None:
        """End the process; one that does not listen is killed, at once or after a while."""
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


def _read_noise(stream: IO[bytes], said: deque[str], echo: bool) -> None:
    with stream:
        for line in iter(lambda: stream.readline(4096), b""):
            text = line.decode("utf-8", "replace").rstrip()
            if text:
                said.append(text[:300])
            if echo and text:
                print(text, file=sys.stderr)
