from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from jumpscore.builder.project import ADJUDICATED, Details, Project
from jumpscore.builder.project.project import check_name
from jumpscore.data.events import EVENTS
from jumpscore.errors import DataError, UsageError
from tests.jumpscore.builder.projects import add_video
from tests.support import running, write_video


@pytest.fixture
def project(tmp_path):
    project = Project.create(tmp_path / "p")
    add_video(project, write_video(tmp_path / "a.mp4", frames=5))
    add_video(project, write_video(tmp_path / "b.mp4", frames=6))
    return project


def test_project_round_trip(project):
    opened = Project.open(project.root)
    assert opened == project
    assert [video.name for video in opened.videos()] == ["a.mp4", "b.mp4"]
    [first, second] = opened.videos()
    assert opened.video(second.id) == second
    assert opened.file(first).is_file()


def test_create_stores_the_event(tmp_path):
    Project.create(tmp_path / "p", EVENTS["repetition"])
    assert Project.open(tmp_path / "p").event == EVENTS["repetition"]


def test_create_refuses_other_content(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(UsageError, match="exists already and is not empty"):
            Project.create(path)
    with pytest.raises(UsageError, match="cannot be created"):
        Project.create(tmp_path / "file" / "p")


def test_open_refuses_other_folders(tmp_path):
    with pytest.raises(UsageError, match="is not a project"):
        Project.open(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as JSON"),
        ('{"format": 2}', "format is 2, this version reads 1"),
        ('{"format": 1}', "event lacks name and definition"),
        ('{"format": 1, "event": [1]}', "event lacks name and definition"),
        ('{"format": 1, "event": {"name": 3}}', "event name is 3"),
    ],
)
def test_damaged_project_file_is_reported(tmp_path, content, message):
    (tmp_path / "project.json").write_text(content)
    with pytest.raises(DataError, match=message):
        Project.open(tmp_path)


def test_unknown_video_is_suggested(project):
    [video, _] = project.videos()
    with pytest.raises(UsageError, match=f"did you mean '{video.id}'"):
        project.video(video.id[:-1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path": "../secret.mp4"}, "leaves the data set's folder"),
        ({"path": "/etc/passwd"}, "leaves the data set's folder"),
        ({"path": "videos/\0.mp4"}, "is not a valid path"),
        ({"path": "videos/link.mp4"}, "is a link to"),
        ({"id": "../../x"}, "is not 20 hexadecimal digits"),
        ({"id": "a" * 21}, "is not 20 hexadecimal digits"),
        ({"duration": float("nan")}, "length, rate or size of the video is invalid"),
        ({"frames": -1}, "length, rate or size of the video is invalid"),
        ({"width": "wide"}, "is damaged"),
    ],
)
def test_hostile_videos_are_refused(project, tmp_path, changes, message):
    (tmp_path / "secret.mp4").touch()
    (project.root / "videos" / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    first, second = map(asdict, project.videos())
    lines = [json.dumps(first), json.dumps(second | changes)]
    (project.root / "videos.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=rf"videos\.jsonl, line 2: .*{message}"):
        project.videos()


def test_damaged_list_of_videos_is_reported(project):
    file = project.root / "videos.jsonl"
    [video, _] = project.videos()
    line = json.dumps(asdict(video)).encode() + b"\n"
    for content, message in (
        (b"\xff\n", "cannot be read"),
        (line + line, "line 2: the id is repeated"),
        (line + b"{\n", "line 2: is damaged"),
        (b"[" * 100_000, "line 1: is damaged"),
    ):
        file.write_bytes(content)
        with pytest.raises(DataError, match=message):
            project.videos()


def test_annotators_without_the_adjudicated_one(project):
    [video, _] = project.videos()
    for name in ("zoe", "ann", ADJUDICATED):
        project.journal(video, name).describe(Details(done=True))
    (project.root / "annotations" / ".hidden").mkdir()
    (project.root / "annotations" / "notes.txt").touch()
    assert project.annotators() == ["ann", "zoe"]
    assert project.annotation(video, ADJUDICATED).details.done
    assert not project.annotation(video, "bob").is_started


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".a", "-a", "a" * 41, "a\n", "ü", "a\0"])
def test_names_that_are_not_valid(project, name):
    [video, _] = project.videos()
    for use in (check_name, lambda name: project.journal(video, name)):
        with pytest.raises(UsageError, match="is not valid; use up to 40 letters"):
            use(name)


def test_annotations_do_not_follow_links_out_of_the_project(project, tmp_path):
    [video, other] = project.videos()
    secret = tmp_path / "secret"
    secret.write_text("one line without an end")  # a journal would cut it off as torn
    folder = project.root / "annotations"
    (folder / "ann").mkdir(parents=True)
    (folder / "ann" / f"{video.id}.jsonl").symlink_to(secret)
    (folder / "bob").symlink_to(tmp_path)
    for one, name in ((video, "ann"), (other, "bob")):
        with pytest.raises(DataError, match="is a link to"):
            project.journal(one, name)
        with pytest.raises(DataError, match="is a link to"):
            project.annotation(one, name)
    assert secret.read_text() == "one line without an end"


def test_lock_names_its_owner(project):
    code = f"""
import sys
from pathlib import Path
from jumpscore.builder.project import Project
with Project.open(Path({str(project.root)!r})).lock("annotating"):
    print("locked", flush=True)
    sys.stdin.read()
"""
    command = [sys.executable, "-c", code]
    with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "locked\n"
        message = rf"in use by annotating \(process {process.pid} on"
        with pytest.raises(UsageError, match=message), project.lock("freezing"):
            pytest.fail("locked twice")
        process.kill()
        process.wait()
        with project.lock("freezing"):  # a killed owner leaves nothing behind
            owner = (project.root / ".lock").read_text()
    assert owner.startswith(f"freezing (process {os.getpid()} on ")
    assert (project.root / ".lock").read_text() == ""


def test_lock_empties_no_other_file(project, tmp_path):
    (tmp_path / "secret").write_text("precious")
    (project.root / ".lock").symlink_to(tmp_path / "secret")
    with pytest.raises(UsageError, match="is a link; remove it"), project.lock("x"):
        pass
    assert (tmp_path / "secret").read_text() == "precious"


def test_full_disk_keeps_the_list_of_videos(project, limited_files):
    videos = project.videos()
    limited_files(100)
    with pytest.raises(UsageError, match="cannot be written"):
        project.write_videos([replace(video, label="x" * 100) for video in videos])
    limited_files(None)
    assert project.videos() == videos
