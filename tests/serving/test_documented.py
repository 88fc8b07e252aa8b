"""The commands of docs/serving.md for a machine without a GPU, run as they stand there."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from jumpscore.builder.generate import synthesize
from jumpscore.builder.jump_rope import load_profile
from tests.serving.on_a_cpu import VLLM
from tests.test_docs import console_lines

pytest.importorskip("openai")
pytestmark = [
    pytest.mark.serving,
    pytest.mark.slow,
    pytest.mark.skipif(VLLM is None, reason="JUMPSCORE_VLLM_PYTHON names no Python with vLLM"),
]


def test_documented_cpu_commands(tmp_path):
    """Variables and command of the page; only the data set, folders and Python are our own."""
    lines = console_lines("serving.md")
    at = next(number for number, line in enumerate(lines) if "model.cpu_only=true" in line)
    exports, command = lines[at - 1], shlex.split(lines[at])
    assert exports.startswith("export VLLM_CPU_")
    assert lines[at - 2].startswith("export JUMPSCORE_VLLM_PYTHON=")
    variables = dict(word.split("=") for word in shlex.split(exports)[1:])
    synthesize(tmp_path / "set", load_profile("small", ["clips=2"]), seed=7)
    assert command.pop(0) == "jumpscore"
    command += [f"task.data={tmp_path / 'set'}", f"run.folder={tmp_path / 'runs'}", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", "from jumpscore.cli.app import main; main()", *command],
        env={**os.environ, **variables, "HF_HUB_OFFLINE": "1",
             "JUMPSCORE_CACHE": str(tmp_path / "cache"), "JUMPSCORE_VLLM_PYTHON": str(VLLM)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-5000:]
    [stored] = Path(tmp_path / "runs").rglob("result.json")
    result = json.loads(stored.read_text())
    assert (result["total"], result["unscored"]) == (2, 0)
