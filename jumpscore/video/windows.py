"""Windows: parts of a long video, each of which a model is shown as a video of its own.

A window starts at a frame of the video, and that frame is at 0 on the window's clock. A model of
short context therefore sees the kind of video that it was trained on, and its stamps never grow.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from jumpscore.errors import UsageError, VideoError
from jumpscore.video.probe import VideoInfo, VideoWindow, probe

Span = tuple[float, float]
"""(start, end) of a window in seconds of the video."""
ROUNDING = 1e-6
"""Seconds by which two times of one frame may differ; no two frames are so close."""
MOST_WINDOWS = 10_000


def window_spans(info: VideoInfo, *, length: float, overlap: float) -> tuple[Span, ...]:
    """Return the overlapping windows of a video, in order; one if it is not longer than a window.

    Windows begin every ``length - overlap`` seconds, at the first frame from there on, and end with
    the last frame before ``length`` seconds are over. If the last window added less than
    ``overlap`` seconds to its predecessor, it joins it, since hardly anything could be seen in it.
    Windows without a frame are left out.

    Args:
        info: The whole video.
        length: Length of a window in seconds.
        overlap: Seconds that neighbouring windows share, at most half of ``length``.

    Raises:
        UsageError: The overlap is too long, or the windows are too many.
    """
    if not 0 <= 2 * overlap <= length:
        raise UsageError(f"overlap={overlap:g} is out of range; give 0 to {length / 2:g} seconds")
    step = length - overlap
    count = 1 + max(0, math.ceil((info.duration - length) / step - ROUNDING))
    if count > MOST_WINDOWS:
        raise UsageError(
            f"{info.path}: {count:,} windows of {length:g} s are more than the limit of "
            f"{MOST_WINDOWS:,}; give longer windows"
        )
    added = info.duration - (length + (count - 2) * step)
    if count > 1 and added < overlap - ROUNDING:
        count -= 1
    starts = np.searchsorted(info.times, step * np.arange(count) - ROUNDING)
    ends = np.searchsorted(info.times, length + step * np.arange(count) - ROUNDING)
    ends[-1] = info.frames
    edges = [*info.times.tolist(), info.duration]
    # If hardly any frames are stored, two windows may begin with one frame: the later one has both.
    spans = {
        0.0 if first == 0 else edges[first]: edges[stop]
        for first, stop in zip(starts.tolist(), ends.tolist(), strict=True)
        if first < stop
    }
    return tuple(spans.items())


def cut(info: VideoInfo, span: Span) -> VideoInfo:
    """Return a window as a video: its frames alone, on a clock that starts with the window.

    The file stays the same. A reader seeks to the key frame before the window.

    Args:
        info: The whole video.
        span: One of ``window_spans``; the whole video is returned as it is.

    Raises:
        VideoError: The video has no frame in the window, because the file was replaced.
    """
    start, end = span
    first, stop = np.searchsorted(info.times, [start - ROUNDING, end - ROUNDING]).tolist()
    if end >= info.duration - ROUNDING:
        stop = info.frames
    if first >= stop:
        raise VideoError(
            f"{info.path}: has no frame from {start:.2f} to {end:.2f} s; the file has changed, so "
            "run the command again"
        )
    if first == 0 and stop == info.frames:
        return info
    times = info.times[first:stop]
    keys = info.keyframe_times
    inside = (keys >= times[0] - ROUNDING) & (keys <= times[-1] + ROUNDING)
    return replace(
        info,
        times=times - start,
        bits=info.bits[first:stop],
        keyframe_times=keys[inside] - start,
        duration=end - start,
        window=VideoWindow(info, first, (start, end)),
    )


def probe_once(path: Path) -> VideoInfo:
    """Return the same as ``probe``, without reading the file for every one of its windows.

    Raises:
        VideoError: The file cannot be read.
    """
    try:
        stat = path.stat()
    except OSError:
        return probe(path)  # it reports why
    return _probed(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=16)
def _probed(path: Path, modified: int, size: int) -> VideoInfo:
    """Probe a file; another time of modification or size is another file."""
    return probe(path)
