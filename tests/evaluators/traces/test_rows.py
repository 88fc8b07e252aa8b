from __future__ import annotations

import json
from dataclasses import asdict, replace

import cv2
import numpy as np
import pytest

from evaluators.traces.scoring import MISSING
from evaluators.traces.task import Traces, TracesOptions
from jumpscore.data.layout import Manifest, write_rows
from tests.evaluators.traces.drawn import score


def broken(mini, tmp_path, change=None, **fields):
    """The problem of a row of the mini set in which something is changed."""
    task = Traces(TracesOptions(data=str(mini)))
    rule = fields.pop("of", "tracespatial_3d")
    row = next(row for row in task.rows if row.rule == rule)
    for file in row.files():
        target = tmp_path / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((mini / file).read_bytes())
    if change is not None:
        name, pixels = change
        content = pixels if isinstance(pixels, bytes) else cv2.imencode(".png", pixels)[1].tobytes()
        (tmp_path / getattr(row, name)).write_bytes(content)
    write_rows(tmp_path, [replace(row, **fields)], Manifest("broken"))
    return Traces(TracesOptions(data=str(tmp_path))).load()[0]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rule": "tracespatial"}, "rule 'tracespatial' is not one of tracespatial_2d"),
        ({"convention": "percent"}, "convention 'percent' is not one of unit"),
        ({"trace": [[0, 0]]}, r"trace has shape (1, 2); it must be [way-points, 3]"),
        ({"trace": [[0, 0, -1]]}, "trajectory [[0.0, 0.0, -1.0]] must be (x, y, z)"),
        ({"trace": [[0, 0, "far"]]}, "trace [[0, 0, 'far']] must be a list of numbers"),
        ({"trace": [[0, 0, 1e99]]}, "trace contains 1e+99; at most 10000 is allowed"),
        ({"trace": [[0, 0, float("nan")]]}, "trace[0] = [0.0, 0.0, nan] is not finite"),
        ({"trace": [[1, 2, 3], [1, 2]]}, "must be a list of numbers"),
        ({"trace": 5}, "trace 5 must be a list of numbers"),
        ({"trace": None}, "trace None must be a list of numbers"),
        ({"intrinsics": [[1, 0], [0, 1]]}, "intrinsics has shape (2, 2)"),
        ({"intrinsics": None}, "intrinsics None must be a list of numbers"),
        ({"intrinsics": [[0, 0, 1], [0, 1, 1], [0, 0, 1]]}, "intrinsics have focal lengths 0"),
        (
            {"intrinsics": [[500, 0, 320], [0, 500, 240], [0, 0, 1]]},
            "another image size",
        ),
        ({"intrinsics": [[9, 0, 160], [0, 9, 120], [0, 0, 1]]}, "see more than 20.48 m to a side"),
        ({"box": None}, "box center None must be a list of numbers"),
        ({"box": {"center": [0, 0, 1], "extent": [1, 1, 1], "rotation": [[1]]}}, "rotation"),
        ({"depth": ""}, "depth is empty; the rule needs one"),
        ({"depth": "gone.png"}, "depth gone.png cannot be read (No such file"),
        ({"mask": "../m.png"}, "leaves the data set's folder"),
        ({"of": "vabench", "trace": [[0.5, 0.5]]}, "trace has one way-point"),
        ({"of": "vabench", "trace": [[1, 1, 1], [2, 2, 2]]}, "it must be [way-points, 2]"),
        ({"of": "vabench", "image": ""}, "the file '' is not a valid path"),
    ],
)
def test_load_reports_a_broken_row(mini, tmp_path, fields, message):
    problem = broken(mini, tmp_path, **fields).problem
    assert message in problem
    assert "id 0-" in problem


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("depth", np.zeros((240, 320), np.uint8)), "depth has uint8 and shape (240, 320)"),
        (("depth", np.zeros((240, 320, 3), np.uint16)), "one channel and 16 bits"),
        (("depth", b"no picture"), "depth cannot be decoded"),
        (("depth", b""), "depth cannot be decoded"),
        (("mask", np.ones((24, 32), np.uint8)), "mask has shape (24, 32), depth has (240, 320)"),
        (("mask", np.zeros((240, 320), np.uint8)), "mask is empty"),
        (("mask", b"no picture"), "mask cannot be decoded"),
    ],
)
def test_load_reports_a_broken_picture(mini, tmp_path, change, message):
    problem = broken(mini, tmp_path, change).problem
    assert message in problem
    assert "id 0-tracespatial-3d" in problem


@pytest.mark.parametrize("fill", [0, 65535])
def test_score_of_an_object_without_depth(mini, tmp_path, fill):
    sample = broken(mini, tmp_path, ("depth", np.full((240, 320), fill, np.uint16)))
    assert sample.problem is None
    for text in (sample.truth.answer("relative_1000"), "no trace"):
        result = score(sample.truth, text)
        assert result.values["success"] is result.values["success_path"] is None
        assert result.values["success_reference"] is None
        assert result.notes == {MISSING["no_object"]: 1}


def test_missing_lists_files(mini, tmp_path):
    rows = Traces(TracesOptions(data=str(mini))).rows[:2]
    write_rows(tmp_path, rows, Manifest("bare"))
    missing = Traces(TracesOptions(data=str(tmp_path))).missing()
    assert missing == [tmp_path / f"scenes/0/{name}.png" for name in ("image", "depth", "mask")]


def test_rows_are_read_as_written(mini):
    task = Traces(TracesOptions(data=str(mini)))
    lines = [json.loads(line) for line in (mini / "rows.jsonl").open()]
    assert [asdict(row) for row in task.rows] == lines
