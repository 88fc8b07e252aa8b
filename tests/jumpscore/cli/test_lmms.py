"""``jumpscore data lmms``: a data set for lmms-eval."""

from __future__ import annotations

import json


def test_lmms_exports_a_task(jumpscore, tiny_set, tmp_path):
    done = jumpscore("data", "lmms", "mini_traces", "--out", "tasks", "convention=unit")
    assert "mini_traces: 16 documents of task traces" in done.stdout
    [first, *_] = (tmp_path / "tasks" / "mini_traces.jsonl").read_text().splitlines()
    assert json.loads(json.loads(first)["options"])["convention"] == "unit"
    for words, said in (
        (("tasks",), "choose the task that reads it, such as --task spatial"),
        ((tiny_set, "--task", "jumpscore"), "hallucination_rate is not a mean over samples"),
        (("mini_lmms",), "is already a benchmark of lmms-eval"),
        (("nothing",), "data set 'nothing' is neither a folder nor a known name"),
        (("mini_traces", "convenion=unit"), "unknown key 'task.convenion'"),
        (("mini_traces", "convention"), "'convention' is not key=value"),
    ):
        failed = jumpscore("data", "lmms", *words, "--out", "tasks", expect=2)
        assert said in failed.stderr


def test_lmms_uses_the_requested_name(jumpscore, rendered_sets, tmp_path):
    words = ("data", "lmms", "mini_timelens", "--out", "tasks")
    done = jumpscore(*words, JUMPSCORE_CACHE=str(rendered_sets))
    assert "--tasks mini_timelens" in done.stdout
    assert {file.name for file in (tmp_path / "tasks").iterdir()} == {
        "mini_timelens.jsonl",
        "mini_timelens.yaml",
    }
