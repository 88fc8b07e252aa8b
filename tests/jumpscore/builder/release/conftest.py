from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from jumpscore.builder.project import Change, Edit, Mark, Project
from jumpscore.video import probe
from tests.support import mark_frames, project_video, write_video

SOURCES = ("gym", "gym", "park", "school", "school", "street")
"""Sources of the videos: 4 groups in 6 videos."""
VARIABLE = (0.0, 0.03, 0.07, 0.2, 0.21, 0.3)
"""First presentation times of the second video in seconds; frames of 40 ms follow."""


def move_mark(project: Project, number: int, annotator: str, mark: str, frame: int | None) -> None:
    """Move a stored mark to another frame, or delete it."""
    video = project.videos()[number]
    journal = project.journal(video, annotator)
    before = journal.annotation.by_id[mark]
    after = None
    if frame is not None:
        time = float(probe(project.file(video)).times[frame])
        after = Mark(mark, frame, time, note="seen in slow motion")
    name = "delete mark" if after is None else "move mark"
    journal.edit(Edit(name, (Change(before, after),)))


@pytest.fixture(scope="session")
def original(tmp_path_factory) -> Path:
    """A project of 6 real videos with the marks of ann, and of bob in the first one."""
    project = Project.create(tmp_path_factory.mktemp("original") / "ropes")
    videos = []
    for number, source in enumerate(SOURCES):
        name = f"videos/{number:032x}.mp4"
        file, frames = project.root / name, 40 + 5 * number
        times = None
        if number == 1:
            times = [*VARIABLE, *(0.4 + 0.04 * k for k in range(frames - len(VARIABLE)))]
        write_video(file, frames=frames, fps=25, times=times)
        videos.append(project_video(project, name, source=source, name=f"film {number}.mp4"))
    project.write_videos(videos)
    for number, video in enumerate(videos):
        mark_frames(project, video, "ann", *range(2, 30, 4 + number))
    mark_frames(project, videos[0], "bob", *range(3, 31, 4))
    return project.root


@pytest.fixture
def project(original, tmp_path) -> Project:
    """A copy of the project that a test may change."""
    root = tmp_path / "ropes"
    shutil.copytree(original, root, copy_function=_copy)
    return Project.open(root)


def _copy(source: str, target: str) -> None:
    """Copy a file; videos, which nothing changes in place, are linked."""
    link: Callable[[str, str], object] = os.link if source.endswith(".mp4") else shutil.copy2
    link(source, target)
