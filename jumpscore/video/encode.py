"""Pictures to a video file: for data sets that are published as pictures, and for rendered ones."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from jumpscore.errors import VideoError

QUALITY = "18"
"""Constant rate factor of H.264; a person sees no difference to the pictures."""
EXACT_X264 = "mbtree=0"
"""Without it x264 with B-frames on a processor with AVX-512 decides differently from run to run
about noisy frames whose sides are no multiple of 16: 2 grey levels in a few pixels at the edge."""


def write_video(path: Path, pictures: Iterable[npt.NDArray[np.uint8]], *, fps: float) -> int:
    """Write pictures as H.264, picture ``n`` shown at ``n / fps`` seconds; return their number.

    The encoder runs in one thread: equal pictures give equal bytes in one environment.

    Args:
        path: An mp4 file; its folder is made.
        pictures: RGB uint8 [H, W, 3], all of one size; read one at a time.
        fps: Frames per second.

    Raises:
        VideoError: There are none, or their sizes differ.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    rate = Fraction(fps).limit_denominator(1001)
    count, shape = 0, None
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream(
            "libx264", rate=rate, options={"crf": QUALITY, "x264-params": EXACT_X264}
        )
        stream.codec_context.thread_count = 1
        for picture in pictures:
            if shape is None:
                shape = picture.shape
                stream.height, stream.width = shape[:2]
                # Colour at half the resolution needs even sides.
                odd = stream.height % 2 or stream.width % 2
                stream.pix_fmt = "yuv444p" if odd else "yuv420p"
            if picture.shape != shape:
                raise VideoError(
                    f"{path.name}: picture {count} has shape {picture.shape}, the first {shape}"
                )
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = count, 1 / rate
            container.mux(stream.encode(frame))
            count += 1
        if not count:
            raise VideoError(f"{path.name}: no pictures to write")
        container.mux(stream.encode(None))
    return count
