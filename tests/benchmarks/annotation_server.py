"""The annotation server on 3 minutes of 1080p with 1,000 marks: steps, jumps, edits, playback."""

from __future__ import annotations

import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np

from jumpscore.builder.project import Project
from jumpscore.video import probe
from jumpscore.video.encode import write_video
from jumpscore.video.stored_frames import stored_frames
from tests.jumpscore.builder.annotate.serving import Server, adding, mark, records, serving
from tests.jumpscore.builder.projects import add_video

SECONDS, FPS = 180, 30
WIDTH = 1280
"""Width of the frames that the page requests on a usual screen."""
REPEATS = 10
JUMPS = 15


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = _write(Path(folder))
        project = Project.create(Path(folder) / "project")
        video = add_video(project, file)
        group = _group_seconds(file)
        size = file.stat().st_size / 1e6
        print(
            f"input: {SECONDS} s of 1920x1080 at {FPS} frames/s, H.264, {size:.0f} MB; decoding "
            f"one group of pictures in one thread takes {group:.2f} s"
        )
        with serving(project.root) as server:
            server.call(f"/api/videos/{video.id}")
            _print_jumps(server, video.id, file)
            _print_steps(server, video.id)
            _print_edits(server, video.id)
            for speed in (1, 2):
                _print_playback(server, video.id, speed)


def _write(folder: Path) -> Path:
    """Write the video: a short one that is repeated without encoding it again."""
    short, file = folder / "short.mp4", folder / "clip.mp4"
    write_video(short, _pictures(SECONDS * FPS // REPEATS), fps=FPS)
    quiet = ["ffmpeg", "-loglevel", "error"]
    loop = ["-stream_loop", str(REPEATS - 1), "-i", str(short), "-c", "copy", str(file)]
    subprocess.run([*quiet, *loop], check=True)
    return file


def _pictures(count: int) -> Iterator[np.ndarray]:
    """Yield a noisy background with a square that moves."""
    noise = np.random.default_rng(0).integers(60, 180, (1080, 1920, 3), dtype=np.uint8)
    noise = np.repeat(np.repeat(noise[::8, ::8], 8, axis=0), 8, axis=1)
    for number in range(count):
        picture = np.roll(noise, number // 3, axis=1)
        left = number * 7 % 1600
        picture[400:700, left : left + 300] = 230
        yield picture


def _group_seconds(file: Path) -> float:
    """Return the time of decoding the longest group of pictures in one thread."""
    info = probe(file)
    keys = [*np.searchsorted(info.times, info.keyframe_times - 1e-9).tolist(), info.frames]
    start, end = max(pairwise(keys), key=lambda pair: pair[1] - pair[0])
    return _seconds(lambda: sum(1 for _ in stored_frames(info, [*range(start, end)], threads=1)))


def _seconds(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def _print_jumps(server: Server, video: str, file: Path) -> None:
    times, ratios = [], []
    for index in random.Random(0).sample(range(SECONDS * FPS), JUMPS):
        time.sleep(2)  # until the frames around the last one are prepared
        group = _group_seconds(file)  # again, because the machine may be busy
        times.append(_seconds(lambda index=index: server.frame(video, index, WIDTH)))
        ratios.append(times[-1] / (group + 0.1))
    print(
        f"jump anywhere: median {median(times) * 1000:.0f} ms, longest {max(times) * 1000:.0f} ms; "
        f"over (one group of pictures + 100 ms): median {median(ratios):.2f}, "
        f"largest {max(ratios):.2f}"
    )


def _print_steps(server: Server, video: str) -> None:
    for direction, name in ((1, "forward"), (-1, "backward")):
        server.frame(video, 2000, WIDTH)
        time.sleep(2 * _seconds(lambda: server.frame(video, 3500, WIDTH)) + 2)
        times = []
        for step in range(1, 200):
            index = 3500 + direction * step
            times.append(_seconds(lambda index=index: server.frame(video, index, WIDTH)))
            time.sleep(0.1)
        within = np.mean(np.array(times) < 0.1)
        print(
            f"step {name}, 10 per second: median {median(times) * 1000:.1f} ms, longest "
            f"{max(times) * 1000:.0f} ms, below 100 ms: {within:.1%}"
        )


def _print_edits(server: Server, video: str) -> None:
    server.edit(video, 0, adding(*(mark(f"m{k}", k * 5) for k in range(1000))))
    times = []
    for count in range(1, 51):
        new = adding(mark(f"new{count}", count))
        times.append(_seconds(lambda new=new, count=count: server.edit(video, count, new)))
    print(
        f"edit with 1,000 marks: median {median(times) * 1000:.1f} ms, longest "
        f"{max(times) * 1000:.1f} ms"
    )


def _print_playback(server: Server, video: str, speed: int) -> None:
    start, width = 1000 * speed, WIDTH // speed
    end = start + 10 * FPS * speed - 1
    path = f"/api/videos/{video}/play?from={start}&to={end}&step={speed}&width={width}"
    before = time.perf_counter()
    count = len(records(server.call(path).content))
    rate = count / (time.perf_counter() - before)
    print(
        f"playback at {speed}x, every {speed}. frame, {width} pixels wide: {rate:.0f} frames/s, "
        f"{rate * speed / FPS:.1f} times real time"
    )
