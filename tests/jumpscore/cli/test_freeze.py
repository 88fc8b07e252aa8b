"""``jumpscore data freeze`` and ``export``: from a project to a version and to other tools."""

from __future__ import annotations

import json

from jumpscore.builder.project import Project
from tests.support import mark_frames, project_video, write_video


def test_data_freeze_and_export(jumpscore, tmp_path):
    project = Project.create(tmp_path / "ropes")
    names = [f"videos/{number:032x}.mp4" for number in range(2)]
    for number, name in enumerate(names):
        write_video(project.root / name, frames=50, gop=10 + number)
    videos = [project_video(project, name, source=name) for name in names]
    project.write_videos(videos)
    for video in videos:
        mark_frames(project, video, "ann", 5)
    halves = ("--split", "test=0.5", "--split", "train=0.5")
    done = jumpscore("data", "freeze", "ropes", *halves).stdout
    assert "ropes/versions/1: version 1, 2 videos, 2 events; first version" in done
    assert "train: 1 video; jumpscore run task.data=ropes/versions/1/train" in done
    unchanged = json.loads(jumpscore("data", "freeze", "ropes", "--json").stdout)
    assert (unchanged["is_new"], unchanged["splits"]) == (False, {"test": 1, "train": 1})
    error = jumpscore("run", "model=motion", "task.data=ropes", expect=2).stderr
    assert "ropes: is a project, not a data set; use ropes/versions/1/test or" in error

    card = tmp_path / "ropes/versions/1/README.md"
    card.chmod(0o644)
    card.write_text(card.read_text().replace("CC-BY", "MIT"))
    check = ("data", "info", "ropes/versions/1/test", "--check", "--json")
    facts = json.loads(jumpscore(*check, expect=1).stdout)
    assert (facts["version"], facts["split"]) == (1, "test")
    [problem] = facts["problems"]
    assert problem.endswith("README.md: was changed after the version was frozen")

    words = ("data", "export", "ropes/versions/1", "--format", "elan", "--out", "elan")
    text = jumpscore(*words).stdout
    assert "elan: 2 videos, 2 events as an ELAN file (.eaf) per video" in text
    assert "every event is an interval of 1 ms" in text
