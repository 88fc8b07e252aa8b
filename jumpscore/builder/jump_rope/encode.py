"""Encoding: frame clocks, a streaming writer (H.264, H.265) and rotation metadata.

Only the encoder's own few frames are in memory. The encoders run in one thread, so that equal
frames give equal bytes in the same environment.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.draw import Image
from jumpscore.builder.jump_rope.specs import ClipSpec, Codec
from jumpscore.video.encode import EXACT_X264

VFR_TIME_BASE = Fraction(1, 90_000)

_OPTIONS: dict[str, dict[str, str]] = {
    "h264": {
        "preset": "veryfast",
        "crf": "23",
        "threads": "1",
        "g": "100",
        "bf": "2",
        "x264-params": EXACT_X264,
    },
    "h265": {
        "preset": "ultrafast",
        "crf": "26",
        "threads": "1",
        "x265-params": "pools=none:frame-threads=1:keyint=100:bframes=2:log-level=error",
    },
}
_ENCODER = {"h264": "libx264", "h265": "libx265"}
_TURN = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclass(frozen=True)
class FrameClock:
    """Presentation times of a clip's frames.

    Attributes:
        time_base: Seconds per tick.
        ticks: int64 [T], strictly increasing, the first is 0.
        rate: Nominal (VFR: average) frames per second.
        end: Tick at which the last frame's display ends.
    """

    time_base: Fraction
    ticks: NDArray[np.int64]
    rate: Fraction
    end: int

    @property
    def times(self) -> NDArray[np.float64]:
        """Presentation times in seconds, [T]."""
        base = self.time_base
        return self.ticks.astype(np.float64) * base.numerator / base.denominator

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the end of the last."""
        return float(self.end * self.time_base)


def frame_rate(fps: float) -> Fraction:
    """The exact rate behind a decimal one: 29.97 is 30000/1001, 25.0 is 25."""
    nearest = round(fps)
    if abs(fps - nearest) < 1e-6:
        return Fraction(nearest)
    if abs(fps - nearest * 1000 / 1001) < 0.006:
        return Fraction(nearest * 1000, 1001)
    return Fraction(fps).limit_denominator(1001)


def frame_clock(spec: ClipSpec) -> FrameClock:
    """The clip's frame times: regular, or irregular if its tags include ``vfr``.

    An irregular clip resembles a phone's: intervals vary by up to 30 percent, one in sixteen drops
    a frame or two, and in the dark second third intervals are longer.
    """
    rate = frame_rate(spec.fps)
    count = max(2, round(spec.duration * rate))
    if not spec.has("vfr"):
        return FrameClock(1 / rate, np.arange(count, dtype=np.int64), rate, count)
    rng = spec.rng("clock")
    nominal = 1 / (VFR_TIME_BASE * rate)
    factor = 1.0 + rng.uniform(-0.3, 0.3, count)
    factor *= np.where(rng.random(count) < 1 / 16, rng.integers(2, 4, count), 1)
    factor[count // 3 : 2 * count // 3] *= 1.35
    steps = np.rint(factor * float(nominal)).astype(np.int64)
    ticks = np.cumsum(steps) - steps[0]
    last = int(spec.duration / VFR_TIME_BASE)
    ticks = ticks[ticks < last]
    average = Fraction(len(ticks) * VFR_TIME_BASE.denominator, last).limit_denominator(1000)
    return FrameClock(VFR_TIME_BASE, ticks, average, last)


class VideoWriter:
    """Writes RGB frames to an mp4 file, one at a time; use it as a context manager.

    Args:
        path: The file to write; an existing one is replaced.
        size: Displayed width and height in pixels, both even.
        codec: ``"h264"`` or ``"h265"``.
        clock: Presentation times of the frames.
        rotation: Clockwise degrees (0, 90, 180, 270) by which a player has to turn stored frames.
            The writer receives upright frames, stores them turned the other way and writes the
            rotation into the file's display matrix. FFmpeg counts anticlockwise: PyAV's
            ``frame.rotation`` of such a file is -rotation (180 may be read as -180).
        options: Encoder options that differ from the usual ones; an empty value removes one.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        codec: Codec,
        clock: FrameClock,
        rotation: int = 0,
        *,
        options: Mapping[str, str] | None = None,
    ) -> None:
        if rotation not in (0, 90, 180, 270):
            raise ValueError(f"rotation={rotation}; allowed: 0, 90, 180, 270")
        self._path, self._clock, self._rotation, self._next = path, clock, rotation, 0
        self._size = size
        width, height = size if rotation in (0, 180) else size[::-1]
        settings = {**_OPTIONS[codec], **(options or {})}
        settings = {key: value for key, value in settings.items() if value}
        self._container = av.open(str(path), mode="w", format="mp4")
        stream: Any = self._container.add_stream(_ENCODER[codec], rate=clock.rate, options=settings)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = clock.time_base
        stream.time_base = clock.time_base
        stream.codec_context.thread_count = 1
        # What OpenCV's fixed-point conversion below produces: BT.601, limited range.
        stream.codec_context.colorspace = 5
        stream.codec_context.color_range = 1
        if codec == "h265":
            stream.codec_context.codec_tag = "hvc1"
        self._stream = stream

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._container.close()
            return
        self._mux(self._stream.encode(None))
        self._container.close()
        if self._rotation:
            write_rotation(self._path, self._rotation)

    def write(self, image: Image) -> None:
        """Appends a frame, uint8 [H, W, 3] RGB, upright and of the displayed size.

        Raises:
            ValueError: The size is wrong, or there are more frames than the clock has.
        """
        if image.shape != (self._size[1], self._size[0], 3):
            raise ValueError(
                f"frame of shape {image.shape}; expected height, width of {self._size}"
            )
        if self._next >= len(self._clock.ticks):
            raise ValueError(f"frame {self._next} is beyond the clock's {len(self._clock.ticks)}")
        if self._rotation:
            image = cv2.rotate(image, _TURN[(360 - self._rotation) % 360])  # type: ignore[assignment]
        frame = yuv_frame(image)
        frame.pts = int(self._clock.ticks[self._next])
        frame.time_base = self._clock.time_base
        self._next += 1
        self._mux(self._stream.encode(frame))

    def _mux(self, packets: list[av.Packet[Any]]) -> None:
        """Writes packets with the clock's durations; the muxer could only guess the last one."""
        for packet in packets:
            if packet.pts is not None:
                following = int(np.searchsorted(self._clock.ticks, packet.pts, side="right"))
                inside = following < len(self._clock.ticks)
                end = int(self._clock.ticks[following]) if inside else self._clock.end
                packet.duration = end - packet.pts
            self._container.mux(packet)


def yuv_frame(image: Image) -> av.VideoFrame:
    """An RGB image as a 4:2:0 frame.

    The planes are filled by hand, including row padding: x264 reads slightly beyond the width of
    frames that are not a multiple of its blocks, and those values change its decisions.
    """
    height, width = image.shape[:2]
    packed = cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420).reshape(-1)
    frame = av.VideoFrame(width, height, "yuv420p")
    start = 0
    for plane in frame.planes:
        w, h = plane.width, plane.height
        target = np.frombuffer(plane, dtype=np.uint8)  # type: ignore[call-overload]
        rows = target[: h * plane.line_size].reshape(h, plane.line_size)
        rows[:, :w] = packed[start : start + w * h].reshape(h, w)
        rows[:, w:] = rows[:, w - 1 : w]
        target[h * plane.line_size :] = 0
        start += w * h
    return frame


def write_rotation(path: Path, rotation: int) -> None:
    """Writes a clockwise rotation into the display matrix of every track of an mp4 file.

    The matrix is nine big-endian words at the end of the track header box (ISO/IEC 14496-12,
    8.3.2): ``a b u / c d v / x y w`` with 16.16 fixed point, ``x' = a x + c y + tx``.

    Raises:
        ValueError: Rotation other than 0, 90, 180, 270, or no track header in the file.
    """
    cosine, sine = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}.get(rotation, (0, 0))
    if cosine == sine:
        raise ValueError(f"rotation={rotation}; allowed: 0, 90, 180, 270")
    with path.open("r+b") as file:
        headers = [
            offset
            for moov in _boxes(file, 0, path.stat().st_size, b"moov")
            for trak in _boxes(file, *moov, b"trak")
            for offset, _ in _boxes(file, *trak, b"tkhd")
        ]
        if not headers:
            raise ValueError(f"{path} has no track header (tkhd); is it an mp4 file?")
        for offset in headers:
            file.seek(offset)
            version = file.read(1)[0]
            matrix = offset + (40 if version == 0 else 52)
            file.seek(matrix + 36)
            stored_w, stored_h = (v >> 16 for v in struct.unpack(">II", file.read(8)))
            # The shift keeps the turned picture in the positive quadrant.
            tx = {90: stored_h, 180: stored_w}.get(rotation, 0)
            ty = {180: stored_h, 270: stored_w}.get(rotation, 0)
            a, b = cosine << 16, sine << 16
            file.seek(matrix)
            file.write(struct.pack(">9i", a, b, 0, -b, a, 0, tx << 16, ty << 16, 1 << 30))


def _boxes(file: BinaryIO, start: int, end: int, kind: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of the contents of every box of a kind between two offsets."""
    while start + 8 <= end:
        file.seek(start)
        size, name = struct.unpack(">I4s", file.read(8))
        header = 8
        if size == 1:  # a 64-bit size follows
            size, header = struct.unpack(">Q", file.read(8))[0], 16
        elif size == 0:  # to the end of the file
            size = end - start
        if size < header:
            return
        if name == kind:
            yield start + header, start + size
        start += size
