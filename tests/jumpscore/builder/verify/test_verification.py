from __future__ import annotations

from jumpscore.builder.project import ADJUDICATED, Details, Edit
from jumpscore.builder.verify import verify_project
from tests.support import write_video


def kinds(result, video):
    return [(f.kind, f.severity, f.annotator) for f in result.findings if f.video == video]


def test_verify_project_in_progress(project, store):
    first, second = (video.id for video in project.videos())
    store(0, "ann", 10, 20, 22, 40, details=Details(done=True, flagged=True, note="blurred"))
    store(0, "bob", 11, 20, 60)
    store(1, "ann", details=Details())
    result = verify_project(project)
    assert kinds(result, first) == [
        ("short_gap", "warning", "ann"),
        ("flagged", "warning", "ann"),
        ("disagreement", "warning", ""),
    ]
    assert [f.message for f in result.findings if f.video == first][1:] == [
        "the video is flagged: blurred",
        "3 to decide, the first at 0.880 s",
    ]
    assert kinds(result, second) == [("unfinished", "note", "ann")]
    assert [len(state.final.disagreements) for state in result.videos] == [3, 0]
    [pair] = result.agreement
    assert [video.video for video in pair.videos] == [first]


def test_verify_project_after_decisions(project, store):
    for name in ("ann", "bob"):
        store(0, name, 10, 10, 50)
        store(1, name, 10, 30 if name == "ann" else 40)
    store(1, ADJUDICATED, 10, 30, details=Details())
    assert ("adjudicating", "note", "") in kinds(verify_project(project), project.videos()[1].id)
    store(1, ADJUDICATED)
    result = verify_project(project)
    assert [state.final.how for state in result.videos] == ["consensus", "adjudicated"]
    # The doubled mark of both people is still doubled in their consensus.
    assert [(f.kind, f.annotator) for f in result.findings] == [
        ("repeated", "consensus"),
        ("undecided", ""),  # nothing at frame 40
    ]
    assert result.agreement[0].f1[1].n == 2


def test_verify_project_adjudicated_against_the_consensus(project, store):
    for name in ("ann", "bob"):
        store(0, name, 10, 30, 50)
    store(0, ADJUDICATED, 11, 70)
    video = project.videos()[0].id
    [finding] = [f for f in verify_project(project).findings if f.video == video]
    assert (finding.kind, finding.severity, finding.value) == ("overruled", "note", 2)


def test_verify_project_adjudicated_without_a_decision(project, store):
    store(0, "ann", 10, 20, 30, 50)
    store(0, "bob", 10, 20, 33, 70)  # 30 and 33 are one disagreement, at 25 frames per second
    store(0, ADJUDICATED, 10, 20, 31)
    video = project.videos()[0]
    [finding] = [f for f in verify_project(project).findings if f.video == video.id]
    assert (finding.kind, finding.severity, finding.value) == ("undecided", "warning", 2)
    assert finding.time == 2.0
    journal = project.journal(video, ADJUDICATED)
    journal.edit(Edit("take no mark", declined=(50, 70)))
    assert [f for f in verify_project(project).findings if f.video == video.id] == []


def test_verify_project_of_one_annotator(project, store):
    store(0, "ann", 10, 20)
    store(1, "ann")
    first, second = (video.id for video in project.videos())
    result = verify_project(project)
    assert kinds(result, first) == [("one_annotator", "note", "ann")]
    assert kinds(result, second) == [("empty", "warning", "ann"), ("one_annotator", "note", "ann")]
    assert result.agreement == ()


def test_verify_project_with_damaged_files(project, store):
    videos = project.videos()
    store(0, "ann", 10)
    store(1, "ann", 10)
    (project.root / "annotations/ann" / f"{videos[0].id}.jsonl").write_text("{}\n")
    other = project.file(videos[0]).read_bytes()
    project.file(videos[1]).write_bytes(other)
    project.file(videos[0]).unlink()
    result = verify_project(project)
    assert kinds(result, videos[0].id)[:2] == [
        ("unreadable", "error", ""),
        ("unreadable", "error", "ann"),
    ]
    assert kinds(result, videos[1].id)[0] == ("replaced", "error", "")
    assert "line 1: is damaged" in result.videos[0].final.problem


def test_verify_project_with_another_frame_rate(project, store):
    video = project.videos()[0]
    store(0, "ann", 10, 99)
    write_video(project.file(video), frames=60, fps=30)
    errors = [f.kind for f in verify_project(project).findings if f.severity == "error"]
    assert errors == ["replaced", "outside", "off_frame"]


def test_verify_project_reports_progress(project):
    calls = []
    verify_project(project, on_progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 2), (2, 2)]
