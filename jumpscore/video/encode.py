"""Write pictures as a video file, for data sets that are published as pictures or rendered."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from jumpscore.errors import VideoError

QUALITY = "18"
"""Constant rate factor of H.264; differences to the pictures are invisible."""
EXACT_X264 = "mbtree=0"
"""Without this option x264 is not deterministic for frames with noise whose sides are not multiples
of 16 (with B-frames, on a processor with AVX-512): a few pixels at the edge differ by 2 levels."""


def write_video(path: Path, pictures: Iterable[npt.NDArray[np.uint8]], *, fps: float) -> int:
    """Write pictures as H.264, picture ``n`` shown at ``n / fps`` seconds; return their number.

    The encoder runs in one thread, so equal pictures give equal bytes in the same environment.

    Args:
        path: An mp4 file; its folder is created.
        pictures: RGB uint8 [H, W, 3], all of the same size; read one at a time.
        fps: Frames per second.

    Raises:
        VideoError: No pictures are given, or their sizes differ.
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
                # Chroma subsampling needs even sides.
                odd = stream.height % 2 or stream.width % 2
                stream.pix_fmt = "yuv444p" if odd else "yuv420p"
            if picture.shape != shape:
                raise VideoError(
                    f"{path.name}: picture {count} has shape {picture.shape}, but the first has "
                    f"{shape}; all must have the same size"
                )
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = count, 1 / rate
            container.mux(stream.encode(frame))
            count += 1
        if not count:
            raise VideoError(f"{path.name}: no pictures to write")
        container.mux(stream.encode(None))
    return count
