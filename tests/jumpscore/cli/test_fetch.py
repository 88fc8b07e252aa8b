"""``jumpscore data fetch`` of lmms-eval's benchmarks, and of names that do not fit."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

STAND_IN = Path(__file__).parents[2] / "evaluators" / "lmms" / "stand_in"


def test_fetch_lmms_benchmark(jumpscore, tmp_path):
    paths = {"PYTHONPATH": f"{STAND_IN}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    words = ("data", "fetch", "stand_in", "--task", "lmms")
    done = jumpscore(*words, "--data-root", "root", expect=1, process=True, **paths)
    use = "use it with task=lmms task.benchmark=stand_in --data-root root"
    assert f"stand_in, 7 documents, 1 file missing; {use}" in done.stdout
    assert "1 file is missing:\n  /none/there.mp4\n" in done.stderr
    # A run under the same root asks what was fetched.
    run = ("run", "model=oracle", "run.expose_truth=true", "task=lmms", "run.limit=1", "--json")
    asked = jumpscore(*run, "task.benchmark=stand_in", "--data-root", "root", process=True, **paths)
    assert json.loads(asked.stdout)["total"] == 1
    # Without a root both look where lmms-eval itself does.
    done = jumpscore(*words, expect=1, HF_HOME="home", JUMPSCORE_DATA="", process=True, **paths)
    assert done.stdout.startswith("home: stand_in")
    assert "--data-root" not in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tracking"], "fetch one of its sets: ref_davis17, mevis_valid_u"),
        (["lmms"], "fetch one of its sets: videomme"),
        (["jumpscore"], "fetch one of its sets: published"),
        (["mini_lmms"], "is rendered on first use"),
        (["docvqa"], "did you mean 'docvqa_val'"),
        (["videomme", "--revision", "main"], "leave out --revision"),
        (["videomme", "--source", "x"], "leave out --source"),
        (["where2place", "--python", "python"], "need --task lmms"),
        (["where2place", "--task", "tracking"], "is a data set of task spatial, not tracking"),
        (["videomme", "--python", "nothing-there"], "--python nothing-there: cannot be started"),
    ],
)
def test_fetch_refuses_invalid_arguments(jumpscore, words, said):
    assert said in jumpscore("data", "fetch", *words, expect=2).stderr
