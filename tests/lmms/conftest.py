"""What tests of lmms-eval's benchmarks share."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.lmms.miniatures import HERE, PYTHON, Place

CPU_ONLY = HERE.parent / "serving" / "cpu_only"


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    torch = "from importlib.metadata import version; print(version('torch'))"
    found = subprocess.run([PYTHON, "-c", torch], capture_output=True, text=True, check=True)
    with pytest.MonkeyPatch.context() as patch:
        if found.stdout.strip().endswith("+cpu"):
            patch.setenv("PYTHONPATH", f"{CPU_ONLY}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        yield Place(tmp_path_factory.mktemp("provider"))
