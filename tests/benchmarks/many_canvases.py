"""1,024 canvases of a minute of 720p, a cell of which has one or two frames."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.clips import rendered
from tests.benchmarks.row import Bound, Row, Setting
from tests.benchmarks.timing import Job, in_processes
from tests.benchmarks.visual_input import EXCLUDED, JOBS


def rows(setting: Setting) -> Iterator[Row]:
    """Measure the still clip."""
    seconds, count = (20, "256") if setting.quick else (60, "1024")
    path = str(rendered(1280, 720, seconds))
    jobs = {
        "ours": Job(f"{JOBS}:canvases", (path, count)),
        "decoding": Job(f"{JOBS}:decoding", (path,)),
    }
    costs = in_processes(jobs, repeats=1)
    bound = Bound(ours=10.0, memory=1500.0)
    yield Row(
        f"{count} canvases, still clip", f"1280x720, {seconds} s", "CPU s", costs["ours"].cpu,
        "decoding, one thread", costs["decoding"].cpu, costs["ours"].memory, bound, EXCLUDED,
    )  # fmt: skip
