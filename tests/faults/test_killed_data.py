"""Data sets whose creation is killed at any change of their files, and rerun, are complete."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial

import pytest

from tests.faults.interruptions import MARKS, interrupt
from tests.faults.scenarios import Scenario, contents, fetch_scenario, synthesize_scenario
from tests.jumpscore.data.test_fetch import hub  # noqa: F401 - a fixture
from tests.support import write_video

pytestmark = MARKS


def test_synthesize_killed(commands, tmp_path):
    interrupt(commands, synthesize_scenario(tmp_path), tmp_path, states=5, kills=4)


@pytest.mark.parametrize("again", [False, True])
def test_fetch_source_killed(commands, tmp_path, again):
    scenario = fetch_scenario(tmp_path)
    if again:
        scenario.run(commands)
        fetched = scenario.folder.rename(tmp_path / "fetched")
        scenario = replace(scenario, prepare=partial(shutil.copytree, fetched))
    interrupt(commands, scenario, tmp_path, states=5, kills=6)


def test_fetch_hub_killed(commands, hub, tmp_path):  # noqa: F811
    from huggingface_hub import constants

    words = ("tests.faults.models:fetch", constants.ENDPOINT, tmp_path / "root" / "published")
    scenario = Scenario(words, tmp_path / "root", facts=partial(contents, without=".cache"))
    interrupt(commands, scenario, tmp_path, states=5, kills=6)


def test_ingest_killed(commands, tmp_path):
    """The project is complete, whatever the first process had written when it was killed."""
    for number in range(2):
        write_video(tmp_path / "in" / f"{number}.mp4", frames=20, gop=5 + number)
    words = ("data", "ingest", "in", "--out", "ropes", "--licence", "CC0-1.0", "--source", "me")
    scenario = Scenario(words, tmp_path / "ropes", facts=partial(contents, without=".cache"))
    interrupt(commands, scenario, tmp_path, states=6, kills=4)
