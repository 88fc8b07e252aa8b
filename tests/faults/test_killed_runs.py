"""Runs that are killed at any change of their files, and rerun, end as undisturbed ones."""

from __future__ import annotations

from tests.faults.interruptions import MARKS, interrupt
from tests.faults.scenarios import Scenario, run_scenario, score_scenario

pytestmark = MARKS


def test_run_killed(commands, tiny_set, tmp_path):
    interrupt(commands, run_scenario(tiny_set, tmp_path), tmp_path, states=6, kills=9)


def test_repeats_killed(commands, tiny_set, tmp_path):
    words = ("run", "model=seeing", f"task.data={tiny_set}", "run.name=two", "run.repeats=2",
             "input=frames", "input.count=2", "--no-report")  # fmt: skip
    interrupt(commands, Scenario(words, tmp_path / "runs"), tmp_path, states=6, kills=9)


def test_ablate_killed(commands, tiny_set, tmp_path):
    words = ("ablate", "model=seeing", f"task.data={tiny_set}", "--tokens", "24", "--out", "out",
             "input.max_pixels=7056", "run.limit=2", "run.cache=false")  # fmt: skip
    interrupt(commands, Scenario(words, tmp_path / "out"), tmp_path, states=6, kills=9)


def test_score_killed(commands, tiny_set, tmp_path):
    interrupt(commands, score_scenario(tiny_set, tmp_path), tmp_path, states=6, kills=6)
