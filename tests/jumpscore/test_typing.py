"""A user's script is type-checked against the installed packages (``py.typed``)."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
from collections.abc import Sequence
from typing import assert_type

import jumpscore
from evaluators.temporal import parse_span
from jumpscore.records import Response
from jumpscore.scoring import parse_times
from jumpscore.video import VisualInput, probe, uniform_frames
from model_wrappers.base import ModelWrapper, Request


class Mine(ModelWrapper):
    name = "mine"
    inputs = ("frames",)

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        return [Response(request.question.id, "0.5 s") for request in requests]


run = jumpscore.evaluate(Mine(), "jumpscore", task_options={"data": "mini"})
assert_type(run.result.metrics["f1"].mean, float | None)
assert_type(parse_times("0.5 s").times, tuple[float, ...])
assert_type(uniform_frames("jump.mp4", count=8), VisualInput)
print(probe("jump.mp4").duration + 1.0, parse_span("1 - 2").status)

jumpscore.evaluate(3, "jumpscore")  # type: ignore[arg-type]
parse_times(b"0.5 s")  # type: ignore[arg-type]
"""


@pytest.mark.slow
def test_user_script_type_checks(tmp_path):
    """Strictly, with no configuration of ours; the two wrong calls must be errors.

    The path files of a fresh environment make this repository an installed package there: mypy
    reads types only from packages with ``py.typed``.
    """
    venv.create(tmp_path / "venv")
    [site] = (tmp_path / "venv").glob("lib/python*/site-packages")
    (site / "paths.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")
    (tmp_path / "user.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-incremental",
         "--python-executable", tmp_path / "venv" / "bin" / "python", "user.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
