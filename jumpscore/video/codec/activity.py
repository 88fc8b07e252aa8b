"""How much happens in each block of a frame: an estimate of the bits that the codec spent there.

The container says what a frame cost in bits; where in the frame they went is estimated from what
changed since the frame before, after the camera's own motion is taken out, and on H.264 from the
motion vectors as well.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from jumpscore.video.orientation import Orientation
from jumpscore.video.sizes import FACTOR

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

PERCENTILE = 99.0
"""Of the log bits of a frame's blocks: counts as 1."""
HALF = 2
"""Factor by which pictures are shrunk to compare them."""
COARSE = 4
"""Factor by which pictures are shrunk to find the camera's motion."""
STEPS = (1.0, 0.5, 0.25)
"""Pixels of the coarse picture by which the camera's motion is refined."""
MOST_STEPS = 4
STILL = 1.0
"""Luma levels by which the median block may change while the camera counts as still."""
BLANK_CONTRAST = 2.0
"""Standard deviation of luma, in levels, up to which a frame counts as blank."""
VECTOR_CODECS = ("h264",)
"""Codecs whose decoders hand out motion vectors."""
VECTOR_WEIGHT = 1.0
"""Levels of luma difference that one pixel of a block's own motion counts for.

Measured on eight rendered clips with a panning camera, 128 frames in groups of 32: the share of
chosen blocks inside the jumper's box is .53 on average with weight 0, .55 with 1 and 2, .54 with 4.
"""


class _Threads:
    """How many users want OpenCV to use one thread, and how many it had before."""

    lock = threading.Lock()
    users = 0
    before = 0


@contextmanager
def one_opencv_thread() -> Iterator[None]:
    """Keep OpenCV from sharing out work on small pictures: its threads would spin for the next bit.

    That took half as much CPU time again. OpenCV has one setting per process; it is as before when
    the last user is done.
    """
    with _Threads.lock:
        if _Threads.users == 0:
            _Threads.before = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _Threads.users += 1
    try:
        yield
    finally:
        with _Threads.lock:
            _Threads.users -= 1
            if _Threads.users == 0:
                cv2.setNumThreads(_Threads.before)


@dataclass(frozen=True, slots=True)
class Change:
    """What is known of one sampled frame.

    Attributes:
        blocks: float64 [rows, columns], mean absolute luma difference of every block.
        blank: The frame shows nothing (black, white, one colour).
    """

    blocks: npt.NDArray[np.float64]
    blank: bool


class ChangeMeter:
    """Measures what changed from one picture to the next; feed it frames in order."""

    def __init__(self, width: int, height: int) -> None:
        self._blocks = (width // FACTOR, height // FACTOR)
        self._size = (width // HALF, height // HALF)
        self._coarse_size = (_transform_size(width // COARSE), _transform_size(height // COARSE))
        self._window = cv2.createHanningWindow(self._coarse_size, cv2.CV_32F)
        self._before: npt.NDArray[np.uint8] | None = None

    def __call__(self, picture: npt.NDArray[np.uint8]) -> Change:
        """Return what is new in a picture, uint8 [H, W, 3] YUV, since the last call."""
        luma: Any = cv2.extractChannel(picture, 0)
        luma = cv2.resize(luma, self._size, interpolation=cv2.INTER_AREA)
        before, self._before = self._before, luma
        blank = float(cv2.meanStdDev(luma)[1][0, 0]) <= BLANK_CONTRAST
        if before is None:
            return Change(np.zeros(self._blocks[::-1]), blank)
        change = self._means(cv2.absdiff(luma, before))
        if _middle(change) > STILL:
            # Most blocks changed: the camera moved, or the light. Take its motion out if it helps.
            x, y = self._camera(before, luma)
            steady = self._means(cv2.absdiff(luma, _moved(before, luma, x, y)))
            if steady.sum() < change.sum():
                change = steady
        return Change(change, blank)

    def _means(self, difference: Any) -> npt.NDArray[np.float64]:
        """Return the mean of every block."""
        # Summed in float: INTER_AREA on bytes would round the means to whole levels.
        means = cv2.resize(
            difference.astype(np.float32), self._blocks, interpolation=cv2.INTER_AREA
        )
        exact: npt.NDArray[np.float64] = means.astype(np.float64)
        return exact

    def _camera(self, before: Any, luma: Any) -> tuple[float, float]:
        """Return the (x, y) by which the picture as a whole moved."""
        first, second = (
            cv2.resize(image, self._coarse_size, interpolation=cv2.INTER_AREA).astype(np.float32)
            for image in (before, luma)
        )
        guess, _ = cv2.phaseCorrelate(first, second, self._window)
        x, y = _refined(first, second, guess)
        wide, high = self._coarse_size
        return x * self._size[0] / wide, y * self._size[1] / high


def _refined(before: Any, now: Any, guess: Any) -> tuple[float, float]:
    """Return the shift near ``guess`` that leaves the least difference.

    Phase correlation is drawn aside by large things that move on their own.
    """

    def left(shift: tuple[float, float]) -> float:
        return float(cv2.norm(now, _moved(before, now, *shift), cv2.NORM_L1))

    best = (float(guess[0]), float(guess[1]))
    least = left(best)
    for step in STEPS:
        for _ in range(MOST_STEPS):
            x, y = best
            tried = [(x - step, y), (x + step, y), (x, y - step), (x, y + step)]
            found, shift = min((left(shift), shift) for shift in tried)
            if found >= least:
                break
            least, best = found, shift
    return best


def _transform_size(most: int) -> int:
    """Return the largest even size up to ``most`` that a Fourier transform takes without padding.

    OpenCV pads others, and to an odd size it is half a pixel off.
    """
    fits = (n for n in range(most, 1, -1) if n % 2 == 0 and cv2.getOptimalDFTSize(n) == n)
    return next(fits)


def _moved(before: Any, now: Any, x: float, y: float) -> Any:
    """Return ``before`` moved by (x, y); what it does not cover is taken from ``now``."""
    height, width = now.shape
    return cv2.warpAffine(
        before,
        np.array([[1.0, 0.0, x], [0.0, 1.0, y]]),
        (width, height),
        dst=now.copy(),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )


def block_scores(change: npt.NDArray[np.float64], bits: float) -> npt.NDArray[np.float64]:
    """Return scores in 0..1 of a frame's blocks from what changed in them.

    The frame's bits are dealt among its blocks in proportion to their change above the typical
    (median) block; then log1p, divided by the 99th percentile, clipped to 1.

    Args:
        change: float [rows, columns], change per block in any unit.
        bits: What the frame cost.
    """
    above = np.maximum(change - _middle(change), 0.0)
    total = float(above.sum())
    if total <= 0:
        return np.zeros_like(change)
    return normalised(bits * above / total)


def normalised(bits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return log1p of bits per block over its 99th percentile, clipped to 0..1."""
    logs = np.log1p(bits)
    top = _percentile(logs, PERCENTILE) or float(logs.max())
    if top <= 0:
        return np.zeros_like(logs)
    # Rounded, so that the last bit of a logarithm never decides between two blocks.
    rounded: npt.NDArray[np.float64] = np.minimum(logs / top, 1.0).round(9)
    return rounded


def _middle(values: npt.NDArray[Any]) -> Any:
    """Return the median, the upper one of two.

    By sorting: for so few values it beats selecting, which is slow where most are equal.
    """
    return np.sort(values, axis=None, kind="stable")[values.size // 2]


def _percentile(values: npt.NDArray[np.float64], percent: float) -> float:
    """Return what ``numpy.percentile`` does, in a fifth of its time for a few hundred values."""
    place = (values.size - 1) * percent / 100
    low = int(place)
    high = min(low + 1, values.size - 1)
    ordered = np.sort(values, axis=None)
    return float(ordered[low] + (ordered[high] - ordered[low]) * (place - low))


def own_motion(
    frame: VideoFrame, shape: tuple[int, int], *, orientation: Orientation
) -> npt.NDArray[np.float64] | None:
    """Return how far each block moved against the frame's typical motion, from motion vectors.

    Args:
        frame: A frame as stored, decoded with motion vectors exported.
        shape: (rows, columns) of blocks as displayed.
        orientation: From stored to displayed.

    Returns:
        float64 [rows, columns]: mean over the area that has vectors, in canvas pixels times
        ``VECTOR_WEIGHT``; ``None`` for a frame without vectors (key frames, other codecs).
    """
    from av.sidedata.sidedata import SideDataContainer

    # Not frame.side_data: it ties frame and data into a cycle, so frames would pile up until the
    # garbage collector comes by (100 MB in 1080p).
    held: Any = SideDataContainer
    data = held(frame).get("MOTION_VECTORS")
    vectors = None if data is None else data.to_ndarray()
    if vectors is None or len(vectors) == 0:
        return None
    rows, columns = shape[::-1] if orientation.swaps_sides else shape
    scale = max(1, int(vectors["motion_scale"][0]))  # one per codec: quarter pixels
    # In 16 bits, as codecs hold them: such numbers are sorted by counting.
    x, y = (vectors[axis].astype(np.int16) for axis in ("motion_x", "motion_y"))
    length = np.abs(x - _middle(x)) * np.float32(columns * FACTOR / frame.width / scale)
    length += np.abs(y - _middle(y)) * np.float32(rows * FACTOR / frame.height / scale)
    area = (vectors["w"] * vectors["h"].astype(np.uint16)).astype(np.float32)
    # A block at the rim may have its middle outside the picture.
    x, y = (np.maximum(vectors[axis], 0) for axis in ("dst_x", "dst_y"))
    row = np.minimum((y * np.float32(rows / frame.height)).astype(np.int32), rows - 1)
    column = np.minimum((x * np.float32(columns / frame.width)).astype(np.int32), columns - 1)
    block = row * columns + column
    moved = np.bincount(block, weights=area * length, minlength=rows * columns)
    covered = np.bincount(block, weights=area, minlength=rows * columns)
    mean: npt.NDArray[np.float64] = (moved / np.maximum(covered, 1.0)).reshape(rows, columns)
    return orientation.applied(mean * VECTOR_WEIGHT)


def spread(
    scores: npt.NDArray[np.float64], shape: tuple[int, int], *, orientation: Orientation
) -> npt.NDArray[np.float64]:
    """Return scores on the codec's own grid as means over blocks of a canvas.

    Args:
        scores: float64 [h, w], any grid that covers the stored picture.
        shape: (rows, columns) of blocks as displayed.
        orientation: From stored to displayed.
    """
    upright = np.ascontiguousarray(orientation.applied(scores))
    rows, columns = shape
    fine = (columns * FACTOR, rows * FACTOR)
    pixels = cv2.resize(upright, fine, interpolation=cv2.INTER_NEAREST)
    means: Any = cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA)
    rounded: npt.NDArray[np.float64] = np.round(means.astype(np.float64), 6)
    return rounded
