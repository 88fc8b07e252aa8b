"""The decoded frames of a file as FFmpeg holds them, in increasing order, by index."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import numpy.typing as npt

from jumpscore.errors import VideoError
from jumpscore.video.probe import VideoInfo, open_video, start_offset

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

Damage = Literal["error", "stop"]

MOST_THREADS = 4
"""Decoder threads where the caller names none; each holds frames of its own (3 MB in 1080p)."""


def stored_frames(
    info: VideoInfo,
    wanted: list[int],
    *,
    threads: int = 0,
    damage: Damage = "error",
    motion_vectors: bool = False,
) -> Iterator[tuple[int, VideoFrame]]:
    """Yield (index, frame as stored), decoding forward, jumping ahead where that skips work.

    Args:
        info: The file.
        wanted: Increasing frame indices.
        threads: Decoder threads; 0 is as many as there are cores, up to 4.
        damage: Whether a frame that cannot be decoded raises or ends the stream.
        motion_vectors: Export them as side data, where the codec has them (H.264).

    Raises:
        VideoError: A frame cannot be decoded, under ``damage="error"``.
    """
    if not wanted:
        return
    last_good: float | None = None
    with open_video(info.path) as (container, stream):
        context = stream.codec_context
        # Where several frames are decoded at once, FFmpeg hands out a frame's motion vectors before
        # all of them are there (seen in one frame of ten); slices of one frame are safe.
        context.thread_type = "SLICE" if motion_vectors else "AUTO"
        context.thread_count = threads or min(os.cpu_count() or 1, MOST_THREADS)
        if info.truncated:
            # Threads read ahead, so that an error takes good frames before it away.
            context.thread_count = 1
        if motion_vectors:
            from av.codec.context import Flags2

            context.flags2 |= Flags2.export_mvs
        source = _Source(info, container, stream, wanted)
        for index in wanted:
            frame = source.frame(index)
            if isinstance(frame, str):
                if damage == "stop":
                    return
                good = "there is none" if last_good is None else f"is at {last_good:.2f} s"
                raise VideoError(
                    f"{info.path}: frame {index} at {info.times[index]:.2f} s cannot be decoded "
                    f"({frame}); the last good frame {good}; copy or download the file again"
                )
            last_good = float(info.times[index])
            yield index, frame


def readable_frames(info: VideoInfo) -> int:
    """Return how many frames can be decoded, from the first on: all, where nothing is missing.

    Raises:
        VideoError: Not one.
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
    """The decoded frames of an open file, to be asked for in increasing order."""

    def __init__(
        self,
        info: VideoInfo,
        container: InputContainer,
        stream: VideoStream,
        wanted: list[int],
    ) -> None:
        self._info = info
        self._container = container
        self._stream = stream
        self._times = info.times.tolist()
        self._base = float(stream.time_base or 1)
        self._offset = start_offset(container)
        # AVI stores no presentation times and FFmpeg's guess swaps neighbours where B-frames are
        # packed. A decoder delivers in order of presentation, so there the order is the index.
        self._by_order = container.format.name == "avi"
        self._seeks = not self._by_order
        # The decoder may leave out frames that nobody wants and no other frame refers to. Only in
        # H.264, whose every frame says so itself, and only where time stamps tell frames apart.
        skips = info.codec == "h264" and not self._by_order and len(wanted) < info.frames
        self._needed = frozenset(wanted) if skips else None
        self._done = -1  # the frame decoded last
        self._tainted = False  # a damaged frame was decoded, and no key frame since
        self._frames = self._rewind()

    def frame(self, index: int) -> VideoFrame | str:
        """Return a frame, or why there is none."""
        jumped = self._seeks and self._jump_towards(index)
        found = self._forward(index)
        if jumped and isinstance(found, str):
            # Frames around an open key frame may need those before it: decode everything instead.
            self._seeks = False
            self._done = -1
            self._frames = self._rewind()
            found = self._forward(index)
        return found

    def _forward(self, index: int) -> VideoFrame | str:
        import av

        while True:
            try:
                frame = next(self._frames)
            except StopIteration:
                return "the stream ends before it"
            # PyAV fails so where a damaged file seems to hold further streams.
            except (av.FFmpegError, IndexError) as error:
                return str(error)
            self._tainted = frame.is_corrupt or (self._tainted and not frame.key_frame)
            if frame.pts is None:
                continue
            self._done = self._index(frame.pts)
            if self._done > index:
                return "the frame is missing"
            if self._done == index:
                return "it or a frame before it is damaged" if self._tainted else frame

    def _index(self, pts: int) -> int:
        if self._by_order:
            return self._done + 1
        return _nearest(self._times, pts * self._base - self._offset)

    def _rewind(self) -> Iterator[VideoFrame]:
        self._container.seek(0)
        self._tainted = False
        return self._decoded(self._container.demux(self._stream))

    def _decoded(self, packets: Iterable[Packet]) -> Iterator[VideoFrame]:
        """Yield the frames of packets; unneeded ones may be missing."""
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
                # Good frames before it may still wait for their turn.
                decoded = context.decode(None)
                yield from decoded
                raise
            yield from decoded

    def _jump_towards(self, index: int) -> bool:
        """Go to the last key frame at or before ``index``, if that lies well ahead."""
        info, keys = self._info, self._info.keyframe_times
        key = int(np.searchsorted(keys, info.times[index] + 1e-9)) - 1
        # Two frames of margin: a jump throws away what the decoder has buffered.
        near = info.times[min(self._done + 2, info.frames - 1)]
        if key <= 0 or keys[key] <= near:
            return False
        # Half a frame past the key frame, so that rounding cannot land before it.
        half = 0.5 / info.fps if info.fps else 0.0
        target = (keys[key] + self._offset + half) / self._base
        self._container.seek(int(target), stream=self._stream)
        packets = self._container.demux(self._stream)
        first = next(iter(packets), None)
        if first is None or not self._starts(first, float(keys[key])):
            # Some containers (MPEG-TS) land behind the key frame, and some decoders then make up
            # what they lack without a word: decode everything instead.
            self._seeks = False
            self._done = -1
            self._frames = self._rewind()
            return False
        self._tainted = False
        self._frames = self._decoded(chain([first], packets))
        return True

    def _starts(self, packet: Packet, time: float) -> bool:
        """Whether a packet is the key frame of a time or one before, so that decoding can start."""
        if packet.pts is None or not packet.is_keyframe:
            return False
        return packet.pts * self._base - self._offset < time + 1e-3


def nearest_index(times: npt.NDArray[np.float64], time: float) -> int:
    """Return the index of the frame presented nearest to ``time``.

    >>> nearest_index(np.array([0.0, 0.04, 0.08]), 0.0401)
    1
    """
    return _nearest(times.tolist(), time)


def _nearest(times: list[float], time: float) -> int:
    right = bisect_left(times, time)
    if right == 0:
        return 0
    if right == len(times) or time - times[right - 1] <= times[right] - time:
        return right - 1
    return right


class Converter:
    """Turns decoded frames into upright arrays of one size.

    Colour takes two steps: FFmpeg scales to planar YUV with colour at every pixel, and `to_rgb`
    turns each pixel into RGB for itself. That comes as near to shrinking the full RGB frame (as
    image processors do) as its direct way, in half the time; and because the second step looks at
    one pixel only, blocks may be cut out, kept and moved before it.
    """

    def __init__(self, info: VideoInfo, size: tuple[int, int] | None = None) -> None:
        from av.video.reformatter import VideoReformatter

        width, height = size or (info.width, info.height)
        self._turns = info.rotation // 90
        # Scale before turning: the stored frame is what the scaler sees.
        self._size = (height, width) if self._turns % 2 else (width, height)
        self._reformat: Any = VideoReformatter().reformat

    def grey(self, frame: VideoFrame) -> npt.NDArray[np.uint8]:
        """Return luma, uint8 [H, W]."""
        return np.ascontiguousarray(np.rot90(self._scaled(frame, "gray").to_ndarray(), self._turns))

    def rgb(self, frame: VideoFrame) -> npt.NDArray[np.uint8]:
        """Return RGB, uint8 [H, W, 3]."""
        return to_rgb(self.yuv(frame))

    def yuv(
        self, frame: VideoFrame, out: npt.NDArray[np.uint8] | None = None
    ) -> npt.NDArray[np.uint8]:
        """Return YUV, uint8 [H, W, 3], for `to_rgb`.

        Args:
            frame: As stored.
            out: Where to put it, so that no memory has to be found for it.
        """
        import cv2

        scaled = self._scaled(frame, "yuv444p")
        planes = [
            np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:, : scaled.width]
            for plane in scaled.planes
        ]
        merged: Any = cv2.merge(planes, None if self._turns else out)
        if not self._turns:
            return cast("npt.NDArray[np.uint8]", merged)
        if out is None:
            return np.ascontiguousarray(np.rot90(merged, self._turns))
        np.copyto(out, np.rot90(merged, self._turns))
        return out

    def _scaled(self, frame: VideoFrame, pixel_format: str) -> Any:
        width, height = self._size
        return self._reformat(
            frame, width=width, height=height, format=pixel_format, interpolation="BICUBIC"
        )


def _yuv_to_rgb(red: float = 0.299, blue: float = 0.114) -> npt.NDArray[np.float64]:
    """Return the matrix [3, 4] from 8-bit YUV of limited range, with the offset in the last column.

    Args:
        red: Weight of red in luma, by default that of ITU-R BT.601.
        blue: Weight of blue.
    """
    green = 1 - red - blue
    luma, colour = 255 / 219, 255 / 224
    of_u = [0.0, -2 * (1 - blue) * blue / green * colour, 2 * (1 - blue) * colour]
    of_v = [2 * (1 - red) * colour, -2 * (1 - red) * red / green * colour, 0.0]
    matrix = np.array([[luma] * 3, of_u, of_v]).T
    return np.column_stack([matrix, -matrix @ [16.0, 128.0, 128.0]])


YUV_TO_RGB = _yuv_to_rgb()
"""BT.601, whatever matrix a file names: PyAV, decord and OpenCV read them so, and with them the
models that were trained on what these read."""


def to_rgb(
    picture: npt.NDArray[np.uint8], out: npt.NDArray[np.uint8] | None = None
) -> npt.NDArray[np.uint8]:
    """Turn YUV, uint8 [H, W, 3], into RGB pixel by pixel; ``out`` may be the picture itself."""
    import cv2

    converted: Any = cv2.transform(picture, YUV_TO_RGB, out)
    return cast("npt.NDArray[np.uint8]", converted)
