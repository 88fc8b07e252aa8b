"""Digests of decoded frames: do two videos show the same pictures, whatever encoded them?

Versions of an encoder differ invisibly. A digest therefore has two parts: an exact checksum, and a
coarse look that distinguishes another encoder from another video.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from jumpscore.video import decode, probe, uniform_indices

LOOK_FRAMES = 8
"""Number of evenly spread frames in a look."""
LOOK_SIZE = (16, 9)
"""(columns, rows) of the grid of mean luma."""
LOOK_TOLERANCE = 6.0
"""Largest difference of a cell's mean luma (0..255) between equal pictures.

Encoder versions differ by about 1; another position of the jumper changes a cell by 20 and more.
"""

Match = Literal["exact", "equivalent", "different"]


@dataclass(frozen=True, slots=True)
class FrameDigest:
    """Digest of the pictures of a video.

    Attributes:
        sha256: SHA-256 of the luma of every decoded frame, at full size.
        look: Mean luma on a 16x9 grid of 8 frames, uint8, base64.
        frames: Number of frames.
    """

    sha256: str
    look: str
    frames: int


def digest_frames(path: str | Path) -> FrameDigest:
    """Decode a video once and return its digest.

    Raises:
        VideoError: The video cannot be decoded to its end.
    """
    info = probe(path)
    look_frames = set(uniform_indices(info.frames, LOOK_FRAMES).tolist())
    exact = hashlib.sha256()
    looks = []
    for frame in decode(path, grey=True, threads=1, info=info):
        exact.update(frame.pixels.tobytes())
        if frame.index in look_frames:
            looks.append(_grid_means(frame.pixels))
    look = base64.b64encode(np.stack(looks).tobytes()).decode()
    return FrameDigest(exact.hexdigest(), look, info.frames)


def compare_digests(actual: FrameDigest, expected: FrameDigest) -> Match:
    """Return whether two videos show the same pictures."""
    if actual.sha256 == expected.sha256:
        return "exact"
    a, b = _cells(actual), _cells(expected)
    if actual.frames != expected.frames or a.shape != b.shape:
        return "different"
    return "equivalent" if np.abs(a - b).max() <= LOOK_TOLERANCE else "different"


def _grid_means(luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the mean of each cell, uint8 [rows, columns]."""
    columns, rows = LOOK_SIZE
    height, width = luma.shape
    bands = np.add.reduceat(luma.astype(np.float64), np.arange(rows) * height // rows, axis=0)
    sums = np.add.reduceat(bands, np.arange(columns) * width // columns, axis=1)
    tall = np.diff(np.append(np.arange(rows) * height // rows, height))
    wide = np.diff(np.append(np.arange(columns) * width // columns, width))
    means: npt.NDArray[np.float64] = sums / np.outer(tall, wide)
    return np.rint(means).astype(np.uint8)


def _cells(digest: FrameDigest) -> npt.NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(digest.look), dtype=np.uint8).astype(np.float64)
