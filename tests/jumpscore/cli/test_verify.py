from __future__ import annotations

import json

from jumpscore.builder.project import ADJUDICATED, Details
from tests.jumpscore.builder.projects import add_marks, counting_project


def test_verify_project_from_start_to_end(jumpscore, tmp_path):
    project = counting_project(tmp_path / "my ropes")
    command = ("data", "verify", "my ropes")
    assert "next: 2 unfinished videos: jumpscore data annotate 'my ropes' --annotator NAME" in (
        jumpscore(*command).stdout
    )
    for number in range(2):
        add_marks(project, number, "ann", 10, 30, 50)
    add_marks(project, 0, "bob", 12, 32, 52)
    add_marks(project, 1, "bob", 12, 32, 70)
    text = jumpscore(*command).stdout
    assert "ann, bob (2)" in text
    assert "bob marks 2 frames later than ann: agree on the moment to mark" in text
    assert "Open disagreements: 1" in text
    assert "clip1.mp4    2 to decide, the first at 2.000 s" in text
    assert "final: 1 of 2 videos (1 consensus)" in text
    command_line = "jumpscore data annotate 'my ropes' --annotator NAME --adjudicate"
    assert f"next: 2 disagreements in 1 video: {command_line}" in text
    add_marks(project, 1, ADJUDICATED, 11, 31)
    text = jumpscore(*command).stdout
    assert "final: 2 of 2 videos (1 adjudicated, 1 consensus)" in text
    assert "next: jumpscore data freeze 'my ropes'" in text


def test_verify_project_json(jumpscore, tmp_path):
    project = counting_project(tmp_path / "ropes")
    add_marks(project, 0, "ann", 10, 30)
    add_marks(project, 0, "bob", 10, 50)
    add_marks(project, 1, "bob", 10, 10, details=Details(done=True, note="[red]\x1b[0m"))
    content = json.loads(jumpscore("data", "verify", "ropes", "--json", expect=1).stdout)
    first, second = content["videos"]
    assert (first["name"], first["how"], first["annotators"]) == ("clip0.mp4", None, ["ann", "bob"])
    assert first["disagreements"] == [
        {
            "first_frame": 30,
            "last_frame": 30,
            "time": 1.2,
            "kind": "missing",
            "by": {"ann": [30], "bob": []},
        },
        {
            "first_frame": 50,
            "last_frame": 50,
            "time": 2.0,
            "kind": "missing",
            "by": {"ann": [], "bob": [50]},
        },
    ]
    assert (second["how"], [mark["frame"] for mark in second["marks"]]) == ("single", [10, 10])
    [pair] = content["agreement"]
    assert (pair["offset"], pair["f1"][1]["mean"], pair["videos"][0]["marks"]) == (0, 0.5, [2, 2])
    assert [
        finding["kind"] for finding in content["findings"] if finding["severity"] == "error"
    ] == ["repeated"]
    text = jumpscore("data", "verify", "ropes", expect=1).stdout
    assert "[red]⟨U+001B⟩[0m" in text
    assert "1 error, 1 warning, 2 notes" in text
    assert "next: correct the errors, then jumpscore data verify ropes" in text


def test_verify_set(jumpscore, tiny_set, tmp_path):
    text = jumpscore("data", "verify", tiny_set).stdout
    assert "Videos without marks: 1" in text
    content = json.loads(jumpscore("data", "verify", tiny_set, "--json").stdout)
    assert [finding["video"] for finding in content["findings"]] == ["clip2"]
    assert "no such data-set folder" in jumpscore("data", "verify", "nowhere", expect=2).stderr
