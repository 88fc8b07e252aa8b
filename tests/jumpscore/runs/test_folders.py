"""Folders of runs: equal names of other data, and what a refused resume lists."""

from __future__ import annotations

import pytest

import jumpscore
from jumpscore.errors import UsageError


def test_beside_other_data_of_equal_names(start, tiny_set, tmp_path):
    from jumpscore.data.layout import Manifest, read_rows, write_set

    write_set(tmp_path / "other", read_rows(tiny_set)[:2], Manifest("tiny"))
    for row in read_rows(tiny_set)[:2]:
        target = tmp_path / "other" / row.video_path
        target.parent.mkdir(exist_ok=True)
        target.symlink_to(tiny_set / row.video_path)
    one, other = start("content_free"), start("content_free", data=tmp_path / "other")
    assert (one.result.total, other.result.total) == (3, 2)
    checksum = other.record.identity.data.checksum
    assert other.folder.name == f"{one.folder.name}-{checksum[:8]}"
    assert start("content_free", data=tmp_path / "other").asked == 0
    assert start("content_free").asked == 0
    with pytest.raises(UsageError, match=r"data\.checksum"):
        start("content_free", name=one.folder.name, data=tmp_path / "other")


@pytest.mark.parametrize(
    ("model", "task", "lines"),
    [
        ("oracle", "jumpscore", ["model.model: content_free -> oracle"]),
        ("content_free", "jumpscore_count", ["task.name: jumpscore -> jumpscore_count"]),
    ],
)
def test_changes_leave_out_what_follows_from_another(tiny_set, tmp_path, model, task, lines):
    """Another model has other code and options, another task other questions: one line each."""
    run = {"folder": tmp_path, "name": "x"}
    jumpscore.evaluate("content_free", "jumpscore", task_options={"data": str(tiny_set)}, run=run)
    exposed = run | {"expose_truth": model == "oracle"}
    with pytest.raises(UsageError) as raised:
        jumpscore.evaluate(model, task, task_options={"data": str(tiny_set)}, run=exposed)
    _, *listed, _ = str(raised.value).splitlines()
    listed = [line.strip() for line in listed]
    assert set(lines) <= set(listed)
    assert not [
        line for line in listed if line.startswith(("model.code", "model.opt", "questions"))
    ]
