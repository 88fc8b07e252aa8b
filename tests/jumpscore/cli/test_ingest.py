from __future__ import annotations

import json

from jumpscore.builder.project import Project
from tests.jumpscore.builder.ingest.clips import SIZE, clip
from tests.jumpscore.builder.projects import add_video
from tests.support import write_video


def test_ingest_prints_what_became_of_every_file(jumpscore, tmp_path):
    write_video(tmp_path / "in" / "a.mp4", pictures=clip(1, 40), size=SIZE)
    write_video(tmp_path / "in" / "b.mp4", pictures=clip(1, 40), size=SIZE, gop=5)
    (tmp_path / "in" / "bad.mp4").write_text("text")
    words = ("data", "ingest", "in", "--out", "p", "--licence", "CC0-1.0", "--source", "club")
    done = jumpscore(*words)
    assert "p: 2 new videos, 0 already there, 1 rejected (rejected.jsonl)" in done.stdout
    assert "cannot be opened as a video" in done.stdout
    assert "next: jumpscore data propose p" in done.stdout
    assert "1 near duplicate" in done.stderr
    facts = json.loads(jumpscore(*words, "--json").stdout)
    assert list(facts["present"]) == ["a.mp4", "b.mp4"]
    assert facts["rejected"][0]["file"] == "in/bad.mp4"


def test_ingest_fails_if_nothing_was_taken(jumpscore, tmp_path):
    (tmp_path / "bad.mp4").write_text("text")
    words = ("data", "ingest", "bad.mp4", "--out", "p", "--licence", "MIT", "--source", "x")
    assert "0 new videos, 0 already there, 1 rejected" in jumpscore(*words, expect=1).stdout


def test_ingest_without_licence_is_wrong_use(jumpscore, tmp_path):
    write_video(tmp_path / "a.mp4")
    done = jumpscore("data", "ingest", "a.mp4", "--out", "p", "--source", "x", expect=2)
    assert "the licence is missing for 1 of 1 videos (a.mp4); add --licence" in done.stderr


def test_ingest_of_a_data_set(jumpscore, tmp_path, tiny_set):
    words = ("data", "ingest", tiny_set, "--out", "p", "--annotator", "ann", "--source", "test")
    done = jumpscore(*words, "--licence", "CC0-1.0", "--normalise")
    assert "5 marks imported, at most" in done.stdout
    project = Project.open(tmp_path / "p")
    assert "0 rejected," in done.stdout
    times = [project.annotation(video, "ann").times for video in project.videos()]
    assert times == [(0.48, 1.0, 1.48), (0.4, 2.4), ()]  # 25 frames a second
    done = jumpscore(*words, "in", "--licence", "CC0-1.0", expect=2)
    assert "--annotator imports one data set; name its folder alone" in done.stderr


def test_propose_reports_failures(jumpscore, tmp_path):
    project = Project.create(tmp_path / "p")
    first = add_video(project, write_video(tmp_path / "a.mp4"))
    broken = add_video(project, write_video(tmp_path / "b.mp4", frames=30))
    project.file(broken).write_bytes(b"")
    done = jumpscore("data", "propose", "p", "--model", "content_free", expect=1)
    assert "1 video asked, 0 done before, 1 failed" in done.stdout
    assert "next: jumpscore data annotate p --annotator NAME" in done.stdout
    assert "the file is empty" in done.stdout
    words = ("data", "propose", "p", "model=content_free", "--videos", first.id, "--json")
    facts = json.loads(jumpscore(*words).stdout)
    assert facts["present"][first.id]["candidates"][0]["confidence"] is None
