from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.builder.project import Project
from jumpscore.builder.proposals import proposals_file, read_proposals, snapped, write_proposals
from jumpscore.builder.propose import propose
from jumpscore.data.events import EVENTS
from jumpscore.errors import DataError, UsageError
from jumpscore.harness import run_config
from jumpscore.harness.compose import compose
from jumpscore.video import probe
from model_wrappers import MODELS
from tests.jumpscore.builder.ingest.clips import SIZE, clip
from tests.jumpscore.builder.projects import add_video
from tests.support import write_video

BLIND = run_config(compose(["model=content_free"]))


@pytest.fixture
def project(tmp_path):
    project = Project.create(tmp_path / "p")
    for seed in range(2):
        pictures = clip(seed, 60)
        add_video(
            project, write_video(tmp_path / f"{seed}.mp4", pictures=pictures, size=SIZE, fps=29.97)
        )
    return project


def test_candidates_are_at_frames(project):
    report = propose(project, BLIND)
    for video in project.videos():
        proposals = read_proposals(project, video)
        assert proposals == report.proposed[video.id]
        assert proposals is not None
        times = probe(project.file(video)).times
        assert len(proposals.candidates) > 2
        assert all(c.time == times[c.frame] for c in proposals.candidates)
        assert {c.confidence for c in proposals.candidates} == {None}


def test_motion_has_confidences(project):
    [video, _] = project.videos()
    report = propose(project, run_config(compose([])), videos=[video.id])
    assert list(report.proposed) == [video.id]
    assert all(c.confidence is not None for c in report.proposed[video.id].candidates)


def test_propose_in_windows_is_another_question(project, monkeypatch):
    monkeypatch.setitem(MODELS._added, "second", "tests.jumpscore.harness.watching:Second")
    whole = ["model=second", "input=frames", "input.count=4"]
    windows = [*whole, "input.window=1", "input.overlap=0.25"]
    first = propose(project, run_config(compose(whole)))
    second = propose(project, run_config(compose(windows)))
    [video, _] = project.videos()
    assert first.proposed.keys() == second.proposed.keys()
    # It answers the second of four frames: of the video, and of every window.
    times = [[c.time for c in report.proposed[video.id].candidates] for report in (first, second)]
    assert times[0] == pytest.approx([0.66], abs=0.04)
    assert times[1] == pytest.approx([0.33, 1.08, 1.67], abs=0.04)
    assert propose(project, run_config(compose(windows))).present.keys() == first.proposed.keys()


def test_rerun_asks_what_is_left(project):
    first, second = project.videos()
    stored = propose(project, BLIND, videos=[first.id]).proposed
    report = propose(project, BLIND)
    assert report.present == stored
    assert list(report.proposed) == [second.id]
    assert propose(project, BLIND).proposed == {}


def test_other_options_and_models_are_asked_again(project):
    propose(project, BLIND)
    other = run_config(compose(["model=content_free", "model.period=0.25"]))
    before = {video.id: read_proposals(project, video) for video in project.videos()}
    report = propose(project, other)
    assert list(report.proposed) == list(before)
    assert all(len(report.proposed[name].candidates) > len(old.candidates) for name, old in
               before.items() if old)  # fmt: skip


def test_damaged_proposals_are_replaced(project):
    propose(project, BLIND)
    [video, _] = project.videos()
    good = read_proposals(project, video)
    proposals_file(project, video).write_text("{")
    with pytest.raises(DataError, match="run 'jumpscore data propose' again"):
        read_proposals(project, video)
    assert list(propose(project, BLIND).proposed) == [video.id]
    assert read_proposals(project, video) == good


def test_failing_video_does_not_stop_the_others(project):
    first, second = project.videos()
    project.file(first).write_bytes(b"")
    report = propose(project, BLIND)
    assert list(report.proposed) == [second.id]
    assert "the file is empty" in report.failed[first.id]
    assert read_proposals(project, first) is None


def test_unknown_video_is_an_error(project):
    with pytest.raises(UsageError, match="unknown video 'x'"):
        propose(project, BLIND, videos=["x"])


def test_models_that_need_the_truth_are_refused(project):
    with pytest.raises(UsageError, match="answers from the truth"):
        propose(project, run_config(compose(["model=oracle"])))


def test_labels_are_part_of_the_question(tmp_path):
    project = Project.create(tmp_path / "p", EVENTS["repetition"])
    add_video(project, write_video(tmp_path / "a.mp4"))
    propose(project, BLIND)
    [video] = project.videos()
    first = read_proposals(project, video)
    project.write_videos([replace(video, label="squat")])
    assert list(propose(project, BLIND).proposed) == [video.id]
    second = read_proposals(project, video)
    assert first is not None
    assert second is not None
    assert first.identity != second.identity


def change(content, key, value):
    content["candidates"][0][key] = value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["candidates"].reverse(), "not in order of frame"),
        (lambda c: change(c, "frame", 10_000), "not in order|frame 10000 is invalid"),
        (lambda c: change(c, "time", -1), "is invalid"),
        (lambda c: change(c, "confidence", 2), "is invalid"),
        (lambda c: change(c, "confidence", float("nan")), "is invalid"),
        (lambda c: c.update(video="../x"), "is about video"),
        (lambda c: c.update(status="done"), "cannot be read"),
        (lambda c: c.pop("candidates"), "cannot be read"),
    ],
)
def test_invalid_proposals_are_refused(project, change, message):
    propose(project, BLIND)
    [video, _] = project.videos()
    file = proposals_file(project, video)
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))
    with pytest.raises(DataError, match=message):
        read_proposals(project, video)


def test_full_disk_keeps_earlier_proposals(project, limited_files):
    [video, _] = project.videos()
    proposals = propose(project, BLIND).proposed[video.id]
    limited_files(64)
    with pytest.raises(UsageError, match="cannot be written"):
        write_proposals(project, video, proposals)
    limited_files(None)
    assert read_proposals(project, video) == proposals


@pytest.fixture(scope="module")
def info(tmp_path_factory):
    times = np.cumsum([0.0] + [0.02, 0.05, 0.033, 0.1] * 10)
    path = tmp_path_factory.mktemp("info") / "a.mp4"
    return probe(write_video(path, frames=41, times=list(times)))


pairs = st.lists(st.tuples(st.floats(-1, 4), st.floats(0, 1)), max_size=30)


@given(pairs=pairs)
def test_snapped_candidates_are_the_nearest_frames(info, pairs):
    times = tuple(time for time, _ in pairs)
    candidates, outside = snapped(times, tuple(sure for _, sure in pairs), info)
    gap = float(np.median(np.diff(info.times)))
    inside = [p for p in pairs if info.times[0] - gap <= p[0] <= info.duration + gap]
    assert outside == len(pairs) - len(inside)
    nearest = [min(range(41), key=lambda k: abs(info.times[k] - time)) for time, _ in inside]
    assert [c.frame for c in candidates] == sorted(set(nearest))
    for candidate in candidates:
        assert candidate.time == info.times[candidate.frame]
        sure = [p[1] for p, frame in zip(inside, nearest, strict=True) if frame == candidate.frame]
        assert candidate.confidence == pytest.approx(max(sure), abs=1e-4)


def test_confidences_of_another_number_are_ignored(info):
    candidates, _ = snapped((0.0, 0.07), (0.5,), info)
    assert [(c.frame, c.confidence) for c in candidates] == [(0, None), (2, None)]
