"""Re-encode a video as H.264 in an mp4 file that contains nothing else.

Sound, tags, other tracks and the display matrix are gone; frames are upright with square pixels.
Every frame stays, and so do the gaps between them; the first one is at 0 s.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jumpscore.errors import UsageError, VideoError
from jumpscore.jsonio import disk_problem
from jumpscore.video import VideoInfo, probe
from jumpscore.video.colours import BT601, LIMITED, Converter
from jumpscore.video.containers import open_video
from jumpscore.video.encode import QUALITY
from jumpscore.video.stored_frames import stored_frames

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

CLOCK = 90_000
"""Ticks per second of a video whose own clock mp4 cannot have."""
TICKS = range(1000, 1_000_001)
"""Ticks per second that are adopted from the original."""
CLOSE = 1e-3
"""Largest change of a frame's time in seconds; Matroska and Flash round to this."""


def normalise(info: VideoInfo, out: Path) -> VideoInfo:
    """Write a normalised version and return the facts about it.

    Args:
        info: The original.
        out: New ``.mp4`` file.

    Raises:
        VideoError: The original cannot be decoded, or the new file does not have its frames.
        UsageError: The disk is full or not writable.
    """
    import av

    try:
        _encode(info, out)
    except (av.FFmpegError, OSError) as error:
        problem = disk_problem(error) if isinstance(error, OSError) else None
        if problem:
            raise UsageError(f"{out}: cannot be written ({problem}); free space") from error
        raise VideoError(f"{info.path}: cannot be re-encoded ({error})") from error
    new = probe(out).require_whole()
    start = info.times[0] - new.times[0]
    is_equal = new.frames == info.frames and np.abs(new.times + start - info.times).max() <= CLOSE
    if not is_equal or abs(new.duration + start - max(info.duration, info.times[-1])) > 2 * CLOSE:
        raise VideoError(
            f"{info.path}: cannot be re-encoded with the times of its frames; ingest it without "
            "--normalise"
        )
    return new


def _encode(info: VideoInfo, out: Path) -> None:
    import av

    size = (info.width + info.width % 2, info.height + info.height % 2)
    with av.open(str(out), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        rate = Fraction(info.fps or 1).limit_denominator(1001)
        # Without B-frames, the last packet is the last frame, so the file has the right end.
        options = {"crf": QUALITY, "bf": "0"}
        stream: Any = container.add_stream("libx264", rate=rate, options=options)
        (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
        base = _adopt(info, stream)
        edges = np.append(info.times, max(info.duration, info.times[-1])) - info.times[0]
        ticks = np.rint(edges / float(base)).astype(int).tolist()
        lengths = {begin: max(1, end - begin) for begin, end in pairwise(ticks)}

        def write(picture: VideoFrame | None) -> None:
            for packet in stream.encode(picture):
                packet.duration = lengths.get(packet.pts, 0)  # x264 takes the rate for all frames
                container.mux(packet)

        converter = Converter(info, size)
        for index, frame in stored_frames(info, list(range(info.frames))):
            picture = _upright(converter.stored(frame), info)
            picture.pts, picture.time_base = ticks[index], base
            write(picture)
        write(None)


def _adopt(info: VideoInfo, stream: Any) -> Fraction:
    """Give a stream the colours of the original, and its clock if mp4 can have that.

    Returns:
        The clock, in seconds.
    """
    context = stream.codec_context
    with open_video(info.path, info.track) as (_, original):
        base = Fraction(original.time_base or Fraction(1, CLOCK))
        colours: Any = original.codec_context
        context.color_range = LIMITED
        context.colorspace = colours.colorspace or BT601  # 0 is RGB
        context.color_primaries, context.color_trc = colours.color_primaries, colours.color_trc
    if base.numerator != 1 or base.denominator not in TICKS or info.clock.by_order:
        base = Fraction(1, CLOCK)
    stream.time_base = context.time_base = base
    return base


def _upright(frame: VideoFrame, info: VideoInfo) -> VideoFrame:
    """Return a yuv420p frame as displayed, without side data."""
    from av.video.frame import VideoFrame

    stacked = frame.to_ndarray()  # the luma, then the planes of colour at half the size
    colours = stacked[frame.height :].reshape(2, frame.height // 2, frame.width // 2)
    planes = [info.orientation.applied(plane) for plane in (stacked[: frame.height], *colours)]
    flat = np.concatenate([plane.ravel() for plane in planes])
    return VideoFrame.from_ndarray(flat.reshape(-1, planes[0].shape[1]), format="yuv420p")
