"""Projects for tests."""

from __future__ import annotations

import shutil
from pathlib import Path

from jumpscore.builder.project import Change, Details, Edit, Mark, Project, ProjectVideo
from jumpscore.video import content_hash
from tests.support import project_video, write_video

FPS = 25
"""Frames per second of the videos of ``counting_project``."""
DONE = Details(done=True)


def add_video(
    project: Project, file: Path, *, name: str = "", source: str = "here"
) -> ProjectVideo:
    """Copy a video into a project as it is."""
    path = f"videos/{content_hash(file)[:32]}{file.suffix}"
    (project.root / "videos").mkdir(exist_ok=True)
    shutil.copyfile(file, project.root / path)
    video = project_video(project, path, source=source, name=name or file.name, licence="CC0-1.0")
    project.write_videos([*project.videos(), video])
    return video


def counting_project(root: Path, videos: int = 2) -> Project:
    """Create a project of videos with 100 numbered frames each."""
    project = Project.create(root)
    for number in range(videos):
        # Different key frames make the files different.
        file = write_video(root.parent / f"clip{number}.mp4", frames=100, fps=FPS, gop=12 + number)
        add_video(project, file)
    return project


def marks_at(*frames: int, first: int = 0) -> tuple[Mark, ...]:
    """Return marks at frames of a video of ``counting_project``."""
    return tuple(Mark(f"m{k}", frame, frame / FPS) for k, frame in enumerate(frames, start=first))


def add_marks(
    project: Project, number: int, annotator: str, *frames: int, details: Details = DONE
) -> None:
    """Store marks of a person in a video, by its number, and details about it."""
    journal = project.journal(project.videos()[number], annotator)
    if frames:
        marks = marks_at(*frames, first=len(journal.annotation.by_id))
        journal.edit(Edit("add marks", tuple(Change(None, mark) for mark in marks)))
    journal.describe(details)
