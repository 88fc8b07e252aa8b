"""Runs the command line, in a process of its own or in the process of the tests.

A start imports for seconds what the tests have imported already, so a command runs here unless
the process is the point: signals, other interpreters, what libraries read or print at their start.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from jumpscore.cli.app import main
from jumpscore.cli.messages import PACKAGES

PROGRAM = (sys.executable, "-c", "from jumpscore.cli.app import main; main()")
READ_WHEN_USED = {"COLUMNS", "JUMPSCORE_CACHE", "JUMPSCORE_DATA"}
"""Variables that a command reads when it needs them; others may be read only by an interpreter's
start or a library's import."""
_STREAMS = [
    io.TextIOWrapper(io.FileIO(number, "w", closefd=False), encoding="utf-8", write_through=True)
    for number in (1, 2)
]
"""Standard output and error of commands. They stay open, as a logger may store one of them, and
write to whatever the numbers 1 and 2 are at the time, as those of a process do."""


def run_process(
    words: Sequence[str], *, cwd: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    return subprocess.run(
        [*PROGRAM, *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        # The tests beside it have the other cores.
        env={**os.environ, "OMP_NUM_THREADS": "1", **env},
        timeout=600,
        check=False,
    )


def run_here(
    words: Sequence[str], *, cwd: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, which afterwards is as it was, except for what is imported.

    Raises:
        ValueError: A variable may have no effect here.
    """
    if unread := env.keys() - READ_WHEN_USED:
        raise ValueError(
            f"{', '.join(sorted(unread))}: may be read only when a process starts; run the command "
            "with process=True"
        )
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in _STREAMS]
        with _process_state(), contextlib.chdir(cwd), _written_to(files):
            os.environ.update(env)
            sys.argv = ["jumpscore", *words]
            code = _exit_code()
        texts = []
        for file in files:
            file.seek(0)
            texts.append(file.read().decode())
    return subprocess.CompletedProcess(["jumpscore", *words], code, *texts)


def _exit_code() -> int:
    """Run the command; returns the exit code with which the interpreter would end."""
    try:
        main()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    return 0


@contextmanager
def _written_to(files: Sequence[IO[bytes]]) -> Iterator[None]:
    """Replace standard output and error, also those of libraries and child processes."""
    before = sys.stdout, sys.stderr
    for stream in before:
        stream.flush()
    with ExitStack() as stack:
        for number, file in enumerate(files, start=1):
            saved = os.dup(number)
            stack.callback(os.close, saved)
            stack.callback(os.dup2, saved, number)
            os.dup2(file.fileno(), number)
        _STREAMS[0].reconfigure(errors="strict")
        sys.stdout, sys.stderr = _STREAMS
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


@contextmanager
def _process_state() -> Iterator[None]:
    """Begin with the handlers and filters of a new process; restore what a command changes."""
    variables = dict(os.environ)
    arguments, hook = sys.argv, sys.excepthook
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if hasattr(signal, "SIGHUP"):
        signals[signal.SIGHUP] = signal.getsignal(signal.SIGHUP)
    threads = sys.modules["torch"].get_num_threads() if "torch" in sys.modules else None
    loggers = [logging.getLogger(name) for name in (None, *PACKAGES)]
    handlers = [(logger.handlers[:], logger.level) for logger in loggers]
    for logger in loggers:
        logger.handlers[:] = []
    try:
        with warnings.catch_warnings():
            _print_warnings()
            yield
    finally:
        for logger, (ours, level) in zip(loggers, handlers, strict=True):
            logger.handlers[:] = ours
            logger.setLevel(level)
        if threads is not None:
            sys.modules["torch"].set_num_threads(threads)
        for number, handler in signals.items():
            signal.signal(number, handler)
        sys.argv, sys.excepthook = arguments, hook
        os.environ.clear()
        os.environ.update(variables)


def _print_warnings() -> None:
    """Print warnings as a process does; pytest would collect them. Ours of old names are errors."""
    warnings.resetwarnings()
    for hidden in (
        DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning,
    ):  # fmt: skip
        warnings.simplefilter("ignore", hidden)
    for package in PACKAGES:
        warnings.filterwarnings("error", category=DeprecationWarning, module=package)

    def show(message, category, filename, lineno, file=None, line=None):  # type: ignore[no-untyped-def]
        sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))

    warnings.showwarning = show
