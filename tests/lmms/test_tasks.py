"""The real lmms-eval runs the tasks that are offered to it, on the rendered set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import jumpscore
from tests.lmms.installed import MARKS, run_python

HERE = Path(__file__).parent
pytestmark = MARKS
PROSE = "I would lift it.\n\nThen I would carry it."


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """What lmms-eval made of truths, with prose for the last document of every task.

    In ``gone`` a depth map was lost after the task was made.
    """
    from tests.support import render_mini

    root = tmp_path_factory.mktemp("tasks")

    def run(*words: object) -> str:
        return run_python(*words, folder=root, HF_DATASETS_OFFLINE="1").stdout

    export = ("-c", "from jumpscore.cli.app import main; main()", "data", "lmms")
    for name in ("set", "gone"):
        render_mini("mini_traces", root / name)
    manifest = json.loads((root / "gone" / "manifest.json").read_text())
    (root / "gone" / "manifest.json").write_text(json.dumps(manifest | {"name": "gone"}))
    outputs = [run(*export, name, "--task", "traces", "--out", "tasks") for name in ("set", "gone")]
    assert "mini_traces: 16 documents of task traces" in outputs[0]
    (root / "gone" / "scenes" / "1" / "depth.png").unlink()
    # The layout of the six tracking sets, ReVOS among them.
    render_mini("mini_tracking", root / "videos")
    run(*export, "videos", "--task", "tracking", "--out", "tasks")
    run(HERE / "answering.py", "tasks", "out.json", "mini_traces", "gone", "mini_tracking")
    return root, json.loads((root / "out.json").read_text())


def test_exported_task_equals_a_run(answered, tmp_path):
    root, actual = answered
    lines = (root / "tasks" / "mini_traces.jsonl").read_text().splitlines()
    offered = {d["id"]: d["answer"] for d in map(json.loads, lines)}
    offered[list(offered)[-1]] = PROSE
    answers = tmp_path / "answers.jsonl"
    answers.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in offered.items()))
    run = jumpscore.evaluate(
        "replay",
        "traces",
        model_options={"answers": str(answers)},
        task_options={"data": str(root / "set")},
        run={"folder": str(tmp_path / "runs")},
    )
    results = actual["results"]["mini_traces"]
    for metric in run.result.described:
        theirs = results[f"{metric.name},none"]
        assert theirs == pytest.approx(run.result.metrics[metric.name].mean), metric.name
    assert results["unscored,none"] == 0.0
    assert results["success,none"] == 1.0
    # The last document asks in ShareRobot's way.
    assert results["parsed,none"] == 15 / 16


def test_exported_task_of_tracks(answered):
    _, result = answered
    results = result["results"]["mini_tracking"]
    # The truth for all but the last query, which gets prose.
    assert results["point_f1,none"] == pytest.approx(20 / 21)
    assert results["unscored,none"] == 0.0


def test_exported_task_counts_missing_files(answered):
    _, result = answered
    results = result["results"]["gone"]
    assert results["unscored,none"] == 2 / 16  # a depth map that two questions need
    assert results["success,none"] == 1.0
    assert results["parsed,none"] == 13 / 14


def test_exported_task_shows_picture_and_prompt(answered):
    _, result = answered
    seen = [one for one in result["seen"] if one["task"] != "mini_tracking"]
    assert len(seen) == 32
    assert {tuple(seen["size"]) for seen in seen} == {(320, 240)}
    assert all(seen["until"] == [] for seen in seen)
    assert sum("key 3D trajectory points" in seen["prompt"] for seen in seen) == 8
