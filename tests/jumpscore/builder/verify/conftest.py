from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from jumpscore.builder.project import Annotation, Details, Project
from tests.jumpscore.builder.projects import add_marks, counting_project, marks_at


@pytest.fixture
def annotate() -> Callable[..., Annotation]:
    """Return an annotation in memory with marks at frames of a video with 25 frames per second."""

    def annotation(annotator: str, *frames: int) -> Annotation:
        marks = {mark.id: mark for mark in marks_at(*frames)}
        return Annotation("clip", annotator, 1, marks, Details(done=True))

    return annotation


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return counting_project(tmp_path / "ropes")


@pytest.fixture
def store(project: Project) -> Callable[..., None]:
    """Store marks of a person in a video of the project, by its number."""
    return partial(add_marks, project)
