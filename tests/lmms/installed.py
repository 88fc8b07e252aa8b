"""The Python in which the real lmms-eval is installed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from model_wrappers.vllm.server import CPU_ONLY

PYTHON = os.environ.get("JUMPSCORE_LMMS_PYTHON")
MARKS = [
    pytest.mark.lmms,
    pytest.mark.slow,
    pytest.mark.skipif(PYTHON is None, reason="JUMPSCORE_LMMS_PYTHON names no Python"),
]
"""The ``pytestmark`` of a module whose tests run it."""


def run_python(
    *words: object, folder: Path, expect: int = 0, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run it offline, and assert how it ends.

    Args:
        words: Its arguments.
        folder: Its current folder, which has the caches of the hub too.
        expect: Exit code.
        env: More variables of the environment.
    """
    shared = {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder / "hf"),
        # Does nothing if torch is a CUDA build there.
        "PYTHONPATH": f"{CPU_ONLY}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }
    done = subprocess.run(
        [PYTHON, *map(str, words)],
        cwd=folder,
        env={**os.environ, **shared, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == expect, done.stdout[-3000:] + done.stderr[-5000:]
    return done


def installed_tasks() -> Path:
    """Return the folder of its own tasks; importing it would take 10 s."""
    find = "from importlib.util import find_spec; print(find_spec('lmms_eval').origin)"
    return Path(run_python("-c", find, folder=Path.cwd()).stdout.strip()).parent / "tasks"
