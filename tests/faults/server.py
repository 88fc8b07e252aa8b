"""Starts commands by ``fork``, each in a child of its own, so that a start costs milliseconds.

It reads one request per line and answers each with one line; ``tests.faults.commands`` is its
client. The modules in its arguments are imported first; nothing is called, so no thread exists when
a child is started.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.faults.tracing import SYNCS, Change, Fault, trace


def main() -> None:
    """Import the modules in the arguments, then serve requests until the input ends."""
    for name in sys.argv[1:]:
        import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    print("{}", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(_serve(json.loads(line))), file=answers, flush=True)


def _serve(request: dict[str, Any]) -> dict[str, Any]:
    fault = Fault(**request["fault"]) if request["fault"] else None
    folder, copies = Path(request["folder"]), request["copies"]
    before = _Copies(folder, Path(copies)) if copies else None
    outcome = trace(partial(_child, request), folder, fault, before=before)
    return {"status": outcome.status, "changes": [asdict(change) for change in outcome.changes]}


class _Copies:
    """Copies a folder before each change: what a kill at that moment would leave."""

    def __init__(self, folder: Path, copies: Path) -> None:
        self.folder, self.copies = folder, copies
        self.changed = True

    def __call__(self, place: int, change: Change) -> None:
        copy = self.copies / f"{place:05d}"
        while self.changed and self.folder.exists():
            before = self._state()
            # Other threads go on, so a copy counts only if nothing changed in the meantime.
            with suppress(OSError):
                shutil.copytree(self.folder, copy, symlinks=True)
                if before is not None and before == self._state():
                    break
            shutil.rmtree(copy, ignore_errors=True)
        self.changed = change.call not in SYNCS

    def _state(self) -> list[tuple[str, int, int]] | None:
        """Return names, sizes and times of everything in the folder; ``None`` if it changes."""
        try:
            paths = sorted(self.folder.rglob("*"))
            return [(str(path), path.lstat().st_size, path.lstat().st_mtime_ns) for path in paths]
        except OSError:
            return None


def _child(request: dict[str, Any]) -> int:
    """Run a command, or a function of ``"module:function"``, as the only task of this process."""
    for number, name in enumerate(("out", "err"), start=1):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    if request["clock"]:
        _move_clock(request["clock"])
    status = _status_of(partial(_run, request["words"]))
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    # What the interpreter does at its end.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    return status


def _run(words: list[str]) -> None:
    function = words[0]
    if ":" in function:
        module, _, name = function.partition(":")
        getattr(import_module(module), name)(*words[1:])
        return
    from jumpscore.cli.app import main as command

    sys.argv = ["jumpscore", *words]
    command()


def _status_of(function: Callable[[], None]) -> int:
    try:
        function()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _move_clock(jumps: list[float]) -> None:
    """Make the clock jump by the next of some numbers of seconds each time that it is read."""
    clock, reads = time.time, iter(range(10**9))

    def moved() -> float:
        return clock() + jumps[next(reads) % len(jumps)]

    time.time = moved
    time.time_ns = lambda: round(moved() * 1e9)


if __name__ == "__main__":
    main()
