"""Decoding behind one interface: frames with their true times, upright, one at a time.

``decode`` streams; nothing here ever holds more than a few frames. PyAV is the default backend;
``decord`` is an option for random access and gives the same frames and times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from jumpscore.errors import UsageError, VideoError
from jumpscore.video.probe import VideoInfo, open_video, probe, start_offset

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

Backend = Literal["pyav", "decord"]
Damage = Literal["error", "stop"]
BACKENDS: tuple[Backend, ...] = ("pyav", "decord")


@dataclass(frozen=True, slots=True)
class Frame:
    """Pixels with their time.

    Attributes:
        index: Place among the frames of the video, in order of presentation, from 0.
        time: Presentation time in seconds.
        pixels: uint8, RGB [H, W, 3] or, where grey was asked for, luma [H, W].
    """

    index: int
    time: float
    pixels: npt.NDArray[np.uint8]


def decode(
    path: str | Path,
    indices: Sequence[int] | None = None,
    *,
    size: tuple[int, int] | None = None,
    grey: bool = False,
    threads: int = 0,
    damage: Damage = "error",
    backend: Backend = "pyav",
    info: VideoInfo | None = None,
) -> Iterator[Frame]:
    """Yield frames in order of presentation, upright and with square pixels.

    Args:
        path: A video file.
        indices: Frames wanted, increasing; ``None`` for all.
        size: (width, height) in displayed pixels to scale to (bicubic); ``None`` for full size.
        grey: Luma [H, W] instead of RGB [H, W, 3].
        threads: Decoder threads; 0 lets FFmpeg choose. Pixels do not depend on it.
        damage: What a frame that cannot be decoded means: ``"error"`` raises, ``"stop"`` ends the
            stream there (nothing is made up in either case).
        backend: ``"pyav"`` or ``"decord"``.
        info: The file's ``probe``, where the caller has it already.

    Raises:
        VideoError: The file cannot be read, or not to the end under ``damage="error"``.
        UsageError: ``indices`` do not increase or name frames that the video has not.
    """
    info = info or probe(path)
    wanted = _check_indices(indices, info)
    if damage == "error" and indices is None:
        info.require_whole()
    if backend == "pyav":
        return _decode_pyav(info, wanted, size=size, grey=grey, threads=threads, damage=damage)
    if backend == "decord":
        if damage != "error":
            raise UsageError(f"backend 'decord' knows no damage={damage!r}; use 'pyav'")
        from jumpscore.video.decord_backend import decode_decord

        pictures = decode_decord(info, wanted, size=size, grey=grey)
        return (
            Frame(index=index, time=float(info.times[index]), pixels=pixels)
            for index, pixels in zip(wanted, pictures, strict=True)
        )
    raise UsageError(f"unknown backend {backend!r}; known: {', '.join(BACKENDS)}")


def _check_indices(indices: Sequence[int] | None, info: VideoInfo) -> list[int]:
    if indices is None:
        return list(range(info.frames))
    wanted = [int(index) for index in indices]
    if any(later <= earlier for earlier, later in pairwise(wanted)):
        raise UsageError(f"frame indices must increase, got {wanted[:8]}")
    if wanted and not 0 <= wanted[0] <= wanted[-1] < info.frames:
        raise UsageError(
            f"{info.path}: frames {wanted[0]}..{wanted[-1]} were asked for, "
            f"the video has 0..{info.frames - 1}"
        )
    return wanted


def _decode_pyav(
    info: VideoInfo,
    wanted: list[int],
    *,
    size: tuple[int, int] | None,
    grey: bool,
    threads: int,
    damage: Damage,
) -> Iterator[Frame]:
    """Decode forward, jumping to a later key frame where that skips work."""
    if not wanted:
        return
    convert = _Converter(info, size=size, grey=grey)
    last_good = 0.0
    with open_video(info.path) as (container, stream):
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        source = _Source(info, container, stream)
        for index in wanted:
            frame = source.frame(index)
            if isinstance(frame, str):
                if damage == "stop":
                    return
                raise VideoError(
                    f"{info.path}: frame {index} at {info.times[index]:.2f} s cannot be decoded "
                    f"({frame}); the last good frame is at {last_good:.2f} s; copy or download "
                    "the file again"
                )
            last_good = float(info.times[index])
            yield Frame(index=index, time=last_good, pixels=convert(frame))


class _Source:
    """The decoded frames of an open file, to be asked for in increasing order."""

    def __init__(self, info: VideoInfo, container: InputContainer, stream: VideoStream) -> None:
        self._info = info
        self._container = container
        self._stream = stream
        self._base = stream.time_base or Fraction(1)
        self._offset = start_offset(container)
        # AVI stores no presentation times and FFmpeg's guess swaps neighbours where B-frames are
        # packed. A decoder delivers in order of presentation, so there the order is the index.
        self._by_order = container.format.name == "avi"
        self._seeks = not self._by_order
        self._done = -1  # the frame decoded last
        self._frames = self._rewind()

    def frame(self, index: int) -> VideoFrame | str:
        """Return a frame, or why there is none."""
        jumped = self._seeks and self._jump_towards(index)
        found = self._forward(index)
        if jumped and isinstance(found, str):
            # Some containers (MPEG-TS) land behind the key frame: decode everything instead.
            self._seeks = False
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
            except av.FFmpegError as error:
                return str(error)
            if frame.pts is None:
                continue
            self._done = self._index(frame.pts)
            if self._done > index:
                return "the frame is missing"
            if self._done == index:
                return "the frame is damaged" if frame.is_corrupt else frame

    def _index(self, pts: int) -> int:
        if self._by_order:
            return self._done + 1
        return nearest_index(self._info.times, float(pts * self._base) - self._offset)

    def _rewind(self) -> Iterator[VideoFrame]:
        self._container.seek(0)
        return self._container.decode(self._stream)

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
        target = (keys[key] + self._offset + half) / float(self._base)
        self._container.seek(int(target), stream=self._stream)
        self._frames = self._container.decode(self._stream)
        return True


def nearest_index(times: npt.NDArray[np.float64], time: float) -> int:
    """Return the index of the frame presented nearest to ``time``.

    >>> nearest_index(np.array([0.0, 0.04, 0.08]), 0.0401)
    1
    """
    right = int(np.searchsorted(times, time))
    if right == 0:
        return 0
    if right == len(times) or time - times[right - 1] <= times[right] - time:
        return right - 1
    return right


class _Converter:
    """Turns decoded frames into upright RGB or luma arrays of one size."""

    def __init__(self, info: VideoInfo, *, size: tuple[int, int] | None, grey: bool) -> None:
        from av.video.reformatter import VideoReformatter

        width, height = size or (info.width, info.height)
        self._turns = info.rotation // 90
        # Scale before turning: the stored frame is what the scaler sees.
        self._size = (height, width) if self._turns % 2 else (width, height)
        self._format = "gray" if grey else "rgb24"
        self._reformat: Any = VideoReformatter().reformat

    def __call__(self, frame: VideoFrame) -> npt.NDArray[np.uint8]:
        width, height = self._size
        scaled = self._reformat(
            frame, width=width, height=height, format=self._format, interpolation="BICUBIC"
        )
        pixels: npt.NDArray[np.uint8] = scaled.to_ndarray()
        return np.ascontiguousarray(np.rot90(pixels, self._turns)) if self._turns else pixels
