"""Frames as JPEG: the sizes in which they are encoded, and a cache that is limited in bytes."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import cv2

from jumpscore.errors import VideoError
from jumpscore.video import VideoInfo
from jumpscore.video.colours import Converter

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

WIDTHS = (320, 480, 640, 800, 960, 1280, 1600, 1920)
"""Widths of pictures in pixels; few, so that a resized window still uses the cache."""
QUALITY = 88
"""JPEG quality from 0 to 100."""
CACHE_BYTES = 256 << 20
"""Default limit of the cache: about 2,500 pictures of 1280x720."""


class PictureKey(NamedTuple):
    """Identity of a picture: video id, frame index, and width in pixels."""

    video: str
    frame: int
    width: int


def snapped_width(width: int, info: VideoInfo) -> int:
    """Return the smallest width of ``WIDTHS`` that is large enough, at most that of the video."""
    fitting = (size for size in WIDTHS if size >= width)
    return min(next(fitting, WIDTHS[-1]), info.width)


class Encoder:
    """Encodes decoded frames of a video, upright and with square pixels.

    Args:
        info: The video.
        width: Width of the pictures in pixels.
    """

    def __init__(self, info: VideoInfo, width: int) -> None:
        self.width = width
        height = max(1, round(info.height * width / info.width))
        self._converter = Converter(info, (width, height))

    def jpeg(self, frame: VideoFrame) -> bytes:
        """Return a frame as JPEG.

        Raises:
            VideoError: It cannot be encoded.
        """
        pixels = cv2.cvtColor(self._converter.rgb(frame), cv2.COLOR_RGB2BGR)
        ok, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not ok:
            raise VideoError(f"a frame of {pixels.shape} pixels cannot be encoded as JPEG")
        return encoded.tobytes()


class PictureCache:
    """Encoded pictures; those that were used least recently are dropped first.

    Args:
        limit: Size limit in bytes.
    """

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self.limit = limit
        self._size = 0
        self._pictures: OrderedDict[PictureKey, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: PictureKey) -> bytes | None:
        """Return a picture, or ``None``."""
        with self._lock:
            picture = self._pictures.get(key)
            if picture is not None:
                self._pictures.move_to_end(key)
            return picture

    def __contains__(self, key: PictureKey) -> bool:
        return key in self._pictures

    def put(self, key: PictureKey, picture: bytes) -> None:
        """Add a picture."""
        with self._lock:
            self._size += len(picture) - len(self._pictures.pop(key, b""))
            self._pictures[key] = picture
            while self._size > self.limit:
                self._size -= len(self._pictures.popitem(last=False)[1])
