"""Measures how every part of the picture moves relative to the camera.

The picture is divided into square cells; for each pair of frames, each cell gets one mean
displacement from dense optical flow on a small luma picture. The camera's own motion (shift, zoom
and roll) is fitted robustly to all cells and subtracted.
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

LONGEST = 1800.0
"""Maximum duration in seconds; its motion takes 200 MB of memory at 25 frames a second."""
SMALLEST = 32
"""Minimum side of a video in pixels; below, a person is too small to see."""
CELL = 8
"""Side of a cell in analysis pixels: the patch of the optical flow."""
FINEST = 4
"""Finest scale of the optical flow, in pixels (its preset stops at a quarter)."""
CODING_NOISE = 1.5
"""Luma difference between neighbours (at `FINEST`) that coding leaves in a flat area."""
NOISE_MARGIN = 2.0
CAMERA_ROUNDS = 8
CAMERA_SCALE = 0.25
"""Deviation from the camera's motion up to which a cell counts fully, analysis pixels per frame."""

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
    flow: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    times: list[float] = []
    up: list[npt.NDArray[np.float32]] = []
    rows, columns = height // CELL, width // CELL
    trust = np.zeros((rows, columns), np.float32)
    before: npt.NDArray[np.uint8] | None = None
    # One thread, because the harness prepares several videos at a time.
    for frame in decode(path, size=(width, height), grey=True, threads=1, info=info):
        times.append(frame.time)
        if before is not None:
            pixel_trust, rise_trust = texture(before, frame.pixels)
            motion = cell_motion(flow.calc(before, frame.pixels, None), pixel_trust)
            up.append(own_rise(motion))
            trust += rise_trust
        before = frame.pixels
    moves = np.stack(up) if up else np.zeros((0, rows, columns), np.float32)
    trust /= np.float32(max(1, len(up)))
    return Signal(np.asarray(times), moves, trust, info.duration, info.notes)


def analysis_size(width: int, height: int, shorter: int) -> tuple[int, int]:
    """Return the (width, height) for analysis: whole cells, roughly the video's aspect ratio.

    >>> analysis_size(1280, 720, 192)
    (344, 192)
    """
    scale = min(1.0, shorter / min(width, height))
    return max(2, round(width * scale / CELL)) * CELL, max(2, round(height * scale / CELL)) * CELL


def texture(
    picture: npt.NDArray[np.uint8], following: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the reliability of the flow between two pictures, in (0, 1).

    Flow in flat areas is interpolated from their surroundings or follows sensor noise, so only
    contrast above the noise counts, at the finest scale of the flow (`FINEST`).

    Returns:
        For motion in any direction, float32 [H / FINEST, W / FINEST], and for vertical motion
        alone, float32 [H / CELL, W / CELL]: a lamp post has contrast, but none that would reveal
        vertical motion.
    """
    size = (picture.shape[1] // FINEST, picture.shape[0] // FINEST)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    other = cv2.resize(following, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    # The quietest fifth of the picture is pure noise; 0.36 is that quantile of the absolute
    # difference of two normal variables with standard deviation 1.
    noise = float(np.quantile(np.abs(other - small), 0.2)) / 0.36
    threshold = (CODING_NOISE + NOISE_MARGIN * noise) ** 2
    across = cv2.Sobel(small, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(small, cv2.CV_32F, 0, 1, scale=0.125)
    products = np.dstack([across * across, across * down, down * down])
    cells = (picture.shape[1] // CELL, picture.shape[0] // CELL)
    xx, xy, yy = np.moveaxis(cv2.resize(products, cells, interpolation=cv2.INTER_AREA), 2, 0)
    anywhere = products[..., 0] + products[..., 2]
    # The vertical contrast that remains if the cell may also move sideways.
    upright = np.maximum(yy - xy * xy / (xx + 1e-6), 0.0)
    return _share(anywhere, threshold), _share(upright, threshold)


def _share(contrast: npt.NDArray[np.float32], threshold: float) -> npt.NDArray[np.float32]:
    """Map squared contrast to 0.01 (no contrast) to 1, with about 0.5 at the threshold."""
    return np.asarray((contrast + 0.01 * threshold) / (contrast + threshold), dtype=np.float32)


def own_rise(cells: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the upward motion of the cells relative to the camera and to their row.

    Motion common to half a row of the picture is not a person but the surroundings: a pattern that
    the flow mistook for its neighbour, or a rolling shutter while the camera shook.

    Args:
        cells: (right, down, trust) per cell, [rows, columns, 3].

    Returns:
        Pixels, float32 [rows, columns].
    """
    rise = camera_motion(cells)[..., 1] - cells[..., 1]
    return np.asarray(rise - np.median(rise, axis=1, keepdims=True), dtype=np.float32)


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
    weighted = np.dstack([small * trust[..., None], trust])
    cells = cv2.resize(weighted, size, interpolation=cv2.INTER_AREA)
    motion = cells[..., :2] / cells[..., 2:]
    return np.asarray(np.dstack([motion, cells[..., 2]]), dtype=np.float32)


def camera_motion(cells: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the motion of every cell that the camera alone would cause.

    A shift, a zoom and a roll (four numbers) are fitted by iteratively reweighted least squares
    (Geman-McClure weights), so that cells with other motion, such as the person's, are ignored.

    Args:
        cells: (right, down, trust) per cell, [rows, columns, 3].

    Returns:
        (right, down) per cell, float32 [rows, columns, 2].
    """
    rows, columns = cells.shape[:2]
    y, x = np.mgrid[:rows, :columns].astype(np.float64)
    x = (x - x.mean()).ravel() / max(columns, 2)
    y = (y - y.mean()).ravel() / max(columns, 2)
    one, none = np.ones_like(x), np.zeros_like(x)
    design = np.stack([np.stack([one, none, x, -y], -1), np.stack([none, one, y, x], -1)])
    motion = cells[..., :2].reshape(-1, 2).T.astype(np.float64)
    # The middle of the picture usually shows the person; flat walls still count a little,
    # because there may be nothing else around.
    prior = (0.05 + np.sqrt(cells[..., 2].ravel())) * np.where(np.abs(x) < 0.2, 0.3, 1.0)
    guess = np.array([np.median(motion[0]), np.median(motion[1]), 0.0, 0.0])
    for round_ in range(CAMERA_ROUNDS):
        residual = motion - design @ guess
        scale = CAMERA_SCALE * 2.0 ** max(0, 3 - round_)  # wide first, to avoid local minima
        weight = prior / (1.0 + (residual**2).sum(0) / scale**2) ** 2
        normal = np.einsum("c,kci,kcj->ij", weight, design, design) + 1e-9 * np.eye(4)
        guess = np.linalg.solve(normal, np.einsum("c,kci,kc->i", weight, design, motion))
    return np.asarray((design @ guess).T.reshape(rows, columns, 2), dtype=np.float32)
