"""Versions, imported sets and leaderboards that are killed and made again are complete."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from jumpscore.boards.board import SUBMISSIONS, add_submission
from tests.faults.commands import Commands, started
from tests.faults.interruptions import MARKS, interrupt
from tests.faults.scenarios import Scenario, contents
from tests.jumpscore.boards.submissions import answers, write
from tests.jumpscore.builder.projects import add_marks, counting_project
from tests.support import write_video

pytestmark = MARKS


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    modules = ("jumpscore.cli.data.freeze", "jumpscore.cli.data.import_", "tests.faults.models",
               "jumpscore.cli.leaderboard.add", "jumpscore.cli.leaderboard.build")  # fmt: skip
    with started(tmp_path_factory.mktemp("releases"), *modules) as commands:
        yield commands


def files(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file: none of them depends on the time."""
    return {name: (folder / name).read_bytes() for name in contents(folder)}


def test_freeze_killed(releases, tmp_path):
    project = counting_project(tmp_path / "before", videos=1)
    add_marks(project, 0, "ann", 10, 20, 30)
    scenario = Scenario(
        ("data", "freeze", "ropes"), tmp_path / "ropes",
        facts=files, prepare=partial(shutil.copytree, project.root),
    )  # fmt: skip
    interrupt(releases, scenario, tmp_path, states=4, kills=2)


def test_import_killed(releases, tmp_path):
    write_video(tmp_path / "in" / "clip.mp4", frames=50)
    (tmp_path / "in" / "clip.vtt").write_text("WEBVTT\n\n00:01.280 --> 00:01.480\njump\n")
    words = ("data", "import", "in/clip.vtt", "--out", "out/set")
    scenario = Scenario(
        ("tests.faults.models:make", "out/set", *words), tmp_path / "out", facts=files
    )
    interrupt(releases, scenario, tmp_path, states=5, kills=4)


@pytest.mark.parametrize("is_first", [True, False])
def test_leaderboard_add_killed(releases, tmp_path, is_first):
    """The board has the whole submission or nothing of it."""
    submission = write(tmp_path / "submission")
    if not is_first:
        add_submission(write(tmp_path / "other", model="Borealis"), tmp_path / "before")
    place = f"board/{SUBMISSIONS}/aurora-vl-frames-16-frames-v2"
    words = (
        "tests.faults.models:make",
        place,
        "leaderboard",
        "add",
        submission,
        "--board",
        "board",
    )
    copy = None if is_first else partial(shutil.copytree, tmp_path / "before")
    scenario = Scenario(words, tmp_path / "board", facts=files, prepare=copy)
    interrupt(releases, scenario, tmp_path, states=6, kills=4)


def test_leaderboard_build_killed(releases, tmp_path):
    for seed, model in enumerate(("Aurora-VL", "Borealis")):
        lines = answers(seed)
        add_submission(write(tmp_path / model, lines, model=model), tmp_path / "board")
    scenario = Scenario(
        ("leaderboard", "build", "--board", "board", "--out", "out/site"), tmp_path / "out",
        {"JUMPSCORE_CACHE": str(tmp_path / "out" / "cache")}, facts=files,
    )  # fmt: skip
    interrupt(releases, scenario, tmp_path, states=7, kills=4)
