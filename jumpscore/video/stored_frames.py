"""Decode frames by index, in increasing order, as FFmpeg stores them: not converted or rotated."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from jumpscore.errors import VideoError
from jumpscore.video.containers import open_video
from jumpscore.video.probe import VideoInfo
from jumpscore.video.repaired_timeline import decoded_in_order
from jumpscore.video.timeline import fed, rewind

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

Damage = Literal["error", "stop"]

MOST_THREADS = 4
"""Default limit of decoder threads; each has frames of its own in memory (3 MB in 1080p)."""


def stored_frames(
    info: VideoInfo,
    indices: list[int],
    *,
    threads: int = 0,
    damage: Damage = "error",
    motion_vectors: bool = False,
) -> Iterator[tuple[int, VideoFrame]]:
    """Yield (index, stored frame); the decoder seeks ahead if that saves work.

    Args:
        info: The file.
        indices: Frame indices in increasing order.
        threads: Decoder threads; 0 uses one per core, up to 4.
        damage: Whether a frame that cannot be decoded raises or ends the stream.
        motion_vectors: Whether to export motion vectors as side data (H.264 only).

    Raises:
        VideoError: A frame cannot be decoded, under ``damage="error"``.
    """
    if not indices:
        return
    if info.window is not None:
        # The file is read on its own clock, so that seeking and repairs work as without windows.
        first = info.window.first
        moved = [index + first for index in indices]
        whole = stored_frames(
            info.window.whole, moved, threads=threads, damage=damage, motion_vectors=motion_vectors
        )
        yield from ((index - first, stored) for index, stored in whole)
        return
    last_good: float | None = None
    with open_video(info.path, info.track) as (container, stream):
        context = stream.codec_context
        # If FFmpeg decodes several frames at once, the motion vectors of a frame may be incomplete
        # (seen in one frame out of ten). Threads for the slices of one frame are safe.
        context.thread_type = "SLICE" if motion_vectors else "AUTO"
        context.thread_count = threads or min(os.cpu_count() or 1, MOST_THREADS)
        if info.truncated:
            # Threads read ahead, so an error would also drop intact frames before it.
            context.thread_count = 1
        if motion_vectors:
            from av.codec.context import Flags2

            context.flags2 |= Flags2.export_mvs
        source = _Source(info, container, stream, indices)
        for index in indices:
            frame = source.frame(index)
            if isinstance(frame, str):
                if damage == "stop":
                    return
                good = "none" if last_good is None else f"at {last_good:.2f} s"
                raise VideoError(
                    f"{info.path}: frame {index} at {info.times[index]:.2f} s cannot be decoded "
                    f"({frame}; last intact frame: {good}); copy or download the file again"
                )
            last_good = float(info.times[index])
            yield index, frame


def readable_frames(info: VideoInfo) -> int:
    """Return how many frames can be decoded from the first on; all, if the file is complete.

    Raises:
        VideoError: No frame can be decoded.
    """
    if not info.truncated:
        return info.frames
    good = 0
    for index, _ in stored_frames(info, list(range(info.frames)), damage="stop"):
        good = index + 1
    if good == 0:
        raise VideoError(
            f"{info.path}: no frame can be decoded ({info.truncated}); copy or download it again"
        )
    return good


class _Source:
    """The decoded frames of an open file, for reading in increasing order."""

    def __init__(
        self,
        info: VideoInfo,
        container: InputContainer,
        stream: VideoStream,
        indices: list[int],
    ) -> None:
        self._info = info
        self._container = container
        self._stream = stream
        self._times = info.times.tolist()
        self._base = float(stream.time_base or 1)
        self._offset = info.clock.offset
        self._by_order = info.clock.by_order
        # The decoder may skip frames that are neither requested nor referred to. This is safe only
        # in H.264, where every frame states whether it is referred to, with valid time stamps.
        skips = info.codec == "h264" and not self._by_order and len(indices) < info.frames
        self._needed = frozenset(indices) if skips else None
        self._restart()
        self._seeks = not self._by_order

    def _restart(self) -> None:
        """Decode from the beginning, from now on without seeking."""
        self._seeks = False
        self._done = -1  # the frame decoded last
        self._tainted = False  # a damaged frame was decoded, and no key frame since
        clock = self._info.clock
        if not clock.by_order:  # otherwise the file is read only once
            rewind(self._container, clock)
        packets = self._container.demux(self._stream)
        if clock.by_order:
            self._frames = decoded_in_order(self._stream, packets, clock)
        else:
            self._frames = self._decoded(packet for _, packet in fed(packets, clock))

    def frame(self, index: int) -> VideoFrame | str:
        """Return a frame, or why it cannot be decoded."""
        sought = self._seeks and self._seek_towards(index)
        frame = self._forward(index)
        if sought and isinstance(frame, str):
            # Frames around an open key frame may refer to earlier ones: decode everything instead.
            self._restart()
            frame = self._forward(index)
        return frame

    def _forward(self, index: int) -> VideoFrame | str:
        import av

        while True:
            try:
                frame = next(self._frames)
            except StopIteration:
                return "the stream ends before it"
            # PyAV raises IndexError if a damaged file seems to contain further streams.
            except (av.FFmpegError, IndexError) as error:
                return str(error)
            self._tainted = frame.is_corrupt or (self._tainted and not frame.key_frame)
            if frame.pts is None and not self._by_order:
                continue
            self._done = self._index(frame.pts)
            if self._done > index:
                return "the frame is missing"
            if self._done == index:
                return "it or a frame before it is damaged" if self._tainted else frame

    def _index(self, pts: int | None) -> int:
        if self._by_order or pts is None:
            return self._done + 1
        return nearest_index(self._times, pts * self._base - self._offset)

    def _decoded(self, packets: Iterable[Any]) -> Iterator[VideoFrame]:
        """Yield the frames of packets; frames that are not needed may be missing."""
        import av

        context = self._stream.codec_context
        for packet in packets:
            if self._needed is not None and packet.pts is not None:
                needed = self._index(packet.pts) in self._needed
                context.skip_frame = "DEFAULT" if needed else "NONREF"
            decoded: Any  # of a video stream: frames
            try:
                decoded = packet.decode()
            except av.FFmpegError:
                # The decoder may still have intact frames from before the error.
                decoded = context.decode(None)
                yield from decoded
                raise
            yield from decoded

    def _seek_towards(self, index: int) -> bool:
        """Seek to the last key frame at or before ``index`` if it is well ahead."""
        info, keys = self._info, self._info.keyframe_times
        key = int(np.searchsorted(keys, info.times[index] + 1e-9)) - 1
        # Two frames of margin, because seeking discards the decoder's buffer.
        position = info.times[min(self._done + 2, info.frames - 1)]
        if key <= 0 or keys[key] <= position:
            return False
        # Half a frame past the key frame, so that rounding cannot end up before it.
        half = 0.5 / info.fps if info.fps else 0.0
        target = (keys[key] + self._offset + half) / self._base
        self._container.seek(int(target), stream=self._stream)
        packets = self._container.demux(self._stream)
        first = next(iter(packets), None)
        if first is None or not self._starts(first, float(keys[key])):
            # In some containers (MPEG-TS) the position is after the key frame, and some decoders
            # then invent the missing frames without an error: decode everything instead.
            self._restart()
            return False
        self._tainted = False
        self._frames = self._decoded(chain([first], packets))
        return True

    def _starts(self, packet: Any, time: float) -> bool:
        """Whether a packet is a key frame at or before a time, so that decoding can start there."""
        if packet.pts is None or not packet.is_keyframe:
            return False
        return bool(packet.pts * self._base - self._offset < time + 1e-3)


def nearest_index(times: Sequence[float] | npt.NDArray[np.float64], time: float) -> int:
    """Return the index of the frame presented nearest to ``time``; the earlier one of a tie.

    >>> nearest_index([0.0, 0.04, 0.08], 0.0401)
    1
    """
    right = bisect_left(times, time)
    if right == 0:
        return 0
    if right == len(times) or time - times[right - 1] <= times[right] - time:
        return right - 1
    return right
