"""Block scores: estimate how many bits the codec spent on each block of a frame.

The size of a frame in bits comes from the container. Their distribution over its blocks is
estimated from the change since the previous frame, after compensation of camera motion, and in
H.264 also from the motion vectors.
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

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

PERCENTILE = 99.0
"""Percentile of the log bits of a frame's blocks that gets the score 1."""
HALF = 2
"""Factor by which pictures are scaled down to compare them."""
COARSE = 4
"""Factor by which pictures are scaled down to estimate camera motion."""
STEPS = (1.0, 0.5, 0.25)
"""Step sizes in pixels of the coarse picture for the refinement of camera motion."""
MOST_STEPS = 4
STILL = 1.0
"""Largest change of the median block, in luma levels, if the camera counts as still."""
BLANK_CONTRAST = 2.0
"""Largest standard deviation of luma, in levels, of a blank frame."""
VECTOR_CODECS = ("h264",)
"""Codecs whose decoders export motion vectors."""
VECTOR_WEIGHT = 1.0
"""Weight of one pixel of a block's own motion, in levels of luma difference.

Measured on eight rendered clips with a panning camera, 128 frames in groups of 32: on average, the
share of chosen blocks inside the jumper's box is .53 with weight 0, .55 with 1 and 2, .54 with 4.
"""


class _Threads:
    """Number of users who need OpenCV to use one thread, and its previous number of threads."""

    lock = threading.Lock()
    users = 0
    before = 0


@contextmanager
def one_opencv_thread() -> Iterator[None]:
    """Limit OpenCV to one thread: for small pictures its threads mostly wait, at 50% more CPU time.

    OpenCV has one setting per process, which is restored when the last user is done.
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
    """Change of one sampled frame since the previous one.

    Attributes:
        blocks: float64 [rows, columns], mean absolute luma difference of every block.
        blank: Whether the frame is of one colour, such as black or white.
    """

    blocks: npt.NDArray[np.float64]
    blank: bool


class ChangeMeter:
    """Measures the change from one picture to the next; call it with frames in order.

    Pictures have ``width`` x ``height`` pixels and are divided into blocks of ``side`` x ``side``.
    """

    def __init__(self, width: int, height: int, side: int) -> None:
        self._blocks = (width // side, height // side)
        self._size = (width // HALF, height // HALF)
        self._coarse_size = (_transform_size(width // COARSE), _transform_size(height // COARSE))
        self._window = cv2.createHanningWindow(self._coarse_size, cv2.CV_32F)
        self._before: npt.NDArray[np.uint8] | None = None

    def __call__(self, picture: npt.NDArray[np.uint8]) -> Change:
        """Return the change of a picture, uint8 [H, W, 3] YUV, since the last call."""
        luma: Any = cv2.extractChannel(picture, 0)
        luma = cv2.resize(luma, self._size, interpolation=cv2.INTER_AREA)
        before, self._before = self._before, luma
        blank = float(cv2.meanStdDev(luma)[1][0, 0]) <= BLANK_CONTRAST
        if before is None:
            return Change(np.zeros(self._blocks[::-1]), blank)
        change = self._means(cv2.absdiff(luma, before))
        if _middle(change) > STILL:
            # Most blocks changed, because the camera moved or the light changed. Compensate camera
            # motion if that reduces the change.
            x, y = self._camera(before, luma)
            steady = self._means(cv2.absdiff(luma, _moved(before, luma, x, y)))
            if steady.sum() < change.sum():
                change = steady
        return Change(change, blank)

    def _means(self, difference: Any) -> npt.NDArray[np.float64]:
        """Return the mean of every block."""
        # In float, because INTER_AREA on bytes would round the means to whole levels.
        means = cv2.resize(
            difference.astype(np.float32), self._blocks, interpolation=cv2.INTER_AREA
        )
        exact: npt.NDArray[np.float64] = means.astype(np.float64)
        return exact

    def _camera(self, before: Any, luma: Any) -> tuple[float, float]:
        """Return the shift (x, y) of the picture as a whole."""
        first, second = (
            cv2.resize(image, self._coarse_size, interpolation=cv2.INTER_AREA).astype(np.float32)
            for image in (before, luma)
        )
        guess, _ = cv2.phaseCorrelate(first, second, self._window)
        x, y = _refined(first, second, guess)
        wide, high = self._coarse_size
        return x * self._size[0] / wide, y * self._size[1] / high


def _refined(before: Any, now: Any, guess: Any) -> tuple[float, float]:
    """Return the shift near ``guess`` that leaves the smallest difference.

    Phase correlation alone is biased by large objects that move on their own.
    """

    def difference(shift: tuple[float, float]) -> float:
        return float(cv2.norm(now, _moved(before, now, *shift), cv2.NORM_L1))

    best = (float(guess[0]), float(guess[1]))
    least = difference(best)
    for step in STEPS:
        for _ in range(MOST_STEPS):
            x, y = best
            shifts = [(x - step, y), (x + step, y), (x, y - step), (x, y + step)]
            smallest, shift = min((difference(shift), shift) for shift in shifts)
            if smallest >= least:
                break
            least, best = smallest, shift
    return best


def _transform_size(most: int) -> int:
    """Return the largest even size up to ``most`` that needs no padding in a Fourier transform.

    OpenCV pads other sizes; for odd sizes its result is off by half a pixel.
    """
    sizes = (n for n in range(most, 1, -1) if n % 2 == 0 and cv2.getOptimalDFTSize(n) == n)
    return next(sizes)


def _moved(before: Any, now: Any, x: float, y: float) -> Any:
    """Return ``before`` moved by (x, y); pixels outside it are taken from ``now``."""
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
    """Return scores in 0..1 of a frame's blocks from their change.

    The frame's bits are distributed over its blocks in proportion to their change above the median
    block; the score is log1p of a block's bits over the 99th percentile, clipped to 1.

    Args:
        change: float [rows, columns], change per block in any unit.
        bits: Size of the frame in bits.
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
    # Rounded, so that rounding errors of logarithms never decide between two blocks.
    rounded: npt.NDArray[np.float64] = np.minimum(logs / top, 1.0).round(9)
    return rounded


def _middle(values: npt.NDArray[Any]) -> Any:
    """Return the median; for an even number of values the upper one.

    For so few values sorting is faster than selecting, which is slow if most are equal.
    """
    return np.sort(values, axis=None, kind="stable")[values.size // 2]


def _percentile(values: npt.NDArray[np.float64], percent: float) -> float:
    """Return the same as ``numpy.percentile``, five times as fast for a few hundred values."""
    place = (values.size - 1) * percent / 100
    low = int(place)
    high = min(low + 1, values.size - 1)
    ordered = np.sort(values, axis=None)
    return float(ordered[low] + (ordered[high] - ordered[low]) * (place - low))


def own_motion(
    frame: VideoFrame, shape: tuple[int, int], *, side: int, orientation: Orientation
) -> npt.NDArray[np.float64] | None:
    """Return the motion of each block relative to the frame's median motion, from motion vectors.

    Args:
        frame: A stored frame, decoded with motion vectors exported.
        shape: (rows, columns) of blocks as displayed.
        side: Side of a block in canvas pixels.
        orientation: Orientation of the video.

    Returns:
        float64 [rows, columns]: mean over the area with vectors, in canvas pixels times
        ``VECTOR_WEIGHT``; ``None`` for a frame without vectors (key frames, other codecs).
    """
    from av.sidedata.sidedata import SideDataContainer

    # frame.side_data creates a reference cycle, so frames would pile up until the garbage collector
    # runs (100 MB in 1080p).
    container: Any = SideDataContainer
    data = container(frame).get("MOTION_VECTORS")
    vectors = None if data is None else data.to_ndarray()
    if vectors is None or len(vectors) == 0:
        return None
    rows, columns = shape[::-1] if orientation.swaps_sides else shape
    scale = max(1, int(vectors["motion_scale"][0]))  # one per codec: quarter pixels
    # In 16 bits, as in codecs: numpy sorts such numbers by counting.
    x, y = (vectors[axis].astype(np.int16) for axis in ("motion_x", "motion_y"))
    length = np.abs(x - _middle(x)) * np.float32(columns * side / frame.width / scale)
    length += np.abs(y - _middle(y)) * np.float32(rows * side / frame.height / scale)
    area = (vectors["w"] * vectors["h"].astype(np.uint16)).astype(np.float32)
    # The centre of a block at the edge may be outside the picture.
    x, y = (np.maximum(vectors[axis], 0) for axis in ("dst_x", "dst_y"))
    row = np.minimum((y * np.float32(rows / frame.height)).astype(np.int32), rows - 1)
    column = np.minimum((x * np.float32(columns / frame.width)).astype(np.int32), columns - 1)
    block = row * columns + column
    moved = np.bincount(block, weights=area * length, minlength=rows * columns)
    covered = np.bincount(block, weights=area, minlength=rows * columns)
    mean: npt.NDArray[np.float64] = (moved / np.maximum(covered, 1.0)).reshape(rows, columns)
    return orientation.applied(mean * VECTOR_WEIGHT)


def spread(
    scores: npt.NDArray[np.float64],
    shape: tuple[int, int],
    *,
    side: int,
    orientation: Orientation,
) -> npt.NDArray[np.float64]:
    """Convert scores on the codec's own grid to means over blocks of a canvas.

    Args:
        scores: float64 [h, w], any grid that covers the stored picture.
        shape: (rows, columns) of blocks as displayed.
        side: Side of a block in canvas pixels.
        orientation: Orientation of the video.
    """
    upright = np.ascontiguousarray(orientation.applied(scores))
    rows, columns = shape
    fine = (columns * side, rows * side)
    pixels = cv2.resize(upright, fine, interpolation=cv2.INTER_NEAREST)
    means: Any = cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA)
    rounded: npt.NDArray[np.float64] = np.round(means.astype(np.float64), 6)
    return rounded
