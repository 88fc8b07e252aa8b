"""Commands whose changes of a folder are counted, stopped or made to fail."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.faults.tracing import Change, Fault
from tests.support import running

REPOSITORY = Path(__file__).parents[2]
PATIENCE = 600.0
"""Seconds after which a command counts as hanging. No test depends on it unless it fails."""
MODULES = (
    "av", "cv2", "concurrent.futures.thread", "multiprocessing.queues", "pandas", "rich.table",
    "pyarrow.parquet", "pyarrow.pandas_compat", "scipy.optimize", "huggingface_hub.file_download",
    "huggingface_hub.hf_api", "evaluators.jumpscore", "evaluators.lmms.benchmarks",
    "evaluators.spatial", "evaluators.temporal", "evaluators.traces", "evaluators.tracking",
    "jumpscore.builder.generate", "jumpscore.cli.ablate", "jumpscore.cli.app",
    "jumpscore.cli.data.fetch", "jumpscore.cli.report", "jumpscore.cli.run", "jumpscore.cli.score",
    "jumpscore.report.ablation", "jumpscore.report.page", "model_wrappers.content_free",
)  # fmt: skip
"""Modules that the server imports before it starts commands."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended.

    Attributes:
        status: Exit status, or the negative number of the signal that ended it.
        changes: Changes of the folder.
        out: What it printed.
        err: What it printed to standard error.
    """

    status: int
    changes: tuple[Change, ...]
    out: str
    err: str


class Commands:
    """Starts commands one after another in children of one server.

    Args:
        process: The server.
        folder: Folder for what the commands print.
    """

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._out, self._err = folder / "out", folder / "err"
        self._receive()

    def run(
        self,
        words: Sequence[object],
        folder: Path,
        fault: Fault | None = None,
        *,
        copies: Path | None = None,
        clock: Sequence[float] = (),
        env: Mapping[str, str] | None = None,
    ) -> Done:
        """Run a command in the parent of a folder and wait for its end.

        Args:
            words: Words of the command line after ``jumpscore``; or ``"module:function"`` and its
                arguments.
            folder: Folder whose changes are counted. It need not exist.
            fault: What happens at one of the changes.
            copies: Where to put a copy of the folder before each change, named by its number.
            clock: Seconds by which the clock is wrong, one after another.
            env: Further environment variables.
        """
        request = {
            "words": [str(word) for word in words],
            "folder": str(folder),
            "cwd": str(folder.parent),
            "fault": asdict(fault) if fault else None,
            "copies": str(copies) if copies else None,
            "clock": list(clock),
            "env": dict(env or {}),
            "out": str(self._out),
            "err": str(self._err),
        }
        self._out.unlink(missing_ok=True)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._receive()
        return Done(
            answer["status"],
            tuple(Change(**change) for change in answer["changes"]),
            self._out.read_text(errors="replace"),
            self._err.read_text(errors="replace"),
        )

    def printed(self) -> str:
        """Return what the present command has printed so far; for another thread."""
        return self._out.read_text() if self._out.exists() else ""

    def stop(self) -> None:
        """Kill the server and the present command; for another thread."""
        self._process.kill()

    def _receive(self) -> dict[str, Any]:
        stream = self._process.stdout
        assert stream is not None
        assert select.select([stream], [], [], PATIENCE)[0], "the command hangs"
        line = stream.readline()
        assert line, "the server of commands has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def started(folder: Path, *modules: str) -> Iterator[Commands]:
    """Start a server of commands that has imported these modules and the usual ones."""
    folder.mkdir(parents=True, exist_ok=True)
    env = os.environ | {
        "JUMPSCORE_CACHE": str(folder / "cache"),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "tests.faults.server", *MODULES, *modules]
    with running(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=env
    ) as process:
        yield Commands(process, folder)
