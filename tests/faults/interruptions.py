"""Interrupt a command at its changes, run it again, and compare with an undisturbed run."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.faults.commands import Commands
from tests.faults.scenarios import Scenario
from tests.faults.tracing import SUPPORTED, SYNCS, Change, Fault

MARKS = [
    pytest.mark.faults,
    pytest.mark.skipif(not SUPPORTED, reason="system calls are stopped on Linux on x86-64 only"),
]
EVERY = os.environ.get("JUMPSCORE_FAULTS") == "all"
"""Whether every change is interrupted instead of some of them (``make faults``)."""


def interrupt(commands: Commands, scenario: Scenario, tmp_path: Path, *, states: int, kills: int):
    """Interrupt a command and run it again, in two ways.

    First it runs undisturbed, and its folder is copied before each change: that is what a kill at
    this moment leaves. The command resumes from some of these copies. Then it is killed again and
    again while it runs, three times in a row, at random changes or within random writes.

    Args:
        commands: The server of commands.
        scenario: The command.
        tmp_path: Folder for the copies.
        states: Number of copies to resume from; those before the first and the last change are
            among them.
        kills: Number of times that the running command is killed.
    """
    copies = tmp_path / "copies"
    scenario.restore()
    done = scenario.run(commands, copies=copies)
    assert done.status == 0, done.err
    expected = scenario.facts(scenario.folder)
    assert expected
    assert_synced(done.changes)
    for state in some_of(sorted(copies.iterdir()), states):
        scenario.restore(state)
        resume(commands, scenario, expected, f"killed before {done.changes[int(state.name)]}")
    generator = random.Random(0)
    killed, length = 0, len(done.changes)
    while killed < kills:
        scenario.restore()
        history = []
        for _ in range(3):
            kind = generator.choice(("kill", "tear"))
            fault = Fault(kind, generator.randrange(max(1, length // 2)))
            ended = scenario.run(commands, fault)
            assert ended.status in (-9, 0), ended.err
            killed += ended.status == -9
            history.append(str((fault, ended.changes[-1:])))
        resume(commands, scenario, expected, "; ".join(history))


def resume(commands: Commands, scenario: Scenario, expected: object, history: str) -> None:
    """Run a command again after an interruption and compare its result."""
    before = sorted(scenario.folder.rglob("*"))
    done = scenario.run(commands)
    assert done.status == 0, f"{history}: {done.err}{before}"
    assert scenario.facts(scenario.folder) == expected, f"{history}: {before}"


def some_of(states: list[Path], number: int) -> list[Path]:
    """Return the first and last state and some between them, always the same; or all."""
    if EVERY or len(states) <= number:
        return states
    between = random.Random(0).sample(states[1:-1], number - 2)
    return [states[0], *sorted(between), states[-1]]


def assert_synced(changes: tuple[Change, ...]) -> None:
    """Assert that a file is on disk before it gets its name: a machine may stop too.

    Entries of caches, ours and that of the hub's client, have checksums instead, so an incomplete
    one is made again.
    """
    written: set[str] = set()
    for change in changes:
        if "write" in change.call or change.call in ("sendfile", "copy_file_range"):
            written.add(change.path)
        elif change.call in SYNCS or change.call.startswith("unlink"):
            written.discard(change.path)
        elif change.call.startswith("rename") and "cache/" not in change.path + change.source:
            inside = {path for path in written if f"{path}/".startswith(f"{change.source}/")}
            if "/." in f"/{change.path}":  # within a scratch folder
                written -= inside
                written |= {path.replace(change.source, change.path, 1) for path in inside}
                continue
            assert not inside, f"{inside} became {change.path} before it was synced"
