"""Probe a video file: its facts come from its packets, and frames are decoded only if needed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jumpscore.errors import VideoError
from jumpscore.video.containers import MOV, joined_files, open_video, segment_missing, video_tracks
from jumpscore.video.orientation import Orientation, orientation_of
from jumpscore.video.repaired_timeline import by_decoding
from jumpscore.video.timeline import (
    BROADCAST,
    REPAIRS,
    Clock,
    Timeline,
    by_stamps,
    decide_clock,
    read_packets,
)

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

RATE_JITTER = 0.1
"""Largest relative deviation from the median frame gap in a clip of constant rate.

Containers with millisecond clocks (Matroska, WebM) round every time, so nearly all of their files
would fail a test for equality.
"""
MISSING_SECONDS = 0.5
"""Seconds that may be missing at the end in addition, because headers round."""
OTHER_TRACKS = "other video tracks not read"
NOT_A_QUARTER = "display matrix rounded to the nearest of the eight orientations"
NOTES = frozenset({*REPAIRS, OTHER_TRACKS, NOT_A_QUARTER})
"""All notes of a ``VideoInfo``."""
MATROSKA = "matroska,webm"
LONGEST_VIDEO = 86_400.0
"""Longest supported video in seconds; longer ones have damaged time stamps and would need too much
memory."""
MISSING_SHARE = 0.02
"""Share of the declared frames that may be missing before a file counts as truncated."""


@dataclass(frozen=True)
class VideoWindow:
    """The place of a window in its video.

    Attributes:
        whole: The whole video.
        first: Index in it of the window's first frame.
        span: (start, end) of the window in its seconds.
    """

    whole: VideoInfo
    first: int
    span: tuple[float, float]


@dataclass(frozen=True)
class VideoInfo:
    """Facts about the video track of a file.

    Attributes:
        path: The file.
        width: Displayed width in pixels, after rotation and with square pixels.
        height: Displayed height in pixels.
        coded_size: (width, height) as stored.
        rotation: Counter-clockwise rotation of stored frames for display, in degrees (0, 90, 180 or
            270).
        mirrored: Whether left and right are swapped after the rotation.
        codec: Canonical name of the codec (``h264``, ``hevc``, ``vp9``, ``av1``), not that of a
            decoder.
        times: Presentation time of every frame in seconds, float64 [frames], increasing; 0 is the
            start of the container's time line (of all its tracks).
        bits: Size of every frame in the file in bits, int64 [frames], in the order of ``times``.
        keyframe_times: Times of the frames at which decoding can start, float64.
        duration: Seconds from 0 to the end of the last frame.
        truncated: What is missing if the file is shorter than its header states, else ``None``.
        track: FFmpeg's index of the stream.
        notes: Description of each repair or omission -> count.
        clock: How decoded frames are identified on the time line.
        window: Set if these are the facts of a window (``windows.cut``): frames are numbered, and
            times count, from its start.
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
    mirrored: bool = False
    track: int = 0
    notes: Mapping[str, int] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    window: VideoWindow | None = None

    def require_whole(self) -> VideoInfo:
        """Return these facts if the file is complete.

        Raises:
            VideoError: The file is truncated.
        """
        if self.truncated:
            raise VideoError(
                f"{self.path}: the file is cut off after the frame at {self.times[-1]:.2f} s "
                f"({self.truncated}); copy or download it again"
            )
        return self

    @property
    def orientation(self) -> Orientation:
        """How stored frames are rotated and mirrored for display."""
        return Orientation(self.rotation // 90, self.mirrored)

    @property
    def span(self) -> tuple[float, float] | None:
        """(start, end) in seconds of the file if this is a window of it."""
        return None if self.window is None else self.window.span

    @property
    def note_lines(self) -> tuple[str, ...]:
        """The notes as lines of text."""
        return tuple(f"{text}: {count:,}" for text, count in self.notes.items())

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.times)

    @cached_property
    def fps(self) -> float:
        """Average frames per second; 0.0 for a single frame without a duration."""
        span = float(self.times[-1] - self.times[0])
        if len(self.times) > 1 and span > 0:
            return (len(self.times) - 1) / span
        return len(self.times) / self.duration if self.duration > 0 else 0.0

    @cached_property
    def constant_rate(self) -> bool:
        """Whether all frame gaps are equal, up to the rounding of container clocks."""
        gaps = np.diff(self.times)
        if len(gaps) == 0:
            return True
        median = float(np.median(gaps))
        # A clock of 1 ms changes a gap by up to 1 ms at any rate.
        return bool(np.all(np.abs(gaps - median) <= max(RATE_JITTER * median, 0.0011)))


def probe(path: str | Path) -> VideoInfo:
    """Read the facts of a video: size, orientation, and the presentation time of every frame.

    The whole file is demuxed (0.06 s for 30 s of 1080p), because the frame count and rate in a
    header are often wrong. A file whose time stamps are missing, repeated or jump is also decoded
    once.

    Raises:
        VideoError: The file is missing, empty, damaged or has no video frames.
    """
    path = Path(path)
    with open_video(path) as (container, stream):
        _check_single(path, container)
        packets = read_packets(container, stream)
        if not (~packets.hidden).any():
            raise VideoError(
                f"{path}: no video frame could be read "
                f"({packets.broken or 'the stream is empty'}); download the file again"
            )
        clock = decide_clock(packets, container, stream)
        read = by_decoding if clock.by_order else by_stamps
        timeline = read(path, container, stream, packets, clock)
        _checked(path, timeline.end)
        orientation, context = orientation_of(timeline.first), stream.codec_context
        aspect = stream.sample_aspect_ratio or context.sample_aspect_ratio
        coded = (context.width, context.height)
        width, height = display_size(coded, orientation, aspect=Fraction(aspect or 1))
        return VideoInfo(
            path=path,
            width=width,
            height=height,
            coded_size=coded,
            rotation=orientation.turns * 90,
            codec=context.codec.canonical_name,
            times=timeline.times,
            bits=timeline.bits,
            keyframe_times=timeline.keyframe_times,
            duration=timeline.end,
            truncated=_missing(path, container, stream, timeline),
            mirrored=orientation.mirrored,
            track=stream.index,
            notes=_notes(container, timeline, orientation),
            clock=clock,
        )


def _check_single(path: Path, container: InputContainer) -> None:
    """Check that a file is not several concatenated ones, because FFmpeg would read only the first.

    Raises:
        VideoError: The file contains several.
    """
    count = joined_files(path, container.format.name)
    if count > 1:
        raise VideoError(
            f"{path}: consists of {count} files joined byte by byte, and only the first "
            "could be read; join them with ffmpeg -f concat instead"
        )


def _notes(
    container: InputContainer, timeline: Timeline, orientation: Orientation
) -> dict[str, int]:
    notes = dict(timeline.notes)
    others = len(video_tracks(container)) - 1
    if others > 0:
        notes[OTHER_TRACKS] = others
    if not orientation.exact:
        notes[NOT_A_QUARTER] = 1
    return notes


def header_duration(path: str | Path) -> float | None:
    """Return the duration in seconds that a file's header states, without reading the file.

    Raises:
        VideoError: The file is missing, empty or not a video.
    """
    path = Path(path)
    with open_video(path) as (container, _):
        if container.format.name in BROADCAST:
            return probe(path).duration  # these formats have no header, and FFmpeg only guesses
        seconds = None if container.duration is None else container.duration / 1_000_000
        if seconds is not None:
            seconds -= _counted_from_zero(container, seconds)
    return _checked(path, seconds)


def repairs(notes: Iterable[str]) -> dict[str, int]:
    """Return ``VideoInfo.notes`` from the notes of an input, which also contain others.

    >>> repairs([f"{OTHER_TRACKS}: 2", "the frame rate varies"])
    {'other video tracks not read': 2}
    """
    parts = (note.rpartition(": ") for note in notes)
    return {text: int(count.replace(",", "")) for text, _, count in parts if text in NOTES}


def _checked(path: Path, duration: float | None) -> float | None:
    """Return the duration if it is plausible.

    Raises:
        VideoError: The duration is longer than a day.
    """
    if duration is not None and not duration <= LONGEST_VIDEO:
        raise VideoError(
            f"{path}: has a duration of {duration:.0f} s, more than the limit of "
            f"{LONGEST_VIDEO:.0f} s, so its time stamps are probably damaged; convert the file, "
            "for example with ffmpeg -i IN -c:v libx264 OUT.mp4"
        )
    return duration


def display_size(
    coded: tuple[int, int], orientation: Orientation, *, aspect: Fraction = Fraction(1)
) -> tuple[int, int]:
    """Return the displayed (width, height), with square pixels and rotated.

    >>> display_size((1440, 1080), Orientation(turns=1), aspect=Fraction(4, 3))
    (1080, 1920)
    """
    width, height = coded
    width = max(1, round(width * aspect))
    return (height, width) if orientation.swaps_sides else (width, height)


def _missing(
    path: Path, container: InputContainer, stream: VideoStream, timeline: Timeline
) -> str | None:
    """Return what is missing at the end of a file according to its header, or ``None``."""
    if timeline.missing is not None:
        return timeline.missing
    cut = segment_missing(path) if container.format.name == MATROSKA else 0
    if cut:
        return f"{cut:,} bytes are missing at the end"
    times, end = timeline.times, timeline.end
    declared = 0 if timeline.clock.by_order else stream.frames
    promised = _promised_end(container, stream)
    few = timeline.present < declared * (1 - MISSING_SHARE)
    # An edit list may skip frames. The last frame then still ends at the time in the header.
    gap = (times[-1] - times[0]) / max(1, len(times) - 1)
    if few and (not promised or end < promised - 1.5 * gap):
        return f"only {timeline.present} of {declared} frames are present"
    if end < promised * (1 - MISSING_SHARE) - MISSING_SECONDS:
        return f"it ends at {end:.2f} s instead of {promised:.2f} s as its header states"
    return None


def _promised_end(container: InputContainer, stream: VideoStream) -> float:
    """Return the end of the video according to the header, in seconds; 0.0 if not stated.

    Matroska has no frame count. It states the duration of each stream and of the whole file; the
    latter counts only if no other stream could be the longer one.
    """
    if container.format.name in BROADCAST:
        return 0.0  # these formats have no header; FFmpeg guesses from the last time stamps
    tag = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if stream.duration:
        seconds = float(stream.duration * (stream.time_base or 0))
    elif tag:
        seconds = int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3])
    else:
        alone = len(container.streams) == 1
        seconds = (container.duration or 0) / 1_000_000 if alone else 0.0
    return seconds - _counted_from_zero(container, seconds)


def _counted_from_zero(container: InputContainer, seconds: float) -> float:
    """Return how much a stated duration may be too long because it counts from 0, not the start.

    MP4 states the duration of a track. In other formats, writers state either that or the end of
    the last frame.
    """
    if container.format.name == MOV:
        return 0.0
    start = (container.start_time or 0) / 1_000_000
    return start if 0 < start < seconds else 0.0
