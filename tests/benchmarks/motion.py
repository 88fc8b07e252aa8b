"""``motion`` over decoding every frame with one thread, which converts and scales nothing."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.clips import clips, rendered
from tests.benchmarks.row import Bound, Row, Setting, Skipped
from tests.benchmarks.timing import Job, in_processes
from tests.benchmarks.visual_input import EXCLUDED, JOBS

BOUNDS = {"still": 2.3, "noisy": 1.5, "filmed": 1.5}
OTHER_SIZES = ((640, 360), (1920, 1080))


def rows(setting: Setting) -> Iterator[Row | Skipped]:
    """Measure the 720p clips, and still ones of other sizes."""
    seconds = 20 if setting.quick else 60
    for clip in clips(setting, seconds):
        if isinstance(clip, Skipped):
            yield clip
        else:
            name, path = clip
            size = f"1280x720, {seconds} s"
            yield _row(name, size, str(path), Bound(ratio=BOUNDS[name]))
    for width, height in () if setting.quick else OTHER_SIZES:
        path = str(rendered(width, height, 10))
        yield _row("still", f"{width}x{height}, 10 s", path, Bound())


def _row(name: str, size: str, path: str, bound: Bound) -> Row:
    jobs = {
        "ours": Job(f"{JOBS}:motion", (path,)),
        "decoding": Job(f"{JOBS}:decoding", (path,)),
    }
    costs = in_processes(jobs, repeats=2 if name == "still" else 1)
    return Row(
        f"motion, {name} clip", size, "CPU s", costs["ours"].cpu,
        "decoding, one thread", costs["decoding"].cpu, costs["ours"].memory, bound, EXCLUDED,
    )  # fmt: skip
