"""Uniform frames: evenly spread frames of a video, by count or by rate."""

from __future__ import annotations

import math
from importlib.metadata import version
from pathlib import Path

import numpy as np

from jumpscore.errors import UsageError
from jumpscore.video.colours import PIXELS
from jumpscore.video.probe import VideoInfo, probe
from jumpscore.video.sizes import PLAIN_GRID, TokenGrid
from jumpscore.video.stamps import default_policy
from jumpscore.video.stored_frames import readable_frames
from jumpscore.video.visual_input import VisualInput, whole_frames

FEWEST_FRAMES = 4
MOST_FRAMES = 768
"""Limits of the number of frames if a rate is given, as in qwen-vl-utils."""


def uniform_frames(
    path: str | Path,
    *,
    count: int | None = None,
    fps: float | None = None,
    min_pixels: int | None = None,
    max_pixels: int | None = None,
    info: VideoInfo | None = None,
    grid: TokenGrid = PLAIN_GRID,
) -> VisualInput:
    """Plan evenly spread frames of a video; pixels are decoded on first use.

    Rules of ``qwen-vl-utils``: a count is rounded to an even number (odd ones to the nearest
    multiple of four); a rate is multiplied by the duration, limited to 4..768 and rounded down to
    an even number. A video with too few frames gives an even number of them, or its only one. No
    frame is ever repeated.

    Args:
        path: A video file.
        count: Number of frames.
        fps: Frames per second of video, instead of ``count``.
        min_pixels: Smallest area of a frame; smaller ones are scaled up. Set it to ``max_pixels``
            for an area that does not depend on the video.
        max_pixels: Largest area of a frame; larger ones are scaled down.
        info: Result of ``probe`` for this file; by default the file is probed.
        grid: Token grid of the model, which decides the size of the frames.

    Raises:
        UsageError: Both or neither of ``count`` and ``fps`` are set, or the value is not positive.
        VideoError: The file cannot be read.
    """
    if (count is None) == (fps is None):
        raise UsageError(f"set either count or fps, got count={count} and fps={fps}")
    value = count if count is not None else fps
    if value is None or not 0 < value < math.inf:
        raise UsageError(f"count and fps must be above 0, got {value}")
    info = info or probe(path)
    width, height = grid.fitted(
        info.width, info.height, min_pixels=min_pixels, max_pixels=max_pixels
    )
    total = readable_frames(info)
    if fps is not None:
        value = min(max(info.duration * fps, FEWEST_FRAMES), MOST_FRAMES, total)
        value = 2 * math.floor(value / 2)
    number = even_count(value, total)
    return frames_of_size(info, count=number, width=width, height=height, total=total, grid=grid)


def frames_of_size(
    info: VideoInfo,
    *,
    count: int,
    width: int,
    height: int,
    total: int | None = None,
    grid: TokenGrid = PLAIN_GRID,
) -> VisualInput:
    """Plan ``count`` evenly spread frames of one size; see ``uniform_frames``.

    Args:
        info: The video.
        count: Number of frames, reduced to an even number of those that can be decoded.
        width: Pixels, a multiple of the grid's side.
        height: Pixels, a multiple of the grid's side.
        total: Number of frames that can be decoded; by default it is determined.
        grid: Token grid of the model.
    """
    total = total or readable_frames(info)
    indices = uniform_indices(total, even_count(count, total))
    policy, note = default_policy(info)
    return VisualInput(
        kind="frames",
        path=info.path,
        width=width,
        height=height,
        blocks=whole_frames(indices, width=width, height=height, side=grid.side),
        frame_indices=tuple(int(index) for index in indices),
        times=tuple(float(info.times[index]) for index in indices),
        fps=info.fps,
        time_policy=policy,
        provenance={
            "backend": "pyav",
            "rule": "uniform",
            "pixels": PIXELS,
            "pyav": version("av"),
        },
        notes=(*info.note_lines, *([note] if note else [])),
        truncated=info.truncated,
        token_grid=grid,
        span=info.span,
    )


def even_count(count: float, total: int) -> int:
    """Return the even number nearest to ``count`` that a video of ``total`` frames can give.

    >>> [even_count(count, 100) for count in (1, 5, 6, 7, 200)]
    [2, 4, 6, 8, 100]
    >>> [even_count(64, total) for total in (1, 5)]
    [1, 4]
    """
    return max(min(2, total), min(2 * round(count / 2), total - total % 2))


def uniform_indices(total: int, count: int) -> np.ndarray:
    """Return ``min(count, total)`` indices spread evenly over ``0..total - 1``, ends included.

    >>> uniform_indices(10, 4)
    array([0, 3, 6, 9])
    """
    # np.rint rounds halves to even, as the reference processor's round() does.
    return np.rint(np.linspace(0, total - 1, min(count, total))).astype(np.int64)
