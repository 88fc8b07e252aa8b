"""Decoding behind one interface: frames with their true times, upright, one at a time.

``decode`` streams; nothing here ever holds more than a few frames. PyAV is the default backend;
``decord`` is an option for random access and gives the same frames and times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from jumpscore.errors import UsageError
from jumpscore.video.colours import Converter
from jumpscore.video.probe import VideoInfo, probe
from jumpscore.video.source import Damage, stored_frames

Backend = Literal["pyav", "decord"]
BACKENDS: tuple[Backend, ...] = ("pyav", "decord")


@dataclass(frozen=True, slots=True)
class Frame:
    """Pixels with their time.

    Attributes:
        index: Place among the frames of the video, in order of presentation, from 0.
        time: Presentation time in seconds.
        pixels: uint8, RGB [H, W, 3] or, where grey was asked for, luma [H, W].
    """

    index: int
    time: float
    pixels: npt.NDArray[np.uint8]


def decode(
    path: str | Path,
    indices: Sequence[int] | None = None,
    *,
    size: tuple[int, int] | None = None,
    grey: bool = False,
    threads: int = 0,
    damage: Damage = "error",
    backend: Backend = "pyav",
    info: VideoInfo | None = None,
) -> Iterator[Frame]:
    """Yield frames in order of presentation, upright and with square pixels.

    Args:
        path: A video file.
        indices: Frames wanted, increasing; ``None`` for all.
        size: (width, height) in displayed pixels to scale to (bicubic); ``None`` for full size.
        grey: Luma [H, W] instead of RGB [H, W, 3].
        threads: Decoder threads; 0 is as many as there are cores, up to 4. Pixels do not depend
            on it.
        damage: What a frame that cannot be decoded means: ``"error"`` raises, ``"stop"`` ends the
            stream there (nothing is made up in either case).
        backend: ``"pyav"`` or ``"decord"``.
        info: The file's ``probe``, where the caller has it already.

    Raises:
        VideoError: The file cannot be read, or not to the end under ``damage="error"``.
        UsageError: ``indices`` do not increase or name frames that the video has not.
    """
    info = info or probe(path)
    wanted = _check_indices(indices, info)
    if damage == "error" and indices is None:
        info.require_whole()
    if backend == "pyav":
        return _decode_pyav(info, wanted, size=size, grey=grey, threads=threads, damage=damage)
    if backend == "decord":
        if damage != "error":
            raise UsageError(f"backend 'decord' knows no damage={damage!r}; use 'pyav'")
        from jumpscore.video.decord_backend import decode_decord

        pictures = decode_decord(info, wanted, size=size, grey=grey)
        return (
            Frame(index=index, time=float(info.times[index]), pixels=pixels)
            for index, pixels in zip(wanted, pictures, strict=True)
        )
    raise UsageError(f"unknown backend {backend!r}; known: {', '.join(BACKENDS)}")


def _check_indices(indices: Sequence[int] | None, info: VideoInfo) -> list[int]:
    if indices is None:
        return list(range(info.frames))
    wanted = [int(index) for index in indices]
    if any(later <= earlier for earlier, later in pairwise(wanted)):
        raise UsageError(f"frame indices must increase, got {wanted[:8]}")
    if wanted and not 0 <= wanted[0] <= wanted[-1] < info.frames:
        raise UsageError(
            f"{info.path}: frames {wanted[0]}..{wanted[-1]} were asked for, "
            f"the video has 0..{info.frames - 1}"
        )
    return wanted


def _decode_pyav(
    info: VideoInfo,
    wanted: list[int],
    *,
    size: tuple[int, int] | None,
    grey: bool,
    threads: int,
    damage: Damage,
) -> Iterator[Frame]:
    converter = Converter(info, size)
    convert = converter.grey if grey else converter.rgb
    for index, frame in stored_frames(info, wanted, threads=threads, damage=damage):
        yield Frame(index=index, time=float(info.times[index]), pixels=convert(frame))
