"""An annotation server that is killed at any change of its files keeps every acknowledged edit."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from jumpscore.builder.project import Project
from tests.faults.commands import Commands, started
from tests.faults.interruptions import MARKS
from tests.faults.tracing import Fault
from tests.jumpscore.builder.annotate.serving import Server, adding, mark
from tests.jumpscore.builder.projects import add_video
from tests.support import write_video

pytestmark = MARKS


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory):
    with started(
        tmp_path_factory.mktemp("servers"), "jumpscore.cli.data.annotate",
        "jumpscore.builder.annotate.server", "uvicorn.loops.auto", "uvicorn.protocols.http.auto",
        "uvicorn.lifespan.on",
    ) as commands:  # fmt: skip
        yield commands


def test_annotate_killed(servers, tmp_path):
    project = Project.create(tmp_path / "ropes")
    add_video(project, write_video(tmp_path / "clip.mp4", frames=60, size=(128, 96)))
    [video] = project.videos()
    generator, state, kills = random.Random(0), [], 0
    while kills < 8:
        # Starting changes few files and an edit four or five, so most kills are within edits.
        fault = Fault(generator.choice(("kill", "tear")), generator.randrange(4, 30))
        acknowledged, kinds = killed_server(servers, project.root, video.id, state, fault)
        kills += 1
        state = sorted(mark.id for mark in project.annotation(video, "ann").marks)
        history = f"{fault}: {kinds}"
        assert set(acknowledged) <= set(state), history
        # The one that was being stored may be there or not.
        assert len(set(state) - set(acknowledged)) <= 1, history


def killed_server(
    servers: Commands, root: Path, video: str, before: list[str], fault: Fault
) -> tuple[list[str], object]:
    """Edit with a server until it is killed; return the ids of acknowledged marks."""
    command = ("data", "annotate", root, "--annotator", "ann", "--no-open")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(servers.run, command, root, fault)
        acknowledged = list(before)
        try:
            while not running.done():
                with suppress(OSError, HTTPException):  # not started yet, or killed
                    edit(servers, video, acknowledged)
                time.sleep(0.01)
        except BaseException:
            servers.stop()  # it would never end
            raise
        done = running.result()
    assert done.status == -9, done.err
    return acknowledged, done.changes[-1:]


def edit(servers: Commands, video: str, acknowledged: list[str]) -> None:
    """Add marks until the server is gone; ids of those that it acknowledged are appended."""
    if "\n" not in (address := servers.printed()):
        return
    server = Server(None, address.strip())  # type: ignore[arg-type]
    while True:
        state = server.state(video)
        name = f"m{len(acknowledged)}x{state['sequence']}"
        answer = server.edit(video, state["sequence"], adding(mark(name, len(acknowledged))))
        assert answer.status == 200, answer.content
        acknowledged.append(name)
