"""Disks that are full, read-only or broken at any moment: a clear error; the rerun completes."""

from __future__ import annotations

import errno
import random

from tests.faults.commands import Commands
from tests.faults.interruptions import EVERY, MARKS, resume
from tests.faults.scenarios import (
    Scenario,
    fetch_scenario,
    run_scenario,
    score_scenario,
    synthesize_scenario,
)
from tests.faults.tracing import Fault

pytestmark = MARKS
FAULTS = [("full", errno.ENOSPC), ("full", errno.EDQUOT), ("refuse", errno.EROFS),
          ("refuse", errno.EIO)]  # fmt: skip
"""What a disk does from some moment on, and its error."""


def use_bad_disk(commands: Commands, scenario: Scenario, *, moments: int) -> None:
    """Run a command whose disk fails at some moments, and run it again with a good disk.

    Args:
        commands: The server of commands.
        scenario: The command.
        moments: Number of changes at which the disk fails, each time in another way.
    """
    scenario.restore()
    done = scenario.run(commands)
    assert done.status == 0, done.err
    expected, length = scenario.facts(scenario.folder), len(done.changes)
    moments = length if EVERY else min(moments, length)
    places = sorted(random.Random(0).sample(range(length), moments))
    for number, place in enumerate(places):
        kind, error = FAULTS[number % len(FAULTS)]
        fault = Fault(kind, place, error)
        scenario.restore()
        failed = scenario.run(commands, fault)
        history = f"{fault}, {done.changes[place]}: {failed.err}"
        assert "Traceback" not in failed.err, history
        assert failed.status in (0, 1, 2), history
        if failed.status:
            assert_explained(failed.err, history)
        resume(commands, scenario, expected, history)


def assert_explained(text: str, history: str) -> None:
    """Assert that an error names the problem of the disk."""
    reasons = ("No space left", "Disk quota", "Read-only", "Input/output", "disk is full")
    assert any(reason in text for reason in reasons), history


def test_run_bad_disk(commands, tiny_set, tmp_path):
    use_bad_disk(commands, run_scenario(tiny_set, tmp_path), moments=12)


def test_score_bad_disk(commands, tiny_set, tmp_path):
    use_bad_disk(commands, score_scenario(tiny_set, tmp_path), moments=6)


def test_synthesize_bad_disk(commands, tmp_path):
    use_bad_disk(commands, synthesize_scenario(tmp_path), moments=5)


def test_fetch_bad_disk(commands, tmp_path):
    use_bad_disk(commands, fetch_scenario(tmp_path), moments=10)
