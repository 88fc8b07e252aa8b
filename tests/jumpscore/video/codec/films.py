"""Videos for tests of block scores."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def moving_square(
    path: Path, *, codec: str, options: dict[str, str], frames: int = 60, size=(320, 176)
) -> Path:
    """Write a textured square that moves to the right over a static, textured background."""
    random = np.random.default_rng(0)
    ground = random.integers(0, 255, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    ground = ground.repeat(8, axis=0).repeat(8, axis=1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.gop_size = 30
        stream.options = options
        if codec == "libvpx-vp9":
            stream.bit_rate = 500_000
        for number in range(frames):
            pixels = ground.copy()
            # New texture each time; otherwise one motion vector would describe the whole square.
            left = 8 + 4 * number
            pixels[64:112, left : left + 48] = random.integers(0, 255, (48, 48, 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
