"""Versions of a real project: complete, unchangeable, and described."""

from __future__ import annotations

import json
import re
import signal
import stat
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import jumpscore
from jumpscore.builder.project import Change, Edit, Mark
from jumpscore.builder.release.freeze import FreezeOptions, freeze_project
from jumpscore.data.layout import read_manifest, read_rows
from jumpscore.data.versions import splits_of, verify_version
from jumpscore.errors import DataError, UsageError
from jumpscore.video import probe
from tests.jumpscore.builder.release.conftest import SOURCES, move_mark
from tests.support import mark_frames

HALVES = FreezeOptions({"test": 0.5, "train": 0.5})


def audit_lines(version: Path) -> list[dict]:
    return [json.loads(line) for line in (version / "audit.jsonl").read_text().splitlines()]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_freeze_project_split_is_run_at_once(project):
    version = freeze_project(project.root)
    assert (version.record.number, version.is_new, version.splits) == (1, True, {"test": 6})
    folder = version.folder / "test"
    rows, manifest = read_rows(folder), read_manifest(folder)
    assert [row.id for row in rows] == [video.id for video in project.videos()]
    for number, (video, row) in enumerate(zip(project.videos(), rows, strict=True)):
        times = probe(folder / row.video_path).times
        expected = [round(float(times[frame]), 6) for frame in range(2, 30, 4 + number)]
        if number > 0:  # the first one has two annotators
            assert json.loads(row.answer) == expected
        facts = manifest.videos[row.id]
        assert facts["licence"] == "CC-BY-4.0"
        assert facts["source"] == SOURCES[number]
        assert facts["decided_by"] == ("single" if number else "consensus")
        assert (folder / row.video_path).samefile(project.file(video))
    assert (manifest.licence, manifest.version, manifest.split) == ("CC-BY-4.0", 1, "test")
    assert manifest.event == project.event
    run = jumpscore.evaluate(
        "content_free",
        "jumpscore",
        task_options={"data": str(folder)},
        run={"folder": str(project.root.parent / "runs")},
    )
    assert (run.result.total, run.result.unscored) == (6, 0)


def test_freeze_project_sums_are_those_of_sha256sum(project):
    version = freeze_project(project.root, HALVES).folder
    command = ("sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS")
    assert subprocess.run(command, cwd=version, capture_output=True).stdout == b""
    listed = (version / "SHA256SUMS").read_text().splitlines()
    files = [path for path in version.rglob("*") if path.is_file()]
    assert len(listed) == len(files) - 1
    assert verify_version(version) == []


@pytest.mark.parametrize("name", ["README.md", "audit.jsonl", "test/manifest.json"])
def test_verify_version_any_changed_file(project, name):
    version = freeze_project(project.root).folder
    path = version / name
    assert not stat.S_IMODE(path.stat().st_mode) & 0o222
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    [problem] = verify_version(version)
    assert problem == f"{path}: was changed after the version was frozen"
    command = ("sha256sum", "--check", "--quiet", "SHA256SUMS")
    assert subprocess.run(command, cwd=version, capture_output=True).returncode == 1


def test_verify_version_missing_and_added_files(project):
    version = freeze_project(project.root).folder
    [video, *_] = (version / "test" / "videos").iterdir()
    video.unlink()
    (version / "test" / "data" / "more.parquet").write_bytes(b"")
    (version / "link").symlink_to("README.md")
    endings = [problem.split(": ")[1] for problem in verify_version(version)]
    assert endings == ["is missing", *["was added after the version was frozen"] * 2]


def test_freeze_project_unchanged_writes_nothing(project):
    first = freeze_project(project.root, HALVES)
    before = {path: path.stat().st_mtime_ns for path in project.root.rglob("*")}
    again = freeze_project(project.root)
    assert not again.is_new
    assert (again.folder, again.record) == (first.folder, first.record)
    after = {path: path.stat().st_mtime_ns for path in project.root.rglob("*")}
    lock = project.root / ".lock"
    assert {path for path in after if after[path] != before.get(path)} <= {lock}


def test_freeze_project_next_version_audits_every_change(project):
    first = freeze_project(project.root, HALVES)
    move_mark(project, 2, "ann", "m1", 9)  # from frame 8
    move_mark(project, 2, "ann", "m3", None)
    video = project.videos()[2]
    journal = project.journal(video, "ann")
    second = freeze_project(project.root)
    assert second.record.number == 2
    assert second.changes == "1 mark removed, 1 mark moved"
    times = probe(project.file(video)).times
    moved, removed = audit_lines(second.folder)
    assert moved == {
        "video": video.id,
        "change": "moved",
        "before": float(times[8]),
        "after": float(times[9]),
        "seconds": pytest.approx(0.04),
        "annotators": ["A"],
        "why": "move mark: seen in slow motion",
    }
    assert removed["change"] == "removed"
    assert removed["before"] == float(times[20])
    assert removed["why"] == "delete mark"
    log = (second.folder / "CHANGELOG.md").read_text()
    assert re.findall(r"^## (\d+)", log, re.MULTILINE) == ["2", "1"]
    assert verify_version(first.folder) == []
    journal.undo()
    journal.undo()
    third = freeze_project(project.root)
    assert third.changes == "1 mark added, 1 mark moved"
    assert read_rows(third.folder / "test") == read_rows(first.folder / "test")


def test_freeze_project_splits_stay(project):
    """Two videos are removed and others take part; none changes its split."""
    videos = project.videos()
    project.write_videos(videos[:4])
    first = freeze_project(project.root, HALVES)
    before = {row.id: name for name, path in splits_of(first.folder).items() for row in
              read_rows(path)}  # fmt: skip
    project.write_videos(videos[1:])
    second = freeze_project(project.root, FreezeOptions(seed=5))
    after = {row.id: name for name, path in splits_of(second.folder).items() for row in
             read_rows(path)}  # fmt: skip
    assert all(after[video.id] == before[video.id] for video in videos[1:4])
    assert after[videos[4].id] == after[videos[3].id]  # one source
    changes = Counter(line["change"] for line in audit_lines(second.folder))
    assert changes == {"video_added": 2, "video_removed": 1}


def test_freeze_project_unfinished_videos(project):
    mark_frames(project, project.videos()[1], "bob", 1)  # ann has seven
    with pytest.raises(UsageError, match=r"1 of 6 videos have no final marks.*\n  film 1\.mp4 \("):
        freeze_project(project.root)
    assert not (project.root / "versions" / "1").exists()
    version = freeze_project(project.root, FreezeOptions(leave_out_unfinished=True))
    assert (version.splits, version.record.left_out) == ({"test": 5}, 1)
    card = (version.folder / "README.md").read_text()
    assert "left out, because their marks were not final: 1." in card


@pytest.mark.parametrize("what", ["licence", "source"])
def test_freeze_project_needs_licence_and_source(project, what):
    videos = project.videos()
    project.write_videos([*videos[:5], replace(videos[5], **{what: " ", "group": "g"})])
    with pytest.raises(UsageError, match=rf"film 5\.mp4 \(\w+\): has no {what}"):
        freeze_project(project.root)


@pytest.mark.parametrize(("frame", "time"), [(3, 0.16), (500, 20.0)])
def test_freeze_project_mark_that_is_not_at_a_frame(project, frame, time):
    journal = project.journal(project.videos()[4], "ann")
    journal.edit(Edit("add", (Change(None, Mark("x", frame, time)),)))
    problem = rf"film 4\.mp4 \(\w+\): the mark at {time:.3f} s is not at frame {frame};"
    with pytest.raises(UsageError, match=problem):
        freeze_project(project.root)


def test_freeze_project_changed_video(project):
    file = project.file(project.videos()[3])
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content + b"\0")
    with pytest.raises(DataError, match=r"was changed after it was ingested \(SHA-256\)"):
        freeze_project(project.root)
    assert names_in(project.root / "versions") == ["annotators.json"]


def test_freeze_project_card_has_no_names(project):
    version = freeze_project(project.root, HALVES).folder
    texts = [path.read_text() for path in version.rglob("*") if path.suffix in (".md", ".json")]
    assert not any(re.search(r"\b(ann|bob|film)\b", text) for text in texts)
    card = (version / "README.md").read_text()
    assert "2 annotators: A, B" in card
    assert "- 5 videos: one person marked the video." in card
    assert "marks set on a still frame." in card
    assert "| A and B | 1 |" in card
    assert "| CC-BY-4.0 | school | 2 |" in card
    for name in re.findall(r"\]\((.*?\.svg)\)", card):
        assert (version / name).read_text().startswith("<svg ")
    header = card.split("---\n")[1]
    yaml = pytest.importorskip("yaml")
    facts = yaml.safe_load(header)
    assert facts["license"] == "cc-by-4.0"
    files = {row["split"]: list(version.glob(row["path"])) for row in
             facts["configs"][0]["data_files"]}  # fmt: skip
    assert {name: len(paths) for name, paths in files.items()} == {"test": 1, "train": 1}


def test_freeze_project_card_counts_close_and_unsure_marks(project):
    journal = project.journal(project.videos()[4], "ann")
    journal.edit(Edit("add", (Change(None, Mark("x", 3, 0.12, flagged=True)),)))
    card = (freeze_project(project.root).folder / "README.md").read_text()
    assert "- Neighbouring events less than 0.1 s apart, which may be mistakes: 1.\n" in card
    assert "- The annotators were unsure about 1 mark.\n" in card


def test_freeze_project_public_names_stay(project):
    freeze_project(project.root)
    mark_frames(project, project.videos()[0], "aaron", *range(2, 30, 4))
    version = freeze_project(project.root).folder
    names = json.loads((project.root / "versions" / "annotators.json").read_text())
    assert names == {"aaron": "C", "ann": "A", "bob": "B"}
    facts = read_manifest(version / "test").videos[project.videos()[0].id]
    assert facts["annotators"] == ["A", "B", "C"]


KILLED = """
import os, signal, sys
from pathlib import Path
from jumpscore.builder.release import freeze, version
version.write_sums = lambda folder: os.kill(os.getpid(), signal.SIGKILL)
freeze.freeze_project(Path(sys.argv[1]))
"""


def test_freeze_project_killed_leaves_no_version(project):
    done = subprocess.run([sys.executable, "-c", KILLED, str(project.root)])
    assert done.returncode == -signal.SIGKILL
    versions = project.root / "versions"
    assert not (versions / "1").exists()
    assert any(path.is_dir() for path in versions.iterdir())
    version = freeze_project(project.root)
    assert version.record.number == 1
    assert names_in(versions) == ["1", "annotators.json"]


def test_freeze_project_full_disk(project, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jumpscore.builder.release.version.place", full)
    with pytest.raises(UsageError, match=r"No space left on device.*no version was written"):
        freeze_project(project.root)
    assert names_in(project.root / "versions") == ["annotators.json"]


def test_freeze_project_locked(project):
    with (
        project.lock("jumpscore data annotate"),
        pytest.raises(UsageError, match="is in use by jumpscore data annotate"),
    ):
        freeze_project(project.root)


def test_freeze_project_statistics_equal_those_of_the_rows(project):
    version = freeze_project(project.root, HALVES)
    stored = json.loads((version.folder / "statistics.json").read_text())
    for name, folder in splits_of(version.folder).items():
        times = [json.loads(row.answer) for row in read_rows(folder)]
        gaps = np.concatenate([np.diff(part) for part in times])
        numbers = stored[name]
        assert (numbers["videos"], numbers["events"]) == (len(times), sum(map(len, times)))
        assert numbers["gap"]["n"] == len(gaps)
        assert numbers["gap"]["median"] == pytest.approx(np.median(gaps), abs=1e-5)
        assert numbers["events_per_video"]["most"] == max(map(len, times))
        facts = read_manifest(folder).videos.values()
        assert numbers["seconds"] == pytest.approx(sum(one["duration"] for one in facts))
        assert numbers["groups"] == len({one["source"] for one in facts})
    assert sum(numbers["events"] for numbers in stored.values()) == version.events


def test_freeze_project_events_named_by_label(project):
    content = json.loads((project.root / "project.json").read_text())
    content["event"] = {"name": "repetition", "definition": "the start", "named_by_label": True}
    (project.root / "project.json").write_text(json.dumps(content))
    project.write_videos([replace(video, label="squat") for video in project.videos()])
    version = freeze_project(project.root).folder
    assert "start timestamps in s of each squat" in read_rows(version / "test")[0].question
    assert read_manifest(version / "test").event.named_by_label
    assert "task=repetitions task.data=./test" in (version / "README.md").read_text()
