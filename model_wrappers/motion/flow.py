"""Measures how every part of the picture moves relative to the camera.

The picture is divided into square cells; for each pair of frames, each cell gets one mean
displacement from dense optical flow on a small luma picture. `camera` removes the camera's share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from jumpscore.errors import VideoError
from jumpscore.video import decode, probe
from model_wrappers.motion.camera import own_rise

LONGEST = 1800.0
"""Maximum duration in seconds; its motion takes 200 MB of memory at 25 frames a second."""
SMALLEST = 32
"""Minimum side of a video in pixels; below, a person is too small to see."""
CELL = 4
"""Side of a cell in analysis pixels: half a patch of the optical flow at its finest scale."""
FINEST = 2
"""Finest scale of the optical flow, in pixels: at full scale it takes four times as long."""
STEPS = 6
"""Steps of gradient descent per patch; half as many as the preset has give the same cells."""
CODING_NOISE = 1.5
"""Luma difference between neighbours (at `FINEST`) that coding leaves in a flat area."""
NOISE_MARGIN = 2.0
CHUNK = 64
"""Pairs of frames whose camera motion is fitted at once: fewer and larger array operations."""

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Signal:
    """The measured motion of a video.

    Attributes:
        times: Presentation times of the frames, s, float64 [frames].
        up: Upward motion of every cell from each frame to the next, without the camera's motion,
            analysis pixels, float32 [frames - 1, rows, columns].
        trust: Reliability of each cell's vertical motion, mean over time, 0..1, float32 [rows,
            columns].
        duration: Length of the video, s.
        notes: Repairs of the video: description -> how many.
    """

    times: FloatArray
    up: npt.NDArray[np.float32]
    trust: npt.NDArray[np.float32]
    duration: float
    notes: Mapping[str, int] = field(default_factory=dict)


def measure(path: str | Path, height: int) -> Signal:
    """Stream a video once and return the motion of its cells.

    Args:
        path: A video file.
        height: Shorter side of the analysed picture in pixels (at most the video's own).

    Raises:
        VideoError: The file cannot be read to its end, or is too long or too small for this model.
    """
    info = probe(path)
    if info.duration > LONGEST:
        raise VideoError(
            f"{path}: lasts {info.duration:.0f} s; model motion accepts at most {LONGEST:.0f} s; "
            "cut the video"
        )
    if min(info.width, info.height) < SMALLEST:
        raise VideoError(
            f"{path}: is {info.width}x{info.height}; model motion needs {SMALLEST} pixels per side"
        )
    width, height = analysis_size(info.width, info.height, height)
    times: list[float] = []
    chunks: list[npt.NDArray[np.float32]] = []
    pairs: list[npt.NDArray[np.float32]] = []
    rows, columns = height // CELL, width // CELL
    trust = np.zeros((rows, columns), np.float32)
    pictures = Pictures(optical_flow())
    # One thread, because the harness prepares several videos at a time.
    size = (width, height)
    for frame in decode(path, size=size, scaling="area", grey=True, threads=1, info=info):
        times.append(frame.time)
        pair = pictures.follow(frame.pixels)
        if pair is not None:
            pairs.append(pair[0])
            trust += pair[1]
        if len(pairs) == CHUNK:
            chunks.append(own_rise(np.stack(pairs)))
            pairs.clear()
    if pairs:
        chunks.append(own_rise(np.stack(pairs)))
    moves = np.concatenate(chunks) if chunks else np.zeros((0, rows, columns), np.float32)
    trust /= np.float32(max(1, len(moves)))
    return Signal(np.asarray(times), moves, trust, info.duration, info.notes)


def optical_flow() -> Any:
    """Return the dense optical flow: DIS without variational refinement, which blurs limbs."""
    flow: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    flow.setFinestScale(FINEST.bit_length() - 1)
    flow.setGradientDescentIterations(STEPS)
    return flow


class Pictures:
    """Follows the cells from each picture to the next.

    Args:
        flow: Has OpenCV's ``calc(picture, following, None)``.
    """

    def __init__(self, flow: Any) -> None:
        self._flow = flow
        self._before: tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]] | None = None

    def follow(
        self, picture: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None:
        """Return the motion since the last picture, `None` for the first one.

        Returns:
            `cell_motion` and the reliability of vertical motion (see `texture`).
        """
        before, small = self._before, finest(picture)
        self._before = picture, small
        if before is None:
            return None
        pixel_trust, rise_trust = texture(before[1], small)
        return cell_motion(self._flow.calc(before[0], picture, None), pixel_trust), rise_trust


def analysis_size(width: int, height: int, shorter: int) -> tuple[int, int]:
    """Return the (width, height) for analysis: whole cells, roughly the video's aspect ratio.

    >>> analysis_size(1280, 720, 96)
    (172, 96)
    """
    scale = min(1.0, shorter / min(width, height))
    return max(2, round(width * scale / CELL)) * CELL, max(2, round(height * scale / CELL)) * CELL


def finest(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return a picture at the finest scale of the flow, float32 [H / FINEST, W / FINEST]."""
    size = (picture.shape[1] // FINEST, picture.shape[0] // FINEST)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def texture(
    small: npt.NDArray[np.float32], following: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the reliability of the flow between two pictures, in (0, 1).

    Flow in flat areas is interpolated from their surroundings or follows sensor noise, so only
    contrast above the noise counts, at the finest scale of the flow (`FINEST`).

    Args:
        small: The first picture, at the `finest` scale [h, w].
        following: The second one.

    Returns:
        For motion in any direction, float32 [h, w], and for vertical motion alone, per cell,
        float32: a lamp post has contrast, but none that would reveal vertical motion.
    """
    # The quietest fifth of the picture is pure noise; 0.36 is that quantile of the absolute
    # difference of two normal variables with standard deviation 1. Every fourth pixel is enough.
    change = cv2.absdiff(following[::2, ::2], small[::2, ::2]).ravel()
    fifth = len(change) // 5
    noise = float(np.partition(change, fifth)[fifth]) / 0.36
    threshold = (CODING_NOISE + NOISE_MARGIN * noise) ** 2
    across = cv2.Sobel(small, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(small, cv2.CV_32F, 0, 1, scale=0.125)
    products = cv2.merge([across * across, across * down, down * down])
    share = CELL // FINEST
    cells = (small.shape[1] // share, small.shape[0] // share)
    xx, xy, yy = cv2.split(cv2.resize(products, cells, interpolation=cv2.INTER_AREA))
    anywhere = products[..., 0] + products[..., 2]
    # The vertical contrast that remains if the cell may also move sideways.
    upright = np.maximum(yy - xy * xy / (xx + 1e-6), 0.0)
    return _share(anywhere, threshold), _share(upright, threshold)


def _share(contrast: npt.NDArray[np.float32], threshold: float) -> npt.NDArray[np.float32]:
    """Map squared contrast to 0.01 (no contrast) to 1, with about 0.5 at the threshold."""
    return np.asarray((contrast + 0.01 * threshold) / (contrast + threshold), dtype=np.float32)


def cell_motion(
    flow: npt.NDArray[np.float32], trust: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return the mean motion per cell, weighted by trust.

    Args:
        flow: (right, down) per pixel, pixels, float32 [H, W, 2].
        trust: Weight per `FINEST` x `FINEST` pixels.

    Returns:
        (right, down, trust) per cell, float32 [H / CELL, W / CELL, 3].
    """
    size = (flow.shape[1] // CELL, flow.shape[0] // CELL)
    small = cv2.resize(flow, trust.shape[::-1], interpolation=cv2.INTER_AREA)
    right, down = cv2.split(small)
    weighted = cv2.merge([right * trust, down * trust, trust])
    cells: Any = cv2.resize(weighted, size, interpolation=cv2.INTER_AREA)
    cells[..., :2] /= cells[..., 2:]
    return np.asarray(cells, dtype=np.float32)
