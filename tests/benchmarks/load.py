"""Growth of runs with their number of samples: time and peak memory of run, score and compare.

Every command is a process of its own. The exponent is fitted over all sizes; an exponent of 1 is
linear. ``python -m tests.benchmarks.load 1000 10000`` measures these sizes only.
"""

from __future__ import annotations

import math
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.process_cost import Cost, cost_of
from tests.benchmarks.replay_run import make_answers

SIZES = (1_000, 10_000, 100_000)
EVENTS = 20


def main(sizes: Sequence[int] = SIZES) -> None:
    """Print CPU time, peak memory and growth of each command."""
    print(f"input: samples of {EVENTS} events, answers with jitter, misses and extras")
    costs: dict[str, list[Cost]] = {"run": [], "score": [], "compare": []}
    for samples in sizes:
        with tempfile.TemporaryDirectory() as folder:
            for name, cost in _costs(Path(folder), samples).items():
                costs[name].append(cost)
                each = 1000 * cost.seconds / samples
                print(f"{samples} samples, {name}: {cost.seconds:.1f} CPU s, ", end="")
                print(f"{each:.2f} ms each, {cost.memory:.0f} MB", flush=True)
    for name, listed in costs.items():
        exponent = growth(sizes, [cost.seconds for cost in listed])
        ratio = listed[-1].memory / listed[0].memory
        print(f"growth, {name}: CPU time with the samples to the power of {exponent:.2f}; ", end="")
        print(f"{sizes[-1] / sizes[0]:.0f} times the samples take {ratio:.1f} times the memory")


def _costs(folder: Path, samples: int) -> dict[str, Cost]:
    data, answers = make_answers(folder, samples, EVENTS)
    ours = str(Path(sys.executable).with_name("jumpscore"))
    runs = folder / "runs"
    command = [ours, "score", str(answers), "--data", str(data), "--no-report", "--out", str(runs)]
    costs = {"run": cost_of(command)}
    [run] = runs.iterdir()
    costs["score"] = cost_of([ours, "score", str(run), "--no-report"])
    other = shutil.copytree(run, folder / "other")
    costs["compare"] = cost_of([ours, "compare", str(run), str(other)])
    return costs


def growth(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the exponent of a power law, fitted to the logarithms by least squares.

    >>> round(growth([10, 100, 1000], [1.0, 100.0, 10_000.0]), 3)
    2.0
    """
    points = [math.log(size) for size in sizes], [math.log(value) for value in seconds]
    return statistics.linear_regression(*points).slope


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or SIZES)
