"""Clocks: alternating repeats in one process or in new processes, and the exponent of growth.

Other work on the machine makes a repeat slower, never faster, so times are minima over repeats in
which both sides take turns; peaks of memory are medians.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a job costs: CPU seconds, seconds by the clock, and peak memory in MB."""

    cpu: float
    wall: float
    memory: float


@dataclass(frozen=True, slots=True)
class Job:
    """A function in a new process.

    Attributes:
        function: ``"module:function"``; it returns the work that is measured, a function, so that
            imports and the preparation of inputs are not measured.
        arguments: Arguments, as texts.
        python: Interpreter.
        cores: Number of cores that the process may use; None for all.
    """

    function: str
    arguments: tuple[str, ...] = ()
    python: str = sys.executable
    cores: int | None = None


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds of all threads of this process."""
    before = time.process_time()
    work()
    return time.process_time() - before


def wall_seconds(work: Callable[[], object]) -> float:
    """Return the seconds by the clock."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def alternating(
    jobs: Mapping[str, Callable[[], object]],
    *,
    repeats: int,
    clock: Callable[[Callable[[], object]], float] = cpu_seconds,
) -> dict[str, float]:
    """Return the minimum of each job over ``repeats`` rounds in which all take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, work in jobs.items():
            seconds[name].append(clock(work))
    return {name: min(values) for name, values in seconds.items()}


def in_processes(jobs: Mapping[str, Job], *, repeats: int) -> dict[str, Cost]:
    """Return the costs of jobs in new processes that take turns: least times, median memory.

    Raises:
        RuntimeError: A job failed; the message contains its error output.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, job in jobs.items():
            costs[name].append(_measured(job))
    return {name: combined(values) for name, values in costs.items()}


def combined(costs: Sequence[Cost]) -> Cost:
    """Return the least times and the median of memory."""
    return Cost(
        min(cost.cpu for cost in costs),
        min(cost.wall for cost in costs),
        statistics.median(cost.memory for cost in costs),
    )


def _measured(job: Job) -> Cost:
    cores = [] if job.cores is None else ["--cores", str(job.cores)]
    command = [job.python, "-m", "tests.benchmarks.child", *cores, job.function, *job.arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"{job.function} failed:\n{done.stderr[-2000:]}")
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Return the power of the size with which the cost grows, by least squares over logarithms.

    >>> round(exponent([1, 10, 100], [1.0, 10.0, 100.0]), 3)
    1.0
    >>> round(exponent([100, 1000, 10_000], [n + n * n / 1000 for n in (100, 1000, 10_000)]), 2)
    1.5
    """
    points = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    return statistics.linear_regression(*points).slope
