"""Short commands as processes, compared with an interpreter that only imports NumPy.

CPU seconds, so that other work on the machine does not count.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.benchmarks.process_cost import Cost, cost_of
from tests.benchmarks.replay_run import make_answers

RUNS = 7
VIDEOS, EVENTS = 240, 20
FLOOR = "import numpy"
MOTION = "from model_wrappers.motion import events; from numpy import arange as a; "
MOTION += "events.find_bumps(a(200.0), a(200.0), 0.3)"


def main() -> None:
    ours = str(Path(sys.executable).with_name("jumpscore"))
    score = f"jumpscore score, {VIDEOS} videos of {EVENTS} events"
    with tempfile.TemporaryDirectory() as folder:
        data, answers = make_answers(Path(folder), VIDEOS, EVENTS)
        commands = {
            FLOOR: [sys.executable, "-c", FLOOR],
            "jumpscore --help": [ours, "--help"],
            score: [ours, "score", str(answers), "--data", str(data), "--no-report", "--out"],
            "motion, import and first call": [sys.executable, "-c", MOTION],
        }
        costs: dict[str, list[Cost]] = {name: [] for name in commands}
        for number in range(RUNS + 1):  # in turn, so that drift affects all; the first one warms up
            for name, command in commands.items():
                out = [f"{folder}/runs{number}"] if name == score else []
                costs[name].append(cost_of([*command, *out]))
    print(f"input: {RUNS} runs each, in turn, after one warm-up; least CPU time, largest memory")
    base = min(cost.seconds for cost in costs[FLOOR][1:])
    for name, every in costs.items():
        seconds, memory = min(c.seconds for c in every[1:]), max(c.memory for c in every)
        print(f"{name}: {seconds:.2f} CPU s, ratio {seconds / base:.1f}, {memory:.0f} MB")
