from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jumpscore.builder.project import Project
from tests.jumpscore.builder.annotate.paging import Page, visiting
from tests.jumpscore.builder.annotate.serving import Server, serving
from tests.jumpscore.builder.projects import add_video
from tests.support import write_video


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of 60 numbered frames at 25 per second."""
    folder = tmp_path_factory.mktemp("numbered")
    return write_video(folder / "clip.mp4", frames=60, size=(128, 96), b_frames=3)


@pytest.fixture
def project(tmp_path: Path, numbered: Path) -> Project:
    """A project with that video."""
    project = Project.create(tmp_path / "ropes")
    add_video(project, numbered)
    return project


@pytest.fixture
def video(project: Project) -> str:
    """The id of that video."""
    return project.videos()[0].id


@pytest.fixture
def server(project: Project) -> Iterator[Server]:
    """A server of that project."""
    with serving(project.root) as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Iterator[str]]]:
    """A server for the tests of a module, and ids of videos of which each test takes one."""
    folder = tmp_path_factory.mktemp("shared")
    project = Project.create(folder / "ropes")
    for number in range(9):
        # Different key frames make the files different.
        file = folder / f"clip{number}.mp4"
        add_video(project, write_video(file, frames=60, size=(128, 96), gop=12 + number))
    with serving(project.root) as running:
        yield running, iter([video.id for video in project.videos()])


@pytest.fixture
def page(browser: Any, shared: tuple[Server, Iterator[str]]) -> Iterator[Page]:
    """The annotation page with 60 numbered frames at 25 per second."""
    server, videos = shared
    with visiting(browser, server, video=next(videos)) as page:
        yield page
        assert page.errors == []
