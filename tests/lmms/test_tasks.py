"""The real lmms-eval runs the tasks that are offered to it, on the rendered set."""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path

import pytest

import jumpscore

HERE = Path(__file__).parent
PYTHON = os.environ.get("JUMPSCORE_LMMS_PYTHON")
pytestmark = [
    pytest.mark.lmms,
    pytest.mark.slow,
    pytest.mark.skipif(PYTHON is None, reason="JUMPSCORE_LMMS_PYTHON names no Python"),
]
RULES = ("tracespatial_2d", "tracespatial_3d", "vabench", "sharerobot")
PROSE = "I would lift it.\n\nThen I would carry it."


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """What lmms-eval made of truths, with prose for the last document of every task.

    In ``gone`` a depth map was lost after the task was made.
    """
    from jumpscore.builder.minis import render_mini

    root = tmp_path_factory.mktemp("tasks")
    env = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HOME": str(root / "hf"),
    }

    def run(*words: object) -> str:
        done = subprocess.run(
            [PYTHON, *map(str, words)],
            cwd=root,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-5000:]
        return done.stdout

    offer = ("-c", "from jumpscore.cli.app import main; main()", "data", "lmms")
    for name in ("set", "gone"):
        render_mini("mini_traces", root / name)
    manifest = json.loads((root / "gone" / "manifest.json").read_text())
    (root / "gone" / "manifest.json").write_text(json.dumps(manifest | {"name": "gone"}))
    told = [run(*offer, name, "--out", "tasks") for name in ("set", "gone")]
    assert "mini_traces_vabench: 4 documents" in told[0]
    (root / "gone" / "scenes" / "1" / "depth.png").unlink()
    tasks = [f"mini_traces_{rule}" for rule in RULES] + ["gone_tracespatial_3d"]
    run(HERE / "answering.py", "tasks", "out.json", *tasks)
    return root, json.loads((root / "out.json").read_text())


def test_the_numbers_are_those_of_a_run(answered, tmp_path):
    root, found = answered
    offered = {}
    for rule in RULES:
        lines = (root / "tasks" / f"mini_traces_{rule}.jsonl").read_text().splitlines()
        documents = [json.loads(line) for line in lines]
        offered |= {d["id"]: d["answer"] for d in documents[:-1]} | {documents[-1]["id"]: PROSE}
    answers = tmp_path / "answers.jsonl"
    answers.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in offered.items()))
    run = jumpscore.evaluate(
        "replay",
        "traces",
        model_options={"answers": str(answers)},
        task_options={"data": str(root / "set")},
        run={"folder": str(tmp_path / "runs")},
    )
    scores = {score.id: score.values for score in run.scores}
    for rule in RULES:
        results = found["results"][f"mini_traces_{rule}"]
        own = [scores[f"{number}-{rule.replace('_', '-')}"] for number in range(4)]
        for name in own[0]:
            defined = [values[name] for values in own if values[name] is not None]
            mean = sum(defined) / len(defined) if defined else math.nan
            assert results[f"{name},none"] == pytest.approx(mean, nan_ok=True), (rule, name)
        assert results["unscored,none"] == 0.0
    assert found["results"]["mini_traces_tracespatial_3d"]["success,none"] == 0.75
    assert found["results"]["mini_traces_vabench"]["parsed,none"] == 0.75


def test_a_file_that_is_gone_is_counted_and_ends_nothing(answered):
    _, found = answered
    results = found["results"]["gone_tracespatial_3d"]
    assert results["unscored,none"] == 0.25
    # Two of three that are left; the prose has no trace.
    assert results["success,none"] == pytest.approx(2 / 3)
    assert results["parsed,none"] == pytest.approx(2 / 3)


def test_models_see_the_picture_and_the_prompt_and_are_not_cut(answered):
    _, found = answered
    assert len(found["seen"]) == 20
    assert {tuple(seen["size"]) for seen in found["seen"]} == {(320, 240)}
    assert all(seen["until"] == [] for seen in found["seen"])
    prompts = [s["prompt"] for s in found["seen"] if s["task"] == "mini_traces_tracespatial_3d"]
    assert all("key 3D trajectory points" in prompt for prompt in prompts)
