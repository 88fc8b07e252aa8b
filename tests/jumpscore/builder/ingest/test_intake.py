from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest

from jumpscore.builder.curves import compute_curves, curves
from jumpscore.builder.ingest import intake
from jumpscore.builder.ingest.ingest import IngestOptions, ingest_videos
from jumpscore.builder.ingest.intake import NEAR, read_rejected
from jumpscore.builder.ingest.provenance import Provenance
from jumpscore.builder.project import Change, Edit, Mark, Project
from jumpscore.data.events import EVENTS
from jumpscore.errors import UsageError
from jumpscore.video import content_hash, probe
from tests.jumpscore.builder.ingest.clips import SIZE, clip
from tests.support import write_audio, write_video

OPTIONS = IngestOptions(Provenance("CC0-1.0", "club"))
NORMALISED = replace(OPTIONS, re_encode=True)


@pytest.fixture
def folder(tmp_path):
    """Three different clips of one scene."""
    for seed in range(3):
        write_video(tmp_path / "in" / f"{seed}.mp4", pictures=clip(seed, 60), size=SIZE)
    return tmp_path / "in"


def test_ingest_stores_files_under_their_content(folder, tmp_path):
    report = ingest_videos([folder], tmp_path / "p", options=OPTIONS)
    project = Project.open(tmp_path / "p")
    videos = project.videos()
    assert videos == list(report.taken.values())
    assert [video.name for video in videos] == ["0.mp4", "1.mp4", "2.mp4"]
    for video in videos:
        digest = content_hash(folder / video.name)
        assert (video.id, video.sha256) == (digest[:20], digest)
        assert video.path == f"videos/{digest[:32]}.mp4"
        assert project.file(video).read_bytes() == (folder / video.name).read_bytes()
        info = probe(folder / video.name)
        assert (video.frames, video.width, video.height) == (info.frames, info.width, info.height)
        assert (video.licence, video.source, video.group) == ("CC0-1.0", "club", "")
    assert not report.rejected
    assert not (tmp_path / "p" / "rejected.jsonl").exists()


def test_ingest_again_with_a_table_corrects_what_was_stated(folder, tmp_path):
    first = ingest_videos([folder], tmp_path / "p", options=OPTIONS)
    table = tmp_path / "videos.csv"
    table.write_text("file,licence,source\n1.mp4,CC-BY-4.0,\n2.mp4,,home\n")
    other = IngestOptions(Provenance("MIT", "elsewhere"), table=table)
    report = ingest_videos([folder], tmp_path / "p", options=other)
    assert list(report.corrected) == ["1.mp4", "2.mp4"]
    assert not report.taken
    # What is stated for all files applies to new ones only.
    expected = [("CC0-1.0", "club"), ("CC-BY-4.0", "club"), ("CC0-1.0", "home")]
    videos = Project.open(tmp_path / "p").videos()
    assert [(video.licence, video.source) for video in videos] == expected
    assert [video.id for video in videos] == [video.id for video in first.taken.values()]


def test_ingest_stores_curves(folder, tmp_path):
    ingest_videos([folder], tmp_path / "p", options=OPTIONS)
    project = Project.open(tmp_path / "p")
    for video in project.videos():
        expected = compute_curves(project.file(video))
        project.file(video).unlink()  # so that they come from the cache
        assert curves(project, video) == expected


def test_ingest_rejects_with_reasons(folder, tmp_path):
    (folder / "empty.mov").touch()
    (folder / "text.mp4").write_text("a letter")
    (folder / "list.mkv").write_text("#EXTM3U\n/etc/passwd\n")
    (folder / "copy.mp4").write_bytes((folder / "0.mp4").read_bytes())
    (folder / "link.mp4").symlink_to(tmp_path / "elsewhere.mp4")
    write_video(tmp_path / "elsewhere.mp4")
    whole = write_video(tmp_path / "whole.mkv", frames=60)
    (folder / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    write_audio(folder / "sound.mp4")
    write_video(folder / "single.mp4", frames=1)
    write_video(folder / "long.mp4", frames=2, times=[0, 3601])
    damaged = bytearray(
        write_video(tmp_path / "x.mp4", pictures=clip(9, 60), size=SIZE).read_bytes()
    )
    middle = damaged.index(b"mdat") + len(damaged) // 3
    damaged[middle : middle + 400] = bytes(400)
    (folder / "damaged.mp4").write_bytes(damaged)
    (folder / "notes.txt").touch()
    report = ingest_videos([folder], tmp_path / "p", options=OPTIONS)
    reasons = {rejected.file.rpartition("/")[2]: rejected.reason for rejected in report.rejected}
    expected = {
        "empty.mov": "the file is empty",
        "text.mp4": "cannot be opened as a video",
        "list.mkv": "is a text file that refers to other media",
        "copy.mp4": "",
        "link.mp4": "is a link out of the folder",
        "cut.mkv": "the file is cut off after the frame at",
        "sound.mp4": "contains no video stream",
        "single.mp4": "has a single frame",
        "long.mp4": "lasts 3",
        "damaged.mp4": "frame ",
    }
    assert "cannot be decoded" in reasons["damaged.mp4"]
    assert {name: reasons[name][: len(start)] for name, start in expected.items()} == expected
    assert len(report.taken) + len(report.rejected) == len(list(folder.iterdir())) - 1
    assert report.others == 1
    assert read_rejected(Project.open(tmp_path / "p")) == report.rejected


def test_ingest_names_the_original_of_an_exact_copy(folder, tmp_path):
    (folder / "copy.mp4").write_bytes((folder / "1.mp4").read_bytes())
    for _ in range(2):  # the same on a rerun
        report = ingest_videos([folder], tmp_path / "p", options=OPTIONS)
        [rejected] = report.rejected
        assert (rejected.file, rejected.reason) == (
            str(folder / "copy.mp4"),
            "is an exact copy of 1.mp4",
        )


def test_ingest_groups_near_duplicates(folder, tmp_path):
    trimmed = clip(1, 60)[5:]
    write_video(folder / "z.mp4", pictures=trimmed, size=SIZE, codec_options={"crf": "33"})
    report = ingest_videos([folder], tmp_path / "p", options=OPTIONS)
    video = report.taken["z.mp4"]
    assert (video.group, video.notes) == ("club", (f"{NEAR}1.mp4",))
    assert [other.group for name, other in report.taken.items() if name != "z.mp4"] == [""] * 3


def test_ingest_joins_the_groups_of_near_duplicates(folder, tmp_path):
    """A copy of a clip of the club comes from somebody's home, with another clip from there."""
    write_video(tmp_path / "home" / "copy.mp4", pictures=clip(1, 60), size=SIZE, gop=5)
    write_video(tmp_path / "home" / "other.mp4", pictures=clip(7, 60), size=SIZE)
    home = IngestOptions(Provenance("MIT", "home"))
    ingest_videos([tmp_path / "home"], tmp_path / "p", options=home)
    report = ingest_videos([folder / "1.mp4", folder / "0.mp4"], tmp_path / "p", options=OPTIONS)
    videos = Project.open(tmp_path / "p").videos()
    groups = {video.name: video.group or video.source for video in videos}
    assert groups == {"copy.mp4": "home", "other.mp4": "home", "1.mp4": "home", "0.mp4": "club"}
    write_video(tmp_path / "bridge.mp4", pictures=clip(0, 60), size=SIZE, gop=6)
    report = ingest_videos([tmp_path / "bridge.mp4"], tmp_path / "p", options=home)
    assert report.taken["bridge.mp4"].group == "club"
    videos = Project.open(tmp_path / "p").videos()
    assert {video.group or video.source for video in videos} == {"club"}


def test_ingest_recognises_near_duplicates_of_earlier_runs(folder, tmp_path):
    ingest_videos([folder], tmp_path / "p", options=OPTIONS)
    shutil.rmtree(tmp_path / "p" / ".cache")
    again = tmp_path / "again.mp4"
    write_video(again, pictures=clip(2, 60), size=SIZE, codec_options={"crf": "33"})
    other = IngestOptions(Provenance("MIT", "elsewhere"))
    [video] = ingest_videos([again], tmp_path / "p", options=other).taken.values()
    assert (video.source, video.group, video.notes) == ("elsewhere", "club", (f"{NEAR}2.mp4",))


def test_missing_earlier_videos_do_not_stop_new_ones(folder, tmp_path, caplog):
    ingest_videos([folder / "0.mp4"], tmp_path / "p", options=OPTIONS)
    project = Project.open(tmp_path / "p")
    [first] = project.videos()
    shutil.rmtree(project.root / ".cache")
    project.file(first).unlink()
    assert list(ingest_videos([folder / "1.mp4"], tmp_path / "p", options=OPTIONS).taken)
    assert "new videos are not compared with 0.mp4" in caplog.text


def test_rerun_adds_new_files_and_keeps_annotations(folder, tmp_path):
    ingest_videos([folder], tmp_path / "p", options=OPTIONS)
    project = Project.open(tmp_path / "p")
    first = project.videos()
    mark = Mark("a", 3, 0.12)
    annotation = project.journal(first[0], "ann").edit(Edit("add", (Change(None, mark),)))
    write_video(folder / "new.mp4", pictures=clip(8, 60), size=SIZE)
    report = ingest_videos([folder], tmp_path / "p", options=OPTIONS)
    assert list(report.taken) == ["new.mp4"]
    assert list(report.present.values()) == first
    assert project.videos() == [*first, report.taken["new.mp4"]]
    assert project.annotation(first[0], "ann") == annotation


def test_rerun_takes_files_that_were_repaired(folder, tmp_path):
    whole = (folder / "1.mp4").read_bytes()
    (folder / "1.mp4").write_bytes(b"")
    (tmp_path / "gone.mp4").touch()
    ingest_videos([folder, tmp_path / "gone.mp4"], tmp_path / "p", options=OPTIONS)
    (folder / "1.mp4").write_bytes(whole)
    report = ingest_videos([folder], tmp_path / "p", options=OPTIONS)
    assert list(report.taken) == ["1.mp4"]
    [rejected] = read_rejected(Project.open(tmp_path / "p"))
    assert rejected.file == str(tmp_path / "gone.mp4")


def test_read_rejected_leaves_out_damaged_lines(tmp_path):
    project = Project.create(tmp_path / "p")
    line = b'{"file": "a.mp4", "reason": "is empty"}\n'
    (project.root / "rejected.jsonl").write_bytes(b"\xff\n[1]\n" + line)
    assert [rejection.file for rejection in read_rejected(project)] == ["a.mp4"]


def test_normalised_versions_are_recognised_on_a_rerun(folder, tmp_path):
    first = ingest_videos([folder], tmp_path / "p", options=NORMALISED).taken
    report = ingest_videos([folder], tmp_path / "p", options=NORMALISED)
    assert report.present == first
    project = Project.open(tmp_path / "p")
    for name, video in first.items():
        assert video.original_sha256 == content_hash(folder / name)
        assert video.sha256 == content_hash(project.file(video)) != video.original_sha256
    assert not list((tmp_path / "p" / ".cache").glob("*.mp4"))


def test_files_with_the_same_normalised_version_are_taken_once(folder, tmp_path):
    [original, *others] = sorted(folder.iterdir())
    for other in others:
        other.unlink()
    content = original.read_bytes()
    (folder / "padded.mp4").write_bytes(content + (16).to_bytes(4, "big") + b"free" + bytes(8))
    report = ingest_videos([folder], tmp_path / "p", options=NORMALISED)
    assert list(report.taken) == ["0.mp4"]
    assert [rejected.reason for rejected in report.rejected] == ["has the same frames as 0.mp4"]


def test_interrupted_ingest_resumes(folder, tmp_path):
    """A process killed after its first video; the rerun completes the project."""
    code = f"""
        import os, signal
        from pathlib import Path
        from jumpscore.builder.ingest.ingest import IngestOptions, ingest_videos
        from jumpscore.builder.ingest.provenance import Provenance
        def die(done, total):
            os.kill(os.getpid(), signal.SIGKILL)
        ingest_videos([Path({str(folder)!r})], Path({str(tmp_path / "p")!r}),
            options=IngestOptions(Provenance("CC0-1.0", "club")), on_progress=die)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(Project.open(tmp_path / "p").videos()) == 1
    report = ingest_videos([folder], tmp_path / "p", options=OPTIONS)
    assert (len(report.taken), len(report.present)) == (2, 1)


def test_full_disk_is_reported_and_earlier_videos_stay(folder, tmp_path, limited_files):
    ingest_videos([folder / "0.mp4"], tmp_path / "p", options=NORMALISED)
    limited_files(2000)
    with pytest.raises(UsageError, match=r"cannot be written \(File too large\); free space"):
        ingest_videos([folder], tmp_path / "p", options=NORMALISED)
    limited_files(None)
    project = Project.open(tmp_path / "p")
    [video] = project.videos()
    assert content_hash(project.file(video)) == video.sha256
    assert [file.name for file in (project.root / "videos").iterdir()] == [video.path[7:]]
    assert len(ingest_videos([folder], tmp_path / "p", options=NORMALISED).taken) == 2


def test_project_that_cannot_be_written_is_reported(folder, tmp_path):
    Project.create(tmp_path / "p")
    (tmp_path / "p" / "videos").write_text("in the way")
    with pytest.raises(UsageError, match="videos: cannot be created"):
        ingest_videos([folder], tmp_path / "p", options=OPTIONS)


def test_project_in_use_is_refused(folder, tmp_path):
    project = Project.create(tmp_path / "p")
    message = rf"in use by jumpscore data annotate .*{os.getpid()}"
    with project.lock("jumpscore data annotate"), pytest.raises(UsageError, match=message):
        ingest_videos([folder], tmp_path / "p", options=OPTIONS)


def test_event_of_a_project_does_not_change(folder, tmp_path):
    squat = EVENTS["repetition"]
    ingest_videos([folder], tmp_path / "p", options=replace(OPTIONS, event=squat))
    assert Project.open(tmp_path / "p").event == squat
    assert ingest_videos([folder], tmp_path / "p", options=OPTIONS).present
    with pytest.raises(UsageError, match="marks 'repetition', not 'jump rope'"):
        ingest_videos([folder], tmp_path / "p", options=replace(OPTIONS, event=EVENTS["jump_rope"]))


def test_folder_without_videos_is_an_error(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(UsageError, match="contains no video files"):
        ingest_videos([tmp_path / "in"], tmp_path / "p", options=OPTIONS)
    assert not (tmp_path / "p").exists()


def test_missing_licence_creates_no_project(folder, tmp_path):
    with pytest.raises(UsageError, match="the licence is missing for 3 of 3 videos"):
        ingest_videos([folder], tmp_path / "p")
    assert not (tmp_path / "p").exists()


def test_damaged_lines_of_rejected_files_are_removed(folder, tmp_path):
    ingest_videos([folder], tmp_path / "p", options=OPTIONS)
    file = tmp_path / "p" / intake.REJECTED
    rejection = {"file": "x.mp4", "reason": "is empty"}
    file.write_text(json.dumps(rejection) + "\n{\n[]\n" + '{"file": "y"}\n')
    ingest_videos([folder], tmp_path / "p", options=OPTIONS)
    assert [json.loads(line) for line in file.read_text().splitlines()] == [rejection]
