"""The bundled miniature on 24 clips: over its matrix products, and with torch's default threads.

The products are those of the same answers with eager attention, in the same order.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from jumpscore.builder.bundled import materialize
from tests.benchmarks.row import Bound, Row, Setting
from tests.benchmarks.timing import Job, in_processes

JOBS = "tests.benchmarks.model_jobs"
EXCLUDED = "loading and preparing"


def rows(setting: Setting) -> Iterator[Row]:
    """Measure answers; the data set mini has 12 clips, each of which is asked twice."""
    clips = 6 if setting.quick else 24
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "mini"
        materialize("mini", folder)
        jobs = {
            name: Job(f"{JOBS}:{function}", (str(folder), str(clips), threads))
            for name, function, threads in (
                ("one", "answers", "1"),
                ("products", "products", "1"),
                ("default", "answers", "default"),
            )
        }
        costs = in_processes(jobs, repeats=1 if setting.quick else 2)
    one, products, default = costs["one"], costs["products"], costs["default"]
    yield Row(
        "jumpscore-tiny, 1 thread", f"{clips} clips", "CPU s", one.cpu,
        "its matrix products", products.cpu, one.memory, Bound(ours=4.2), EXCLUDED,
    )  # fmt: skip
    yield Row(
        "jumpscore-tiny, default threads", f"{clips} clips", "s", default.wall,
        "1 thread", one.wall, bound=Bound(ratio=1.2), excluded=EXCLUDED,
    )  # fmt: skip
