"""Uniform frames: which frames of a video a model sees, and how large."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from jumpscore.errors import UsageError
from jumpscore.video.inputs import VisualInput
from jumpscore.video.probe import VideoInfo, probe

FACTOR = 28
"""Sides are multiples of patch size 14 times merge size 2."""


def uniform_frames(
    path: str | Path,
    *,
    count: int | None = None,
    fps: float | None = None,
    min_pixels: int | None = None,
    max_pixels: int | None = None,
    info: VideoInfo | None = None,
) -> VisualInput:
    """Plan evenly spread frames of a video; pixels are decoded when they are asked for.

    Args:
        path: A video file.
        count: Number of frames; a video with fewer gives all it has, once each.
        fps: Frames per second of video, instead of ``count``.
        min_pixels: Smallest area of a frame; smaller ones are scaled up.
        max_pixels: Largest area of a frame; larger ones are scaled down.
        info: The file's ``probe``, where the caller has it already.

    Raises:
        UsageError: Not exactly one of ``count`` and ``fps`` is given, or one is not positive.
        VideoError: The file cannot be read.
    """
    if (count is None) == (fps is None):
        raise UsageError(f"give either count or fps, got count={count} and fps={fps}")
    wanted = count if count is not None else fps
    if wanted is None or not wanted > 0:
        raise UsageError(f"count and fps must be above 0, got {wanted}")
    info = info or probe(path)
    if count is None:
        count = max(1, round(info.duration * float(wanted)))
    indices = uniform_indices(info.frames, count)
    width, height = smart_size(
        info.width, info.height, min_pixels=min_pixels, max_pixels=max_pixels
    )
    return VisualInput(
        kind="frames",
        path=Path(path),
        frame_indices=tuple(int(index) for index in indices),
        times=tuple(float(info.times[index]) for index in indices),
        width=width,
        height=height,
        provenance={"backend": "pyav", "sampling": "uniform"},
        truncated=info.truncated,
    )


def uniform_indices(total: int, count: int) -> np.ndarray:
    """Return ``min(count, total)`` indices spread evenly over ``0 .. total - 1``, ends included.

    >>> uniform_indices(10, 4)
    array([0, 3, 6, 9])
    """
    # np.rint rounds halves to even, as the reference processor's round() does.
    return np.rint(np.linspace(0, total - 1, min(count, total))).astype(np.int64)


def smart_size(
    width: int, height: int, *, min_pixels: int | None = None, max_pixels: int | None = None
) -> tuple[int, int]:
    """Return the (width, height) in multiples of 28 within the area limits.

    Rule of the Qwen2-VL image processor: sides are rounded; above ``max_pixels`` both are divided
    by ``sqrt(W * H / max_pixels)`` and rounded down, below ``min_pixels`` scaled and rounded up.

    >>> smart_size(1920, 1080, max_pixels=153664)
    (504, 280)
    >>> smart_size(640, 360, max_pixels=313600)
    (644, 364)
    """
    wide = max(FACTOR, round(width / FACTOR) * FACTOR)
    high = max(FACTOR, round(height / FACTOR) * FACTOR)
    if max_pixels is not None and wide * high > max_pixels:
        beta = math.sqrt(width * height / max_pixels)
        wide = max(FACTOR, math.floor(width / beta / FACTOR) * FACTOR)
        high = max(FACTOR, math.floor(height / beta / FACTOR) * FACTOR)
    elif min_pixels is not None and wide * high < min_pixels:
        beta = math.sqrt(min_pixels / (width * height))
        wide = math.ceil(width * beta / FACTOR) * FACTOR
        high = math.ceil(height * beta / FACTOR) * FACTOR
    return wide, high
