from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from jumpscore.builder.ingest.ingest import IngestOptions, ingest_set
from jumpscore.builder.ingest.provenance import Provenance
from jumpscore.builder.project import Change, Edit, Mark, Project
from jumpscore.data.events import EVENTS
from jumpscore.data.layout import QUESTION, Manifest, Row, write_set
from jumpscore.errors import DataError, UsageError
from tests.jumpscore.builder.ingest.clips import SIZE, clip
from tests.support import write_video

TIMES = ([0.5, 0.5, 1.013], [0.08], [])


@pytest.fixture
def data(tmp_path):
    """A set of three videos; the last one has no events, the second one starts late."""
    root = tmp_path / "set"
    rows = []
    for number, times in enumerate(TIMES):
        path = f"videos/{number}.mp4"
        write_video(
            root / path,
            pictures=clip(number, 60),
            size=SIZE,
            times=[n / 25 + (0.5 if number == 1 else 0) for n in range(60)],
        )
        rows.append(Row(f"clip{number}", path, QUESTION, json.dumps(times)))
    facts = {row.id: {"label": "squat"} for row in rows}
    manifest = Manifest(
        "set", licence="MIT", source="club", videos=facts, event=EVENTS["repetition"]
    )
    write_set(root, rows, manifest)
    return root


def annotations(project, annotator):
    return {v.name[:-4]: project.annotation(v, annotator) for v in project.videos()}


def test_marks_become_an_annotation(data, tmp_path):
    report, imported = ingest_set(data, tmp_path / "p", "ann")
    project = Project.open(tmp_path / "p")
    assert project.event == EVENTS["repetition"]
    assert {(v.licence, v.source, v.label, v.group) for v in report.taken.values()} == {
        ("MIT", "club", "squat", "")
    }
    by_clip = annotations(project, "ann")
    assert by_clip["0"].times == (0.48, 0.48, 1.0)
    assert [mark.frame for mark in by_clip["0"].marks] == [12, 12, 25]
    assert {mark.origin for mark in by_clip["0"].marks} == {"import"}
    assert by_clip["1"].times == pytest.approx((0.08,))
    assert by_clip["2"].times == ()
    assert all(annotation.details.done for annotation in by_clip.values())
    assert [marks.marks for marks in imported] == [3, 1, 0]
    assert imported[0].difference == pytest.approx(0.02)  # 12.5 frames


def test_imported_marks_can_be_undone(data, tmp_path):
    ingest_set(data, tmp_path / "p", "ann")
    project = Project.open(tmp_path / "p")
    journal = project.journal(project.videos()[0], "ann")
    assert journal.undo().marks == ()
    assert len(journal.redo().marks) == 3


def test_rerun_keeps_earlier_annotations(data, tmp_path):
    ingest_set(data, tmp_path / "p", "ann")
    project = Project.open(tmp_path / "p")
    journal = project.journal(project.videos()[1], "ann")
    edited = journal.edit(Edit("add", (Change(None, Mark("x", 40, 1.6)),)))
    _, imported = ingest_set(data, tmp_path / "p", "ann")
    assert {marks.problem for marks in imported} == {"ann has annotated it already"}
    assert project.annotation(project.videos()[1], "ann") == edited
    _, imported = ingest_set(data, tmp_path / "p", "bob")
    assert [marks.marks for marks in imported] == [3, 1, 0]


def test_marks_of_normalised_videos_are_at_the_same_frames(data, tmp_path):
    ingest_set(data, tmp_path / "p", "ann")
    ingest_set(data, tmp_path / "q", "ann", options=IngestOptions(re_encode=True))
    plain, normalised = (annotations(Project.open(tmp_path / name), "ann") for name in ("p", "q"))
    for name, annotation in plain.items():
        frames = [mark.frame for mark in annotation.marks]
        assert frames == [mark.frame for mark in normalised[name].marks]
        assert np.allclose(annotation.times, normalised[name].times)


def test_options_replace_the_manifest(data, tmp_path):
    options = IngestOptions(Provenance("CC0-1.0", "home"))
    report, _ = ingest_set(data, tmp_path / "p", "ann", options=options)
    assert {(v.licence, v.source) for v in report.taken.values()} == {("CC0-1.0", "home")}


def test_unknown_licence_is_missing(data, tmp_path, tiny_set):
    (data / "manifest.json").unlink()
    with pytest.raises(UsageError, match="the licence is missing for 3 of 3 videos"):
        ingest_set(data, tmp_path / "p", "ann")


def test_rendered_clips_are_groups_of_their_own(tiny_set, tmp_path):
    options = IngestOptions(Provenance("CC0-1.0", "rendered"))
    report, _ = ingest_set(tiny_set, tmp_path / "p", "ann", options=options)
    # The three videos have the same frames, so they are near duplicates of the first.
    assert {video.group for video in report.taken.values()} == {"clip0"}


def test_wrong_truths_are_reported(data, tmp_path):
    rows = [Row("a", "videos/0.mp4", QUESTION, "soon"), Row("b", "videos/1.mp4", QUESTION, "[99]")]
    write_set(data, rows, Manifest("set", licence="MIT", source="club"))
    _, imported = ingest_set(data, tmp_path / "p", "ann")
    assert imported[0].problem == "the ground truth is not a JSON list: 'soon'"
    assert "99 s, but the video ends" in str(imported[1].problem)
    assert not any(a.is_started for a in annotations(Project.open(tmp_path / "p"), "ann").values())


def test_files_outside_of_the_set_are_rejected(data, tmp_path):
    rows = [
        Row("a", "../secret.mp4", QUESTION, "[]"),
        Row("b", "videos/gone.mp4", QUESTION, "[]"),
        Row("c", "videos/0.mp4", QUESTION, "[]"),
    ]
    write_video(tmp_path / "secret.mp4")
    write_set(data, rows, Manifest("set", licence="MIT", source="club"))
    report, imported = ingest_set(data, tmp_path / "p", "ann")
    assert list(report.taken) == ["0.mp4"]
    assert [rejected.reason for rejected in report.rejected] == [
        "video_path '../secret.mp4' leaves the data set's folder",
        "is missing",
    ]
    assert len(imported) == 1


def test_wrong_names_are_refused_first(data, tmp_path):
    with pytest.raises(UsageError, match=r"annotator '\.\./x' is not valid"):
        ingest_set(data, tmp_path / "p", "../x")
    with pytest.raises(UsageError, match="is the result of adjudication"):
        ingest_set(data, tmp_path / "p", "adjudicated")
    with pytest.raises(DataError, match="no such data-set folder"):
        ingest_set(tmp_path / "gone", tmp_path / "p", "ann")
    assert not (tmp_path / "p").exists()


def test_set_of_another_event_is_refused(data, tmp_path):
    options = IngestOptions(Provenance("MIT", "club"))
    ingest_set(data, tmp_path / "p", "ann", options=replace(options, event=EVENTS["jump_rope"]))
    with pytest.raises(UsageError, match="marks 'jump rope', not 'repetition'"):
        ingest_set(data, tmp_path / "p", "ann", options=options)
