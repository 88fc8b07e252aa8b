"""What a video file holds, read from its packets without decoding a frame."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jumpscore.errors import VideoError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.video.stream import VideoStream

RATE_JITTER = 0.1
"""Share of the median frame gap by which a gap may differ in a clip that counts as constant-rate.

Containers with millisecond clocks (Matroska, WebM) round every time, so exact equality would call
nearly all of them variable.
"""
MISSING_SECONDS = 0.5
"""Seconds that may be missing at the end besides; headers round."""
LONGEST_VIDEO = 86_400.0
"""Seconds; time stamps beyond a day are damaged, and would make grids and signals endless."""
MISSING_SHARE = 0.02
"""Share of the declared frames that may be missing before a file counts as truncated."""


@dataclass(frozen=True)
class VideoInfo:
    """Facts about the first video stream of a file.

    Attributes:
        path: The file.
        width: Displayed width in pixels, after rotation and with square pixels.
        height: Displayed height in pixels.
        coded_size: (width, height) as stored.
        rotation: Degrees, counter-clockwise, by which stored frames are turned for display
            (0, 90, 180 or 270).
        codec: Canonical name of the codec (``h264``, ``hevc``, ``vp9``, ``av1``), whatever decodes
            it.
        times: Presentation time of every frame in seconds, float64 [frames], increasing; 0 is the
            start of the container's time line.
        bits: Size of every frame in the file in bits, int64 [frames], in the order of ``times``:
            what the frame cost, joined to it by presentation time.
        keyframe_times: Times of the frames at which decoding can start, float64.
        duration: Seconds from 0 to the end of the last frame.
        truncated: What is missing, where the file ends before its own header says; else ``None``.
    """

    path: Path
    width: int
    height: int
    coded_size: tuple[int, int]
    rotation: int
    codec: str
    times: npt.NDArray[np.float64]
    bits: npt.NDArray[np.int64]
    keyframe_times: npt.NDArray[np.float64]
    duration: float
    truncated: str | None

    def require_whole(self) -> VideoInfo:
        """Return the same facts.

        Raises:
            VideoError: The file is cut off.
        """
        if self.truncated:
            raise VideoError(
                f"{self.path}: the file is cut off, the last good frame is at "
                f"{self.times[-1]:.2f} s ({self.truncated}); copy or download it again"
            )
        return self

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.times)

    @cached_property
    def fps(self) -> float:
        """Average frames per second; 0.0 for a single frame without a length."""
        span = float(self.times[-1] - self.times[0])
        if len(self.times) > 1 and span > 0:
            return (len(self.times) - 1) / span
        return len(self.times) / self.duration if self.duration > 0 else 0.0

    @cached_property
    def constant_rate(self) -> bool:
        """Whether all frames are equally far apart, up to the rounding of container clocks."""
        gaps = np.diff(self.times)
        if len(gaps) == 0:
            return True
        median = float(np.median(gaps))
        # A clock of 1 ms moves a gap by up to 1 ms whatever the rate.
        return bool(np.all(np.abs(gaps - median) <= max(RATE_JITTER * median, 0.0011)))


def probe(path: str | Path) -> VideoInfo:
    """Read what a video holds: sizes, rotation, and the presentation time of every frame.

    Demuxes the whole file (0.06 s for 30 s of 1080p) because headers lie: about frame counts, and
    about a rate where there is none.

    Raises:
        VideoError: The file is missing, empty, damaged or has no video frames.
    """
    path = Path(path)
    with open_video(path) as (container, stream):
        packets = _read_packets(path, container, stream)
        _checked(path, packets.end)
        rotation, aspect = _display(path, container, stream)
        coded = (stream.codec_context.width, stream.codec_context.height)
        codec = stream.codec_context.codec.canonical_name
    width, height = display_size(coded, rotation=rotation, aspect=aspect)
    return VideoInfo(
        path=path,
        width=width,
        height=height,
        coded_size=coded,
        rotation=rotation,
        codec=codec,
        times=packets.times,
        bits=packets.bits,
        keyframe_times=packets.keyframe_times,
        duration=packets.end,
        truncated=packets.missing,
    )


def header_duration(path: str | Path) -> float | None:
    """Return the length in seconds that a file's header states, without reading the file.

    Raises:
        VideoError: The file is missing, empty or no video.
    """
    with open_video(Path(path)) as (container, _):
        seconds = None if container.duration is None else container.duration / 1_000_000
    return _checked(Path(path), seconds)


def _checked(path: Path, duration: float | None) -> float | None:
    """Return a duration that can be true.

    Raises:
        VideoError: It is longer than a day.
    """
    if duration is not None and not duration <= LONGEST_VIDEO:
        raise VideoError(
            f"{path}: claims to last {duration:.0f} s; its time stamps are damaged, write it anew"
        )
    return duration


def display_size(
    coded: tuple[int, int], *, rotation: int, aspect: Fraction = Fraction(1)
) -> tuple[int, int]:
    """Return (width, height) as shown: square pixels first, then turned.

    >>> display_size((1440, 1080), rotation=90, aspect=Fraction(4, 3))
    (1080, 1920)
    """
    width, height = coded
    width = max(1, round(width * aspect))
    return (height, width) if rotation % 180 == 90 else (width, height)


class open_video:  # noqa: N801 - used like the built-in open()
    """Open a file and its first video stream, with errors that name the file and the reason."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> tuple[InputContainer, VideoStream]:
        """Open the file.

        Raises:
            VideoError: The file is missing, empty, no media file, or holds no video.
        """
        import av

        path = self._path
        try:
            there = path.exists()
        except (OSError, ValueError) as error:
            raise VideoError(f"{str(path)[:200]}: is no path ({error})") from error
        if not there:
            raise VideoError(f"{path}: no such video file; check the path")
        if path.is_dir():
            raise VideoError(f"{path}: is a folder; name a video file")
        if path.stat().st_size == 0:
            raise VideoError(f"{path}: the file is empty (0 bytes); copy or download it again")
        try:
            # Absolute, so that a colon in a name is no protocol.
            container = av.open(str(path.absolute()), metadata_errors="replace")
        except (av.FFmpegError, OSError, ValueError) as error:
            raise VideoError(
                f"{path}: cannot be opened as a video ({_reason(error)}); "
                "it is damaged, cut off or of an unknown format"
            ) from error
        self._container = container
        # A cover is a picture that never moves.
        moving = [stream for stream in container.streams.video if not _is_cover(stream)]
        if not moving:
            kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
            container.close()
            raise VideoError(f"{path}: holds no video stream (only {kinds})")
        if moving[0].codec_context is None:
            container.close()
            raise VideoError(f"{path}: its codec is unknown here; convert it to H.264, say")
        return container, moving[0]

    def __exit__(self, *_: object) -> None:
        self._container.close()


def _is_cover(stream: VideoStream) -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def start_offset(container: InputContainer) -> float:
    """Return the seconds to subtract from time stamps so that the container's line starts at 0.

    A negative start (the priming samples of an audio track) does not move the video.
    """
    return max(0.0, (container.start_time or 0) / 1_000_000)


@dataclass(frozen=True, slots=True)
class _Packets:
    """What the packets of a file say; fields as in ``VideoInfo``."""

    times: npt.NDArray[np.float64]
    bits: npt.NDArray[np.int64]
    keyframe_times: npt.NDArray[np.float64]
    end: float
    missing: str | None


def _read_packets(path: Path, container: InputContainer, stream: VideoStream) -> _Packets:
    """Demux the whole file; what cannot be read any more is named as missing."""
    base = float(stream.time_base or 0)
    offset = start_offset(container)
    times: list[float] = []
    sizes: list[int] = []
    keys: list[float] = []
    end, present = 0.0, 0
    broken: str | None = None
    for packet in _packets(container, stream):
        if isinstance(packet, str):
            broken = packet
            break
        if packet.pts is None or packet.size == 0:
            continue
        present += 1
        # Left out by an edit list: there, but never shown.
        if getattr(packet, "is_discard", False):
            continue
        time = packet.pts * base - offset
        times.append(time)
        sizes.append(packet.size * 8)
        if packet.is_keyframe:
            keys.append(time)
        end = max(end, time + (packet.duration or 0) * base)
    if not times:
        raise VideoError(
            f"{path}: no video frame could be read ({broken or 'the stream is empty'})"
        )
    # Packets of one time (the two fields of an interlaced picture) are one frame.
    ordered, place = np.unique(np.asarray(times, dtype=np.float64), return_inverse=True)
    bits = np.bincount(place, weights=sizes).astype(np.int64)
    if end <= ordered[-1] and len(ordered) > 1:
        end = float(ordered[-1] + np.median(np.diff(ordered)))
    declared = stream.frames
    promised = _promised_end(container, stream)
    few = present < declared * (1 - MISSING_SHARE)
    # An edit list may leave frames out, so that fewer are there than the file holds; the last one
    # then still ends where the header says.
    gap = (ordered[-1] - ordered[0]) / max(1, len(ordered) - 1)
    if broken is None and few and (not promised or end < promised - 1.5 * gap):
        broken = f"{present} of {declared} frames are there"
    elif broken is None and end < promised * (1 - MISSING_SHARE) - MISSING_SECONDS:
        broken = f"it ends at {end:.2f} s, the header says {promised:.2f} s"
    keyframe_times = np.sort(np.asarray(keys, dtype=np.float64))
    return _Packets(ordered, bits, keyframe_times, float(end), broken)


def _promised_end(container: InputContainer, stream: VideoStream) -> float:
    """Return when the video ends as the header says, in seconds; 0.0 where it says nothing.

    Matroska counts no frames; it tags streams with a length, and the file as a whole. The whole
    counts only where there is no other stream that could be the longer one.
    """
    if stream.duration:
        return float(stream.duration * (stream.time_base or 0))
    tag = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if tag:
        return int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3])
    alone = len(container.streams) == 1
    return (container.duration or 0) / 1_000_000 if alone else 0.0


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[Any]:
    """Yield packets; where reading fails, yield the reason as text and stop."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            yield next(packets)
        except StopIteration:
            return
        # PyAV fails so where a damaged file seems to hold further streams.
        except (av.FFmpegError, IndexError) as error:
            yield _reason(error)
            return


def _display(path: Path, container: InputContainer, stream: VideoStream) -> tuple[int, Fraction]:
    """Return rotation in degrees counter-clockwise and the pixel aspect, from the first frame."""
    import av

    try:
        container.seek(0)
        for frame in container.decode(stream):
            aspect = stream.sample_aspect_ratio or frame_aspect(stream)
            return int(frame.rotation) % 360, Fraction(aspect or 1)
    except av.FFmpegError as error:
        raise VideoError(f"{path}: the first frame cannot be decoded ({_reason(error)})") from error
    raise VideoError(f"{path}: no frame could be decoded")


def frame_aspect(stream: VideoStream) -> Fraction | None:
    """Return the pixel aspect ratio that the codec states, where the container states none."""
    return stream.codec_context.sample_aspect_ratio


def _reason(error: BaseException) -> str:
    """Return FFmpeg's words without the file name, which the message already holds."""
    return str(getattr(error, "strerror", None) or error).split(": '")[0]
