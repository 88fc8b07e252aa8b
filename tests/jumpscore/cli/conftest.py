from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.command_line import run_here, run_process


@pytest.fixture
def jumpscore(tmp_path):
    """Run a command in an empty folder: in this process, or in one of its own (``process``)."""

    def run(
        *words: object, expect: int = 0, cwd: Path = tmp_path, process: bool = False, **env: str
    ) -> subprocess.CompletedProcess[str]:
        done = (run_process if process else run_here)(
            [*map(str, words)], cwd=cwd, env={"JUMPSCORE_CACHE": str(tmp_path / "cache")} | env
        )
        assert done.returncode == expect, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run
