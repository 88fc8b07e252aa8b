"""Short commands as processes, over an interpreter that only imports NumPy."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.benchmarks.answers import make_answers
from tests.benchmarks.process_cost import cost_of
from tests.benchmarks.row import Bound, Row, Setting
from tests.benchmarks.timing import Cost, combined

VIDEOS, EVENTS = 240, 20
FLOOR = "import numpy"
MOTION = "from model_wrappers.motion import events; from numpy import arange as a; "
MOTION += "events.find_bumps(a(200.0), a(200.0), 0.3)"
IMPORT = "model_wrappers.motion: import and first call"
SCORE = "jumpscore score"
BOUNDS = {IMPORT: Bound(ours=0.55), f"{SCORE}, {VIDEOS} videos": Bound(ours=0.8)}


def rows(setting: Setting) -> Iterator[Row]:
    """Measure --help, and score, report and compare of one video, where start-up is all."""
    with tempfile.TemporaryDirectory() as folder:
        commands = _commands(Path(folder))
        costs = _in_turn(commands, repeats=3 if setting.quick else 5, folder=Path(folder))
    for name, cost in costs.items():
        if name != FLOOR:
            yield Row(
                name, "", "CPU s", cost.cpu, FLOOR, costs[FLOOR].cpu, cost.memory,
                BOUNDS.get(name, Bound()), "reading bytecode for the first time",
            )  # fmt: skip


def _commands(folder: Path) -> dict[str, list[str]]:
    ours = str(Path(sys.executable).with_name("jumpscore"))
    few, one = make_answers(folder / "one", 1, EVENTS)
    data, answers = make_answers(folder / "many", VIDEOS, EVENTS)
    runs = folder / "runs"
    cost_of([ours, "score", str(one), "--data", str(few), "--no-report", "--out", str(runs)])
    [run] = runs.iterdir()
    other = shutil.copytree(run, folder / "other")
    score = [ours, "score", "--no-report", "--data"]
    return {
        FLOOR: [sys.executable, "-c", FLOOR],
        "jumpscore --help": [ours, "--help"],
        f"{SCORE}, 1 video": [*score, str(few), str(one), "--out"],
        "jumpscore report, 1 video": [ours, "report", str(run)],
        "jumpscore compare, 1 video": [ours, "compare", str(run), str(other)],
        f"{SCORE}, {VIDEOS} videos": [*score, str(data), str(answers), "--out"],
        IMPORT: [sys.executable, "-c", MOTION],
    }


def _in_turn(
    commands: Mapping[str, Sequence[str]], *, repeats: int, folder: Path
) -> dict[str, Cost]:
    """Return the cost of each command; one more round stores the bytecode."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(repeats + 1):
        for place, (name, command) in enumerate(commands.items()):
            out = [f"{folder}/out{number}-{place}"] if command[-1] == "--out" else []
            costs[name].append(cost_of([*command, *out]))
    return {name: combined(values[1:]) for name, values in costs.items()}
