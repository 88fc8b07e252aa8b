"""Helpers for tests: real videos and processes, and slow implementations for comparison."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from time import process_time
from types import ModuleType
from typing import Any

import av
import numpy as np

from jumpscore.builder.project import Change, Details, Edit, Mark, Project, ProjectVideo
from jumpscore.data.catalogue import RENDERED
from jumpscore.registry import imported
from jumpscore.runs.record import RunRecord
from jumpscore.video import content_hash, probe

DIGITS = 8
"""Number of black and white squares that encode the number of a test frame in binary."""
COUNTING_CODECS = ("mpeg1video", "mpeg2video", "mjpeg")
"""Codecs whose clock is the frame rate."""


def render_mini(name: str, out: Path, *, seed: int = 0) -> None:
    """Render a small set into a new folder."""
    [row] = (row for row in RENDERED if row.name == name)
    imported(row.render)(out, seed=seed)


@contextmanager
def running(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Run a process that is killed, and its pipes closed, at the end of the block."""
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what is left to write to a dead process
                    pipe.close()


@contextmanager
def collector_off() -> Iterator[None]:
    """Switch the garbage collector off, if it is on, for the block."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def repeated(piece: str, lead: str = "") -> Callable[[int], str]:
    """Return a function from a length to a text of about that length that repeats ``piece``."""
    return lambda length: lead + piece * (length // len(piece))


def assert_linear(
    read: Callable[[str], object], text_of: Callable[[int], str], *, length: int = 64_000
) -> None:
    """Assert that a text of ``length`` characters takes no more than linear time to read.

    It is compared with a text an eighth as long: linear time grows 8-fold and quadratic time
    64-fold, whatever the speed of the machine. The limit of 16 leaves room for noise; a noisy
    measurement is repeated. The garbage collector is off meanwhile: it would visit every object of
    the tests again and again while a long text is read.
    """
    times: dict[int, float] = {}
    for _ in range(4):
        for size in (length // 8, length):
            text = text_of(size)
            with collector_off():
                before = process_time()
                read(text)
                taken = process_time() - before
            times[size] = min(times.get(size, float("inf")), taken)
        growth = times[length] / max(times[length // 8], 0.00075)
        if growth < 16:
            return
    start = text_of(length)[:40]
    raise AssertionError(f"8 times the text {start!r}... took {growth:.0f} times as long")


def bare_record() -> RunRecord:
    """The record of a run that was never carried out; its data set does not exist."""
    return RunRecord(
        identity={
            "model": {"model": "made up"},
            "task": {"name": "jumpscore", "version": "1", "protocol": "v2"},
            "data": {"name": "nowhere", "checksum": "00"},
            "input": {"kind": "none"},
        },
        config={
            "model": {"name": "made up"},
            "task": {"name": "jumpscore", "data": "/nowhere"},
        },
        data={"name": "nowhere", "checksum": "00", "synthetic": False, "source": "/nowhere"},
        extras={"unknown_ids": [], "needs_truth": False},
    )


def project_video(
    project: Project, path: str, *, source: str, name: str = "", licence: str = "CC-BY-4.0"
) -> ProjectVideo:
    """Describe a file in the folder of a project, as ``ingest`` does.

    Args:
        project: The project.
        path: Path of the file in it.
        source: Its source.
        name: Name of the original file; by default that of the file.
        licence: Its licence.
    """
    file = project.root / path
    info, checksum = probe(file), content_hash(file)
    return ProjectVideo(
        id=checksum[:20],
        path=path,
        name=name or file.name,
        sha256=checksum,
        bytes=file.stat().st_size,
        licence=licence,
        source=source,
        duration=info.duration,
        frames=info.frames,
        width=info.width,
        height=info.height,
        fps=info.fps,
        codec=info.codec,
    )


def mark_frames(project: Project, video: ProjectVideo, annotator: str, *frames: int) -> None:
    """Store the finished marks of a person; the id of a mark is ``m`` and its place."""
    times = probe(project.file(video)).times
    marks = [Mark(f"m{place}", frame, float(times[frame])) for place, frame in enumerate(frames)]
    journal = project.journal(video, annotator)
    if marks:
        journal.edit(Edit("add marks", tuple(Change(None, mark) for mark in marks)))
    journal.describe(Details(done=True))


def numbered_frame(number: int, width: int, height: int) -> np.ndarray:
    """Return a grey frame with ``number`` in binary as squares at the top, highest bit first."""
    pixels = np.full((height, width, 3), 110, dtype=np.uint8)
    for place in range(DIGITS):
        bit = number >> (DIGITS - 1 - place) & 1
        left, right = place * width // DIGITS, (place + 1) * width // DIGITS
        pixels[: height // 2, left:right] = 235 if bit else 20
    return pixels


def read_number(pixels: np.ndarray) -> int:
    """Return the number in a decoded frame of any size."""
    luma = pixels.mean(axis=2) if pixels.ndim == 3 else pixels
    height, width = luma.shape
    row = luma[height // 8 : height * 3 // 8]
    number = 0
    for place in range(DIGITS):
        left, right = place * width // DIGITS, (place + 1) * width // DIGITS
        number = number << 1 | int(row[:, left + 1 : right - 1].mean() > 128)
    return number


def write_video(
    path: Path,
    *,
    frames: int = 50,
    fps: float = 25.0,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    times: Sequence[float] | None = None,
    aspect: Fraction | None = None,
    gop: int = 12,
    b_frames: int = 2,
    options: dict[str, str] | None = None,
    codec_options: dict[str, str] | None = None,
    pictures: Sequence[np.ndarray] | None = None,
    pix_fmt: str = "yuv420p",
) -> Path:
    """Write numbered frames or ``pictures`` as a video; ``times`` (s) makes the rate variable."""
    frames = frames if pictures is None else len(pictures)
    path.parent.mkdir(parents=True, exist_ok=True)
    base = Fraction(1, 12800)
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        if path.suffix in (".avi", ".h264", ".mxf") or codec in COUNTING_CODECS:
            base = 1 / stream.average_rate  # clocks of these count frames
        stream.codec_context.time_base = base
        stream.codec_context.gop_size = gop
        stream.codec_context.max_b_frames = b_frames
        stream.codec_context.thread_count = 1
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if codec == "libx265":
            stream.options = {"x265-params": "log-level=none"}
        if codec_options:
            stream.options = {**stream.options, **codec_options}
        for number in range(frames):
            picture = numbered_frame(number % 256, *size) if pictures is None else pictures[number]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            time = times[number] if times is not None else number / fps
            frame.pts, frame.time_base = round(time / base), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_audio(path: Path) -> Path:
    """Write a file with sound but no pictures."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 44100, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def lmms_eval_scorer(task: str = "jumpscore") -> ModuleType | None:
    """Load a task's scorer of lmms-eval without the rest of the package, which takes 10 s."""
    package = importlib.util.find_spec("lmms_eval")
    if package is None or package.submodule_search_locations is None:
        return None
    file = Path(package.submodule_search_locations[0]) / "tasks" / task / "utils.py"
    spec = importlib.util.spec_from_file_location(f"lmms_eval_{task}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def slow_reference_ap(predictions: list[float], truth: list[float], tolerance: float) -> float:
    """Return the paper's AP, computed in quadratic time exactly as described there."""
    free = dict(enumerate(truth))
    hits, area, recall = 0, 0.0, 0.0
    for rank, time in enumerate(sorted(predictions), start=1):
        candidates = [
            (abs(time - value), k) for k, value in free.items() if abs(time - value) <= tolerance
        ]
        if candidates:
            del free[min(candidates)[1]]
            hits += 1
            area += hits / rank * (hits / len(truth) - recall)
            recall = hits / len(truth)
    return area


def slow_matching(
    predictions: Sequence[float], truth: Sequence[float], tolerance: float
) -> list[tuple[int, int]]:
    """Try every matching and return the best by (most pairs, least distance, earliest).

    Distances are rounded to nanoseconds, so crossing pairs may seem slightly better than the same
    pairs uncrossed, which have equal cost. They are excluded, and only compared with the best.
    """
    p = sorted((time, k) for k, time in enumerate(predictions))
    g = sorted((time, k) for k, time in enumerate(truth))
    best: list[tuple[int, int, tuple[tuple[int, int], ...]]] = []
    crossed: list[tuple[int, int]] = []

    def extend(j: int, used: frozenset[int], pairs: tuple[tuple[int, int], ...], cost: int) -> None:
        if j == len(g):
            places = [i for _, i in pairs]
            if places == sorted(places):
                best[:] = [min([*best, (-len(pairs), cost, pairs)])]
            else:
                crossed[:] = [min([*crossed, (-len(pairs), cost)])]
            return
        extend(j + 1, used, pairs, cost)
        for i, (time, _) in enumerate(p):
            distance = abs(time - g[j][0])
            if i not in used and distance <= tolerance + 1e-9:
                extend(j + 1, used | {i}, (*pairs, (j, i)), cost + round(distance * 1e9))

    extend(0, frozenset(), (), 0)
    if crossed:
        pairs, cost = crossed[0]
        assert (pairs, cost - pairs) >= best[0][:2]  # half a nanosecond for every distance
    return [(g[j][1], p[i][1]) for j, i in best[0][2]]
