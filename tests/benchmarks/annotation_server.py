"""The annotation server on 3 minutes of 1080p with 1,000 marks: steps, jumps, edits, playback."""

from __future__ import annotations

import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np

from jumpscore.builder.project import Project
from jumpscore.video import probe
from jumpscore.video.encode import write_video
from jumpscore.video.stored_frames import stored_frames
from tests.benchmarks.row import Row, Setting
from tests.benchmarks.timing import wall_seconds
from tests.jumpscore.builder.annotate.serving import Server, adding, mark, records, serving
from tests.jumpscore.builder.projects import add_video

SECONDS, FPS = 180, 30
WIDTH = 1280
"""Width of the frames that the page requests on a usual screen."""
REPEATS = 10
JUMPS, STEPS, PLAYED = 5, 30, 10
SIZE = f"{SECONDS} s of 1920x1080 at {FPS} frames/s"


def rows(setting: Setting) -> Iterator[Row]:
    """Measure by the clock, because a person waits."""
    with tempfile.TemporaryDirectory() as folder:
        file = _write(Path(folder))
        project = Project.create(Path(folder) / "project")
        video = add_video(project, file)
        with serving(project.root) as server:
            server.call(f"/api/videos/{video.id}")
            yield _jumps(server, video.id, file, 3 if setting.quick else JUMPS)
            for direction, name in ((1, "forward"), (-1, "backward")):
                times = _steps(server, video.id, direction, 20 if setting.quick else STEPS)
                yield Row(f"step {name}, 10 per second", SIZE, "ms, median", 1000 * median(times))
            yield Row(
                "edit with 1,000 marks", SIZE, "ms, median", 1000 * median(_edits(server, video.id))
            )
            for speed in (1, 2):
                took = _playback(server, video.id, speed)
                yield Row(f"playback at {speed}x", SIZE, "s", took, "its duration", PLAYED / speed)


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
    return wall_seconds(
        lambda: sum(1 for _ in stored_frames(info, [*range(start, end)], threads=1))
    )


def _jumps(server: Server, video: str, file: Path, count: int) -> Row:
    times, groups = [], []
    for index in random.Random(0).sample(range(SECONDS * FPS), count):
        time.sleep(2)  # until the frames around the last one are prepared
        groups.append(_group_seconds(file))  # again, because the machine may be busy
        times.append(wall_seconds(lambda index=index: server.frame(video, index, WIDTH)))
    return Row(
        "jump anywhere", SIZE, "ms, median", 1000 * median(times),
        "decoding one group of pictures + 100 ms", 1000 * median(groups) + 100,
    )  # fmt: skip


def _steps(server: Server, video: str, direction: int, count: int) -> list[float]:
    server.frame(video, 2000, WIDTH)
    time.sleep(2 * wall_seconds(lambda: server.frame(video, 3500, WIDTH)) + 2)
    times = []
    for step in range(1, count + 1):
        index = 3500 + direction * step
        times.append(wall_seconds(lambda index=index: server.frame(video, index, WIDTH)))
        time.sleep(0.1)
    return times


def _edits(server: Server, video: str) -> list[float]:
    server.edit(video, 0, adding(*(mark(f"m{k}", k * 5) for k in range(1000))))
    times = []
    for count in range(1, 51):
        new = adding(mark(f"new{count}", count))
        times.append(wall_seconds(lambda new=new, count=count: server.edit(video, count, new)))
    return times


def _playback(server: Server, video: str, speed: int) -> float:
    """Return the seconds for ``PLAYED`` seconds of the video, every ``speed``-th frame."""
    start, width = 1000 * speed, WIDTH // speed
    end = start + PLAYED * FPS - 1
    path = f"/api/videos/{video}/play?from={start}&to={end}&step={speed}&width={width}"
    before = time.perf_counter()
    assert records(server.call(path).content)
    return time.perf_counter() - before
