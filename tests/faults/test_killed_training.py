"""Training that is killed at any change of its files, and rerun, gives the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.commands import Commands, started
from tests.faults.interruptions import MARKS, interrupt
from tests.faults.scenarios import Scenario, contents
from tests.training_support import SMALL, merged, words

pytestmark = MARKS


@pytest.fixture(scope="module")
def trainers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    modules = ("jumpscore.cli.train", "jumpscore.training.loop", "jumpscore.training.clips",
               "jumpscore.builder.bundled", "model_wrappers.llava_onevision2.checkpoint",
               "model_wrappers.llava_onevision2.modeling", "torch._dynamo")  # fmt: skip
    with started(tmp_path_factory.mktemp("trainers"), *modules) as commands:
        yield commands


def trained(folder: Path) -> dict[str, Any]:
    """Return the files of a training run; the state and the facts contain times."""
    return {name: content for name, content in contents(folder).items()
            if Path(name).name not in ("state.pt", "training.json")}  # fmt: skip


def test_train_killed(trainers, tmp_path):
    command = ("train", "tiny", "--out", "out", "--clips", tmp_path / "clips", "--workers", "1",
             *words(SMALL))  # fmt: skip
    interrupt(
        trainers, Scenario(command, tmp_path / "out", facts=trained), tmp_path, states=4, kills=5
    )


def test_train_killed_while_preparing(trainers, tmp_path):
    few = merged(
        SMALL, {"data": {"clips": 1, "held_out": 1}, "read": {"steps": 1}, "look": {"steps": 1}}
    )
    command = ("train", "tiny", "--out", "out", "--workers", "1", *words(few))
    interrupt(
        trainers, Scenario(command, tmp_path / "out", facts=trained), tmp_path, states=2, kills=2
    )
