"""Single frames of one video: decoded on a thread, with read-ahead in both directions."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import TYPE_CHECKING

import numpy as np

from jumpscore.builder.annotate.pictures import Encoder, PictureCache, PictureKey
from jumpscore.errors import VideoError
from jumpscore.video import VideoInfo
from jumpscore.video.stored_frames import stored_frames

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

NEAR = 24
"""Frames on both sides of the shown one that are encoded first."""
BEHIND = 96
"""Frames before the shown one that are encoded once one of the nearest ``REFILL`` is missing: each
group of pictures has to be decoded from its beginning, which pays if many of its frames are used.
"""
REFILL = 48
"""Enough frames to step back, 10 per second, while a long group of pictures is decoded."""
AHEAD = 48
"""Frames after the shown one that are encoded."""
RAW_BYTES = 128 << 20
"""Limit of decoded frames that a pass remembers."""
MOST_PASSES = 2
"""Open decoders of a video: one ahead of the shown frame and one behind it."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Request:
    index: int
    width: int
    result: Future[bytes] = field(default_factory=Future)


class _Pass:
    """A decoder that goes forward from one frame.

    Attributes:
        position: The frame that is read next.
        recent: The frames that were read last, by index.
    """

    def __init__(self, info: VideoInfo, first: int) -> None:
        self.position = first
        self.recent: deque[tuple[int, VideoFrame]] = deque()
        self._bytes = 0
        self._frames = stored_frames(info, list(range(first, info.frames)))

    def read(self) -> VideoFrame:
        """Return the next frame.

        Raises:
            VideoError: It cannot be decoded; the pass has ended.
        """
        index, frame = next(self._frames)
        self.position = index + 1
        self.recent.append((index, frame))
        self._bytes += _size(frame)
        while len(self.recent) > 1 and (len(self.recent) > NEAR + 1 or self._bytes > RAW_BYTES):
            self._bytes -= _size(self.recent.popleft()[1])
        return frame

    def remembered(self, index: int) -> VideoFrame | None:
        """Return a recent frame, or ``None``."""
        return next((frame for number, frame in self.recent if number == index), None)

    def close(self) -> None:
        """Close the file."""
        self.recent.clear()
        self._frames.close()  # type: ignore[attr-defined]  # it is a generator


def _size(frame: VideoFrame) -> int:
    return sum(plane.buffer_size for plane in frame.planes)


class FrameReader:
    """Frames of one video by index, as JPEG.

    The newest request is served first. Between requests, frames on both sides of the last one are
    prepared, so that a step in either direction is a look-up.

    Args:
        video: Id of the video.
        info: The video.
        cache: Where pictures are stored, shared between videos.
    """

    def __init__(self, video: str, info: VideoInfo, cache: PictureCache) -> None:
        self.info = info
        self._video = video
        self._cache = cache
        self._keys = np.searchsorted(info.times, info.keyframe_times - 1e-9)
        self._passes: list[_Pass] = []  # the one used last at the end
        self._encoder: Encoder | None = None
        self._failures: dict[int, VideoError] = {}
        self._requests: list[_Request] = []
        self._centre: tuple[int, int] | None = None
        self._prepared = 0  # bytes since the centre moved
        self._moves = 0
        self._closed = False
        self._changed = Condition()
        self._thread = Thread(target=self._work, name=f"frames of {video}", daemon=True)
        self._thread.start()

    def picture(self, index: int, width: int) -> Future[bytes]:
        """Return a frame that may still have to be decoded; cancel it if it is not needed.

        The future raises ``VideoError`` if the frame cannot be decoded.
        """
        request = _Request(index, width)
        picture = self._cache.get(PictureKey(self._video, index, width))
        with self._changed:
            self._centre, self._prepared = (index, width), 0
            self._moves += 1
            if picture is not None:
                request.result.set_result(picture)
            elif index in self._failures:
                request.result.set_exception(self._failures[index])
            elif self._closed:
                request.result.cancel()
            else:
                self._requests.append(request)
            self._changed.notify()
        return request.result

    def close(self) -> None:
        """End the thread and close the file; open requests are cancelled."""
        with self._changed:
            self._closed = True
            for request in self._requests:
                request.result.cancel()
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while not self._closed:
            with self._changed:
                request = self._requests.pop() if self._requests else None
                moves = self._moves
            if request is not None:
                self._serve(request)
            elif not self._prefetch():
                self._wait(moves)
        for each in self._passes:
            each.close()

    def _wait(self, moves: int) -> None:
        """Wait for the next request or the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._moves != moves)

    def _serve(self, request: _Request) -> None:
        if request.result.cancelled():
            return
        try:
            picture = self._produce(
                request.index,
                request.width,
                stop=lambda: self._closed or request.result.cancelled(),
            )
        except VideoError as error:
            if request.result.set_running_or_notify_cancel():
                request.result.set_exception(error)
            return
        if picture is None:
            request.result.cancel()
        elif request.result.set_running_or_notify_cancel():
            request.result.set_result(picture)

    def _prefetch(self) -> bool:
        """Prepare one frame near the last requested one; return whether there was one."""
        if self._centre is None or self._prepared > self._cache.limit // 4:
            return False
        target = self._next_target(*self._centre)
        if target is None:
            return False
        try:
            picture = self._produce(
                target, self._centre[1], stop=lambda: self._closed or bool(self._requests)
            )
        except VideoError:
            return True  # stored as a failure, so that it is not tried again
        self._prepared += len(picture or b"")
        return True

    def _next_target(self, centre: int, width: int) -> int | None:
        """Return the frame to prepare next, or ``None``.

        First come the nearest frames that need no other decoder, then those before the shown frame,
        then those further ahead.
        """
        ahead = self._missing(centre, 1, AHEAD, width)
        behind = self._missing(centre, -1, BEHIND, width)
        near = [index for index in ahead if index <= centre + NEAR][:1]
        near += [index for index in behind if self._remembered(index) is not None][:1]
        if near:
            return min(near, key=lambda index: abs(index - centre))
        if behind and behind[0] >= centre - REFILL:
            return behind[-1]
        return ahead[0] if ahead else None

    def _missing(self, centre: int, step: int, count: int, width: int) -> list[int]:
        """Return the frames that are not in the cache, nearest first, up to one that is damaged."""
        missing: list[int] = []
        for index in range(centre, centre + step * (count + 1), step):
            if not 0 <= index < self.info.frames or index in self._failures:
                break
            if PictureKey(self._video, index, width) not in self._cache:
                missing.append(index)
        return missing

    def _produce(self, index: int, width: int, *, stop: Callable[[], bool]) -> bytes | None:
        """Decode, encode and cache a frame; ``None`` if stopped.

        Raises:
            VideoError: It cannot be decoded.
        """
        if self._encoder is None or self._encoder.width != width:
            self._encoder = Encoder(self.info, width)
        try:
            frame = self._remembered(index) or self._read(index, stop)
            if frame is None:
                return None
            picture = self._encoder.jpeg(frame)
        except Exception as error:  # damaged videos fail in many ways; only this frame is affected
            if not isinstance(error, VideoError):
                logger.exception("frame %d of video %s", index, self._video)
                error = VideoError(f"{self.info.path}: frame {index} cannot be decoded ({error})")
            self._failures[index] = error
            raise error from None
        self._cache.put(PictureKey(self._video, index, width), picture)
        return picture

    def _remembered(self, index: int) -> VideoFrame | None:
        frames = (each.remembered(index) for each in self._passes)
        return next((frame for frame in frames if frame is not None), None)

    def _read(self, index: int, stop: Callable[[], bool]) -> VideoFrame | None:
        """Decode up to a frame and return it; ``None`` if stopped.

        Raises:
            VideoError: It cannot be decoded.
        """
        source = self._pass_to(index)
        frame: VideoFrame | None = None
        try:
            while source.position <= index:
                if stop():
                    return None
                frame = source.read()
        except BaseException as error:
            self._passes.remove(source)
            source.close()
            if isinstance(error, VideoError) and source.position < index:
                # A frame on the way is damaged. This one may still be intact.
                return next(self._alone(index))[1]
            raise
        return frame

    def _alone(self, index: int) -> Iterator[tuple[int, VideoFrame]]:
        return stored_frames(self.info, [index])

    def _pass_to(self, index: int) -> _Pass:
        """Return the pass that reaches a frame with the least decoding, usually a new one."""
        key = int(np.searchsorted(self._keys, index, side="right")) - 1
        first = 0 if self.info.clock.by_order or key < 0 else int(self._keys[key])
        usable = [each for each in self._passes if first <= each.position <= index]
        best = max(usable, key=lambda each: each.position, default=None)
        if best is None:
            best = _Pass(self.info, first)
            self._passes.append(best)
            if len(self._passes) > MOST_PASSES:
                self._passes.pop(0).close()
        self._passes.remove(best)
        self._passes.append(best)
        return best
