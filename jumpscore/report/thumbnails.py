"""Small pictures of a video, as JPEG text that is stored in the page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from jumpscore.errors import VideoError
from jumpscore.report.text import cut
from jumpscore.video import VideoInfo, decode, probe
from jumpscore.video.stored_frames import nearest_index

COUNT = 9
"""Pictures in a strip."""
QUALITIES = (72, 60, 48, 36, 24)
"""JPEG qualities, tried in order until a strip fits its share of the page."""
PAGE_BYTES = 10_000_000
"""JPEG bytes of a whole page; base64 adds a third."""
MOST_STRIPS = 600
"""Videos of a page that get a strip; with more, too few bytes would remain for each."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One picture.

    Attributes:
        time: Time of the frame in seconds.
        jpeg: Bytes of the JPEG file.
    """

    time: float
    jpeg: bytes

    @property
    def address(self) -> str:
        """The picture as a ``data:`` address."""
        return "data:image/jpeg;base64," + base64.b64encode(self.jpeg).decode("ascii")


@dataclass(frozen=True, slots=True)
class Strip:
    """Pictures of one video, or the reason why they are missing.

    Attributes:
        pictures: Pictures in order of time.
        aspect: Width divided by height.
        duration: Length of the video in seconds, if it could be read.
        problem: Why pictures are missing, in short; ``None`` if all are present.
    """

    pictures: tuple[Thumbnail, ...] = ()
    aspect: float = 16 / 9
    duration: float | None = None
    problem: str | None = None


def video_strip(path: Path, *, budget: int = 80_000, height: int = 96) -> Strip:
    """Return pictures spread evenly over a video. Never raises: a report outlives its videos.

    Args:
        path: The video.
        budget: Bytes that all pictures may take together.
        height: Height of a picture in pixels.
    """
    return _strip(
        path,
        lambda info: strip_indices(info.times, info.keyframe_times, info.duration, COUNT),
        height=height,
        budget=budget,
    )


def moment_strip(
    path: Path, times: Sequence[float], *, budget: int = 3_000_000, height: int = 240
) -> Strip:
    """Return the frame nearest to each moment. Never raises.

    Args:
        path: The video.
        times: Seconds, increasing, inside the video; moments on one frame share its picture.
        budget: Bytes that all pictures may take together.
        height: Height of a picture in pixels.
    """
    return _strip(
        path,
        lambda info: sorted({nearest_index(info.times, time) for time in times}),
        height=height,
        budget=budget,
    )


def strip_indices(
    times: npt.NDArray[np.float64],
    keys: npt.NDArray[np.float64],
    duration: float,
    count: int,
) -> list[int]:
    """Return one frame from each of ``count`` equal parts of the time axis.

    Key frames near the middle of their part are preferred: a decoder reaches them at once, so a
    page of 240 long videos takes minutes.

    Args:
        times: Times of all frames in seconds, increasing.
        keys: Times of the key frames.
        duration: Length of the video in seconds.
        count: Number of parts.
    """
    width = duration / count
    indices = set()
    for part in range(count):
        middle = (part + 0.5) * width
        inside = keys[np.abs(keys - middle) <= 0.45 * width]
        target = middle if len(inside) == 0 else float(inside[np.argmin(np.abs(inside - middle))])
        indices.add(nearest_index(times, target))
    return sorted(indices)


def picture_size(width: int, height: int, *, tall: int) -> tuple[int, int]:
    """Return (width, height) of a picture: ``tall`` pixels high, unless that makes it very wide.

    >>> picture_size(1920, 1080, tall=96), picture_size(4000, 100, tall=96)
    ((170, 96), (192, 4))
    """
    scale = min(tall / height, 2 * tall / width)
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))


def _strip(
    path: Path, choose: Callable[[VideoInfo], list[int]], *, height: int, budget: int
) -> Strip:
    pictures: list[tuple[float, npt.NDArray[np.uint8]]] = []
    duration: float | None = None
    aspect = 16 / 9
    problem: str | None = None
    try:
        info = probe(path)
        duration = info.duration
        size = picture_size(info.width, info.height, tall=height)
        aspect = size[0] / size[1]
        for frame in decode(path, choose(info), size=size, info=info):
            pictures.append((frame.time, frame.pixels))
        problem = info.truncated and f"the file is cut off ({info.truncated})"
    except Exception as error:  # decoders fail in too many ways to name
        problem = reason(error, path)
    return Strip(encoded(pictures, budget), aspect, duration, problem)


def reason(error: BaseException, path: Path) -> str:
    """Return a short error message without the folders of the file."""
    words = str(error) if isinstance(error, VideoError) else f"{type(error).__name__}: {error}"
    short, left = cut(words.replace(str(path), path.name), 220)
    return short + ("…" if left else "")


def encoded(
    pictures: Sequence[tuple[float, npt.NDArray[np.uint8]]], budget: int
) -> tuple[Thumbnail, ...]:
    """Return JPEGs in the best quality whose sum fits the budget, or in the lowest quality."""
    thumbnails: tuple[Thumbnail, ...] = ()
    for quality in QUALITIES:
        thumbnails = tuple(Thumbnail(time, jpeg(pixels, quality)) for time, pixels in pictures)
        if sum(len(picture.jpeg) for picture in thumbnails) <= budget:
            break
    return thumbnails


def jpeg(pixels: npt.NDArray[np.uint8], quality: int) -> bytes:
    """Return an RGB picture as a JPEG file."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), settings)
    if not done:
        raise VideoError("a picture could not be written as JPEG")
    return data.tobytes()
