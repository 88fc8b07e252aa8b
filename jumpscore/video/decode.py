"""Decode a video into frames with their true times: upright, in order, one at a time.

``decode`` is a stream that never keeps more than a few frames in memory. PyAV is the default
backend; ``decord`` is optional and returns the same frames and times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from jumpscore.errors import UsageError
from jumpscore.video.colours import Converter, Scaling
from jumpscore.video.probe import VideoInfo, probe
from jumpscore.video.stored_frames import Damage, stored_frames

DecodeBackend = Literal["pyav", "decord"]
BACKENDS: tuple[DecodeBackend, ...] = ("pyav", "decord")


@dataclass(frozen=True, slots=True)
class Frame:
    """Pixels and their time.

    Attributes:
        index: Position in order of presentation, from 0.
        time: Presentation time in seconds.
        pixels: uint8, RGB [H, W, 3], or luma [H, W] if ``grey`` was set.
    """

    index: int
    time: float
    pixels: npt.NDArray[np.uint8]


class DecodeOptions(TypedDict, total=False):
    """Options of ``decode``; all are optional.

    Attributes:
        size: (width, height) in displayed pixels to scale to; by default full size.
        scaling: ``"bicubic"`` (the default), or ``"area"``, which is faster for small sizes (PyAV
            only).
        grey: Whether to return luma [H, W] instead of RGB [H, W, 3].
        threads: Decoder threads; 0 (the default) uses one per core, up to 4. Pixels do not depend
            on it.
        damage: What to do about a frame that cannot be decoded: ``"error"`` (the default) raises,
            ``"stop"`` ends the stream there. Frames are never made up.
    """

    size: tuple[int, int] | None
    scaling: Scaling
    grey: bool
    threads: int
    damage: Damage


def decode(
    path: str | Path,
    indices: Sequence[int] | None = None,
    *,
    backend: DecodeBackend = "pyav",
    info: VideoInfo | None = None,
    **options: Unpack[DecodeOptions],
) -> Iterator[Frame]:
    """Yield frames in order of presentation, upright and with square pixels.

    Args:
        path: A video file.
        indices: Frames to decode, in increasing order; ``None`` for all.
        backend: ``"pyav"`` or ``"decord"``.
        info: Result of ``probe`` for this file; by default the file is probed.
        **options: See ``DecodeOptions``.

    Raises:
        VideoError: The file cannot be read, or not to the end under ``damage="error"``.
        UsageError: ``indices`` do not increase or lie outside the video, or the backend is unknown
            or does not support an option.
    """
    info = info or probe(path)
    damage = options.get("damage", "error")
    if damage == "error" and indices is None:
        info.require_whole()
    indices = _check_indices(indices, info)
    if backend == "pyav":
        return _decode_pyav(info, indices, **options)
    if backend == "decord":
        if damage != "error":
            raise UsageError(
                f"damage={damage!r} is not supported by backend 'decord'; use backend 'pyav'"
            )
        if options.get("scaling", "bicubic") != "bicubic":
            raise UsageError(
                f"scaling={options['scaling']!r} is not supported by backend 'decord'; use backend "
                "'pyav'"
            )
        from jumpscore.video.decord_backend import decode_decord

        size, grey = options.get("size"), options.get("grey", False)
        pictures = decode_decord(info, indices, size=size, grey=grey)
        return (
            Frame(index=index, time=float(info.times[index]), pixels=pixels)
            for index, pixels in zip(indices, pictures, strict=True)
        )
    raise UsageError(f"unknown backend {backend!r}; known: {', '.join(BACKENDS)}")


def _check_indices(indices: Sequence[int] | None, info: VideoInfo) -> list[int]:
    if indices is None:
        return list(range(info.frames))
    numbers = [int(index) for index in indices]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise UsageError(f"frame indices must increase, got {numbers[:8]}; sort them")
    if numbers and not 0 <= numbers[0] <= numbers[-1] < info.frames:
        raise UsageError(
            f"{info.path}: frames {numbers[0]}..{numbers[-1]} are out of range; the video has "
            f"frames 0..{info.frames - 1}"
        )
    return numbers


def _decode_pyav(
    info: VideoInfo,
    indices: list[int],
    *,
    size: tuple[int, int] | None = None,
    scaling: Scaling = "bicubic",
    grey: bool = False,
    threads: int = 0,
    damage: Damage = "error",
) -> Iterator[Frame]:
    converter = Converter(info, size, scaling)
    convert = converter.grey if grey else converter.rgb
    for index, frame in stored_frames(info, indices, threads=threads, damage=damage):
        yield Frame(index=index, time=float(info.times[index]), pixels=convert(frame))
