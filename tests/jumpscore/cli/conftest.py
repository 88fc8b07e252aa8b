from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def jumpscore(tmp_path):
    """Run a command in an empty folder; returns the finished process."""

    def run(
        *words: object, expect: int = 0, cwd: Path = tmp_path, **env: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-c", "from jumpscore.cli.app import main; main()", *map(str, words)],
            capture_output=True,
            text=True,
            cwd=cwd,
            # The tests beside it have the other cores.
            env=os.environ
            | {"JUMPSCORE_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
            | env,
            timeout=600,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run
