"""Growth of runs with their number of samples: CPU time and peak memory of run, score, compare.

Every command is a process of its own.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.answers import make_answers
from tests.benchmarks.process_cost import cost_of
from tests.benchmarks.row import EXPONENT, LARGEST_EXPONENT, Bound, Row, Setting
from tests.benchmarks.timing import Cost, exponent

SIZES = (1_000, 10_000, 100_000)
EVENTS = 20


def rows(setting: Setting) -> Iterator[Row]:
    """Measure every size; in the quick setting, all are ten times smaller."""
    sizes = [size // 10 for size in SIZES] if setting.quick else SIZES
    costs: dict[str, list[Cost]] = {"run": [], "score": [], "compare": []}
    for samples in sizes:
        with tempfile.TemporaryDirectory() as folder:
            for name, cost in _costs(Path(folder), samples).items():
                costs[name].append(cost)
    for name, listed in costs.items():
        size = f"{sizes[-1]:,} samples of {EVENTS} events"
        yield Row(
            name, size, "CPU s", listed[-1].cpu, memory=listed[-1].memory, bound=Bound(memory=500)
        )
        growth = exponent(sizes, [cost.cpu for cost in listed])
        yield Row(
            f"{name}, growth with samples", f"{sizes[0]:,} to {sizes[-1]:,}", EXPONENT, growth,
            bound=Bound(ours=LARGEST_EXPONENT),
        )  # fmt: skip


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
