"""A long video on all cores over the same on one: seconds by the clock.

The figures depend on the number of cores and on other work; one core skips it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from tests.benchmarks.clips import rendered
from tests.benchmarks.row import Bound, Row, Setting, Skipped
from tests.benchmarks.timing import Job, in_processes
from tests.benchmarks.visual_input import JOBS


def rows(setting: Setting) -> Iterator[Row | Skipped]:
    """Measure canvases and the motion baseline."""
    cores = len(os.sched_getaffinity(0))
    if cores < 2:
        yield Skipped("all cores over one", "this machine has one core")
        return
    seconds = 20 if setting.quick else 60
    path = str(rendered(1280, 720, seconds))
    for name, arguments in (("canvases", (path, "64")), ("motion", (path,))):
        job = f"{JOBS}:{name}"
        jobs = {"all": Job(job, arguments), "one": Job(job, arguments, cores=1)}
        costs = in_processes(jobs, repeats=2)
        yield Row(
            f"{name}, {cores} cores", f"1280x720, {seconds} s", "s", costs["all"].wall,
            "one core", costs["one"].wall, costs["all"].memory, Bound(ratio=0.6), "imports",
        )  # fmt: skip
