"""Deciding between annotators on the same page."""

from __future__ import annotations

import pytest

from jumpscore.builder.project import ADJUDICATED, Change, Details, Edit, Mark, Project
from tests.jumpscore.builder.annotate.serving import adding, mark, serving


def annotate(project: Project, annotator: str, frames: list[int], *, done: bool = True) -> None:
    [video] = project.videos()
    journal = project.journal(video, annotator)
    marks = [Mark(f"m{frame}", frame, frame / 25, flagged=frame == 50) for frame in frames]
    journal.edit(Edit("mark", tuple(Change(None, each) for each in marks)))
    if done:
        journal.describe(Details(done=True))


def test_adjudication_begins_with_agreed_marks(project, video):
    annotate(project, "ann", [5, 20, 40])
    annotate(project, "bob", [6, 20, 50])
    annotate(project, "eve", [1], done=False)
    with serving(project.root, "chief", "--adjudicate") as server:
        view = server.call("/api/project").json
        assert (view["mode"], view["annotator"]) == ("adjudicate", "chief")
        assert view["videos"][0]["disagreements"] == 2
        assert view["videos"][0]["started"] is False

        view = server.call(f"/api/videos/{video}").json
        lanes = {lane["annotator"]: lane["marks"] for lane in view["lanes"]}
        assert {name: [each["frame"] for each in marks] for name, marks in lanes.items()} == {
            "ann": [5, 20, 40],
            "bob": [6, 20, 50],
            "eve": [1],
        }
        assert lanes["bob"][2] == {"frame": 50, "time": 2.0, "flagged": True, "note": ""}
        assert [(each["first_frame"], each["by"]) for each in view["disagreements"]] == [
            (40, {"ann": [40], "bob": []}),
            (50, {"ann": [], "bob": [50]}),
        ]
        state = view["state"]
        assert [(each["frame"], each["origin"]) for each in state["marks"]] == [
            (5, "consensus"),
            (20, "consensus"),
        ]
        assert (state["sequence"], state["undo"]) == (1, "take over 2 agreed marks")
        assert server.edit(video, 1, adding(mark("z", 50))).status == 200
    [row] = project.videos()
    assert [each.frame for each in project.annotation(row, ADJUDICATED).marks] == [5, 20, 50]
    assert not project.annotation(row, "chief").is_started


def test_agreed_marks_are_taken_over_once(project, video):
    annotate(project, "ann", [5])
    annotate(project, "bob", [5])
    for _ in range(2):
        with serving(project.root, "chief", "--adjudicate") as server:
            sequence = server.state(video)["sequence"]
            if sequence == 1:
                undone = server.call(f"/api/videos/{video}/undo", {"sequence": 1}).json
                assert undone["marks"] == []
            assert server.state(video)["sequence"] == 2
            assert server.state(video)["marks"] == []


@pytest.mark.parametrize("done", [False, True])
def test_adjudication_of_one_annotator(project, video, done):
    annotate(project, "ann", [5], done=done)
    with serving(project.root, "chief", "--adjudicate") as server:
        assert server.call("/api/project").json["videos"][0]["disagreements"] is None
        view = server.call(f"/api/videos/{video}").json
        assert (view["disagreements"], view["state"]["sequence"]) == ([], 0)


def test_annotators_do_not_see_each_other(project, video):
    annotate(project, "bob", [5])
    with serving(project.root, "ann") as server:
        view = server.call(f"/api/videos/{video}").json
        assert (view["lanes"], view["disagreements"], view["state"]["marks"]) == ([], [], [])
        assert server.call("/api/project").json["videos"][0]["marks"] == 0


def test_proposals_of_a_model(project, video):
    from jumpscore.builder.proposals import Candidate, Proposals, proposals_file, write_proposals

    [row] = project.videos()
    candidates = (Candidate(3, 0.12, 0.9), Candidate(30, 1.2))
    write_proposals(project, row, Proposals(row.id, "motion", "", "ok", candidates))
    with serving(project.root) as server:
        assert server.call(f"/api/videos/{video}").json["proposals"] == {
            "model": "motion",
            "candidates": [
                {"frame": 3, "time": 0.12, "confidence": 0.9},
                {"frame": 30, "time": 1.2, "confidence": None},
            ],
        }
        proposals_file(project, row).write_text("{}")
        view = server.call(f"/api/videos/{video}").json
        assert view["proposals"] is None
        assert "delete it and run 'jumpscore data propose' again" in view["notes"][-1]
