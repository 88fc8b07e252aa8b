"""A target, and the rules for whatever it reads."""

from __future__ import annotations

import json
import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from jumpscore.errors import JumpScoreError

ROOT = Path(__file__).parents[2]
Read = Callable[[bytes], object]
LONGEST_MESSAGE = 2500
"""Limit of an error message in characters; a message must not repeat the whole input."""
FORBIDDEN = {
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect"),
    *("pickle.find_class", "ctypes.dlopen", "urllib.Request"),
}
"""Audit events that no reader may cause."""
CHANGING = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.chmod"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(frozen=True)
class Target:
    """Something that reads inputs of others.

    Attributes:
        name: Name for ``--target``.
        seeds: Returns valid inputs.
        open: Takes an empty folder, and returns the function that reads an input. It may write
            files into the folder, and nothing outside.
        allowed: What may be raised; a parser of answers raises nothing.
    """

    name: str
    seeds: Callable[[], Iterable[bytes]]
    open: Callable[[Path], Read]
    allowed: tuple[type[Exception], ...] = (JumpScoreError,)


@dataclass(frozen=True)
class Outcome:
    """What happened to one input.

    Attributes:
        signature: Equal for inputs that were treated alike; a new one joins the corpus.
        problem: What is wrong, or ``None``.
    """

    signature: str
    problem: str | None = None


class Guard:
    """Notes what readers open, write and start, by an audit hook of this process.

    Attributes:
        folder: The only folder that readers may change.
    """

    def __init__(self) -> None:
        self.folder = ""
        self.readable = (
            *(str(ROOT), sys.prefix, sys.base_prefix, "/proc", "/sys", "/dev/null", "/dev/urandom"),
            *("/usr/share/zoneinfo", "/usr/lib", "/lib", "/etc/ld.so", "/etc/mime.types"),
            *(os.path.realpath(path) for path in sys.path if path),
        )
        self.problems: list[str] | None = None
        sys.addaudithook(self._event)

    @contextmanager
    def watch(self, folder: Path) -> Iterator[list[str]]:
        """Yield the list of problems, which grows while the block runs."""
        self.folder = f"{folder.resolve()}/"
        self.problems = problems = []
        try:
            yield problems
        finally:
            self.problems = None

    def _event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.problems is None:
            return
        if event in FORBIDDEN:
            self.problems.append(f"caused the event {event}")
        elif event == "open":
            path, mode, flags = arguments
            writes = bool((flags or 0) & _WRITING)
            # Relative paths without a mode are those of shutil, below a folder that it has open.
            if isinstance(path, str | bytes) and (mode or Path(os.fsdecode(path)).is_absolute()):
                self._check(path, writes=writes)
        elif event in CHANGING and arguments[-1] in (-1, None):  # otherwise shutil, as above
            for path in arguments:
                if isinstance(path, str | bytes):
                    self._check(path, writes=True)

    def _check(self, path: str | bytes, *, writes: bool) -> None:
        whole = f"{os.path.realpath(os.fsdecode(path))}/"
        allowed = ("/dev/null",) if writes else self.readable
        if self.problems is not None and not whole.startswith((self.folder, *allowed)):
            self.problems.append(
                f"{'wrote' if writes else 'read'} outside its folder: {whole[:-1]}"
            )


def judge(target: Target, read: Read, content: bytes, guard: Guard, folder: Path) -> Outcome:
    """Read one input, and check every rule."""
    started = time.process_time()
    with guard.watch(folder) as problems, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        signature, problem = _read(target, read, content)
    seconds = time.process_time() - started
    if problem is None and problems:
        problem = problems[0]
    if problem is None and warned:
        problem = f"warned: {warned[0].category.__name__}: {str(warned[0].message)[:200]}"
    if problem is None and seconds > longest(content):
        problem = "took too long"
    return Outcome(signature, problem)


def longest(content: bytes) -> float:
    """Return the limit of processor time for an input, in seconds."""
    return 0.5 + 2.0 * len(content) / 100_000


def _read(target: Target, read: Read, content: bytes) -> tuple[str, str | None]:
    try:
        result = read(content)
    except target.allowed as error:
        message = str(error)
        signature = f"{type(error).__name__}: {_outline(message)}"
        if len(message) > LONGEST_MESSAGE:
            return signature, f"an error message of more than {LONGEST_MESSAGE} characters"
        return signature, None
    except Exception as error:
        return "raised", f"raised {type(error).__name__}: {str(error)[:200]} ({_place(error)})"
    try:
        json.dumps(result, default=_plain)
    except Exception as error:
        return "no JSON", f"a result that is not JSON: {type(error).__name__}: {str(error)[:200]}"
    return _shape(result), None


def _place(error: Exception) -> str:
    """Return file, line and function of ours in which an error was raised."""
    place, trace = "", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename.startswith(str(ROOT)) and "/tests/fuzz/" not in code.co_filename:
            place = f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next
    return place


def _outline(message: str) -> str:
    """Return a message without the values in it."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"|/\S+|\d+", "#", message[:400])
    return text[:120]


def _plain(value: Any) -> Any:
    """Return a value as what JSON supports, for the types that records have."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Path | Fraction):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _shape(value: Any, depth: int = 3) -> str:
    """Return types and rough sizes of a result."""
    if isinstance(value, str):
        return (
            value if len(value) < 16 and value.isidentifier() else f"str{len(value).bit_length()}"
        )
    if isinstance(value, list | tuple | dict | set) and depth:
        items = list(value.values()) if isinstance(value, dict) else list(value)
        inner = ",".join(sorted({_shape(item, depth - 1) for item in items[:5]}))
        return f"{type(value).__name__}{len(value).bit_length()}[{inner}]"
    if is_dataclass(value) and depth:
        inner = ",".join(_shape(getattr(value, item.name), depth - 1) for item in fields(value))
        return f"{type(value).__name__}({inner})"
    if isinstance(value, bool | None):
        return str(value)
    return type(value).__name__
