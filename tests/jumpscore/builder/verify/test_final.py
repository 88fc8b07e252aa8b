from __future__ import annotations

import pytest

from jumpscore.builder.project import ADJUDICATED, Details
from jumpscore.builder.verify import final_marks


@pytest.fixture
def final(project):
    """Return frames, decision, annotators and problem of the first video."""

    def final() -> tuple[list[int], str | None, tuple[str, ...], str | None]:
        marks = final_marks(project, project.videos()[0])
        return [mark.frame for mark in marks.marks], marks.how, marks.annotators, marks.problem

    return final


def test_final_marks_of_one(store, final):
    assert final() == ([], None, (), "no annotator has finished the video")
    store(0, "ann", 10, 20)
    store(0, "bob", 30, details=Details())
    assert final() == ([10, 20], "single", ("ann",), None)


def test_final_marks_of_two(store, final):
    store(0, "ann", 10, 20)
    store(0, "bob", 12, 22)
    assert final() == ([11, 21], "consensus", ("ann", "bob"), None)


def test_final_marks_after_adjudication(store, final):
    store(0, "ann", 10, 20)
    store(0, "bob", 12, 40)
    problem = "open disagreements between ann and bob: 2"
    assert final() == ([], None, ("ann", "bob"), problem)
    store(0, ADJUDICATED, 11, 40, details=Details())
    assert final()[3] == problem
    store(0, ADJUDICATED)
    assert final() == ([11, 40], "adjudicated", ("ann", "bob"), None)


def test_final_marks_of_damaged_files(project, store, final):
    store(0, "ann", 10)
    store(0, "bob", 10)
    video = project.videos()[0]
    project.file(video).write_bytes(b"")
    assert final()[:2] == ([], None)
    assert video.path in final()[3]
    (project.root / "annotations/ann" / f"{video.id}.jsonl").write_text("{}\n")
    assert "line 1: is damaged" in final()[3]
