"""One measurement of ``visual_input`` in a process without other imports."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

PICTURES = 64
MAX_PIXELS = 313_600


def _decoding(path: str) -> Callable[[], object]:
    import av

    def work() -> None:
        with av.open(path) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            for _ in container.decode(stream):
                pass

    return work


def _ours(path: str) -> Callable[[], object]:
    from jumpscore.video import codec_canvases

    return lambda: codec_canvases(path, canvases=PICTURES, max_pixels=MAX_PIXELS).pixels


def _frames(path: str) -> Callable[[], object]:
    from jumpscore.video import uniform_frames

    return lambda: uniform_frames(path, count=PICTURES, max_pixels=MAX_PIXELS).pixels


def _decord(path: str) -> Callable[[], object]:
    import decord

    from jumpscore.video import uniform_indices

    def work() -> object:
        reader = decord.VideoReader(path)
        return reader.get_batch(uniform_indices(len(reader), PICTURES).tolist()).asnumpy()

    return work


def _decord_scaled(path: str) -> Callable[[], object]:
    import decord

    from jumpscore.video import uniform_indices

    def work() -> object:
        reader = decord.VideoReader(path, width=728, height=392)
        return reader.get_batch(uniform_indices(len(reader), PICTURES).tolist()).asnumpy()

    return work


JOBS = {
    "decoding": _decoding,
    "ours": _ours,
    "frames": _frames,
    "decord": _decord,
    "decord scaled": _decord_scaled,
}


def _peak() -> float:
    """Return the peak memory of this process in MB since the program started (Linux).

    ru_maxrss would include the memory of the parent.
    """
    match = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(match[1]) / 1024 if match else float("nan")


def _child(name: str, path: str) -> None:
    work = JOBS[name](path)
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    measured = {
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
        "mb": _peak(),
    }
    del result
    print(json.dumps(measured))


if __name__ == "__main__":
    _child(sys.argv[1], sys.argv[2])
