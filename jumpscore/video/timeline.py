"""The time line of a file: when each frame is shown. All time stamps are read and checked here.

All packets of a track are read. If their time stamps are valid, they identify the frames, and a
reader may seek. If they are missing, repeated or jump, the file is decoded once and frames are
identified by their order (``repaired_timeline``), which decoders guarantee; such a file is always
read from its beginning. Every repair is noted and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from jumpscore.errors import VideoError
from jumpscore.video.containers import RAW_STREAMS, reason

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

Floats: TypeAlias = npt.NDArray[np.float64]

BROADCAST = ("mpegts", "mpeg")
"""Formats whose clock may start anywhere, wrap and jump."""
WRAP = 1 << 33
"""Ticks after which the clock of a broadcast format wraps."""
LONGEST_GAP = 10.0
"""Longest step in seconds between two frames of a broadcast format; a longer one starts a new
recording, as in the ``ffmpeg`` command."""
DECODE_DURATIONS = ("mov,mp4,m4a,3gp,3g2,mj2", "flv")
"""Formats in which a packet lasts until the next one in decoding order."""
FEW = 4
"""Number of packets that may be in order by chance."""
VP8_SHOWN = 0x10
"""Bit of a VP8 frame's first byte that is set if the frame is shown, not only referenced."""
SHIFT = 1e-3
"""Start offset in seconds from which on it is noted."""
REORDERING = ("h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video", "vc1", "wmv3", "vvc", "cavs")
"""Codecs that may store frames in another order than that of presentation."""

SHIFTED = "start offset removed (time stamps did not start at 0)"
WRAPPED = "clock wrap unwrapped"
JOINED = "joined recordings put one after the other (the clock jumps)"
LEADING = "frames without a key frame before them left out"
EDITED = "frames left out by the file's edit list"
REORDERED = "frames timed by their order (the file has no time stamps for reordered frames)"
UNSTAMPED = "frames timed by the stream's frame rate (it has no time stamps)"
FILLED = "missing or repeated time stamps replaced"
REPAIRS = (SHIFTED, WRAPPED, JOINED, LEADING, EDITED, REORDERED, UNSTAMPED, FILLED)


@dataclass(frozen=True, slots=True)
class Clock:
    """How decoded frames are identified on the time line.

    Attributes:
        offset: Seconds to subtract from the container's time stamps.
        by_order: Whether frames are identified by their order instead of their time stamps; such a
            file must be decoded from its beginning.
        leading: Whether packets before the first key frame must be skipped.
        breaks: Indices of the packets at which another recording begins.
    """

    offset: float = 0.0
    by_order: bool = False
    leading: bool = False
    breaks: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Timeline:
    """Time line of a track; fields as in ``VideoInfo``.

    Attributes:
        end: Seconds from 0 to the end of the last frame.
        missing: Why the file could not be read to its end, else ``None``.
        present: Number of frames in the file, including those that are never shown.
        first: The first decoded frame.
        notes: Description of each repair -> count.
    """

    times: Floats
    bits: npt.NDArray[np.int64]
    keyframe_times: Floats
    end: float
    missing: str | None
    present: int
    clock: Clock
    first: VideoFrame
    notes: Mapping[str, int]


@dataclass(slots=True)
class Packets:
    """The packets of a track in file order. Times are in seconds; a missing time stamp is NaN.

    Attributes:
        hidden: Packets that are never shown: skipped by an edit list, or only referenced (VP8).
        notes: Description of each repair -> count.
        raw: Whether the file has no time stamps, as in a raw codec stream.
        guessed: Whether FFmpeg guessed the time stamps because the container does not store those
            of reordered frames; the order in the file is reliable.
    """

    pts: Floats
    dts: Floats
    duration: Floats
    size: npt.NDArray[np.int64]
    key: npt.NDArray[np.bool_]
    hidden: npt.NDArray[np.bool_]
    broken: str | None
    notes: Counter[str]
    raw: bool = False
    guessed: bool = False


def rewind(container: InputContainer, clock: Clock) -> None:
    """Seek to the beginning of a file, which is before 0 if its clock wraps."""
    container.seek(0 if clock.offset >= 0 else int((clock.offset - 1) * 1_000_000))


def fed(packets: Iterable[Any], clock: Clock) -> Iterator[tuple[int, Any]]:
    """Yield (index, packet) for the decoder, from the beginning of a file.

    The index counts packets with data. If a recording begins between two key frames, packets before
    the first one are skipped, because a decoder would invent the frames that they refer to.
    """
    number = -1
    waiting = clock.leading
    for packet in packets:
        if packet.size:
            number += 1
            waiting = waiting or number in clock.breaks
            if waiting and not packet.is_keyframe:
                continue
            waiting = False
        yield number, packet


def read_packets(container: InputContainer, stream: VideoStream) -> Packets:
    """Demux the whole file; if reading fails, the reason is stored in ``broken``."""
    import av

    base = float(stream.time_base or 0)
    vp8 = stream.codec_context.name == "vp8"
    rows: list[tuple[float, float, float, int, bool, bool]] = []
    missing = float("nan")
    broken: str | None = None
    notes = Counter[str]()
    demuxed = container.demux(stream)
    while True:
        try:
            packet = next(demuxed)
        except StopIteration:
            break
        # PyAV raises IndexError if a damaged file seems to contain further streams.
        except (av.FFmpegError, IndexError) as error:
            broken = reason(error)
            break
        if packet.size == 0:
            continue
        notes[EDITED] += packet.is_discard
        pts, dts = packet.pts, packet.dts
        rows.append(
            (
                missing if pts is None else pts * base,
                missing if dts is None else dts * base,
                (packet.duration or 0) * base,
                packet.size,
                packet.is_keyframe,
                packet.is_discard or (vp8 and not memoryview(packet)[0] & VP8_SHOWN),
            )
        )
    columns = list(zip(*rows, strict=True)) if rows else [()] * 6
    pts_of, dts_of, lengths = (np.asarray(column, dtype=np.float64) for column in columns[:3])
    key, hidden = (np.asarray(column, dtype=np.bool_) for column in columns[4:])
    sizes = np.asarray(columns[3], dtype=np.int64)
    return Packets(pts_of, dts_of, lengths, sizes, key, hidden, broken, notes)


def decide_clock(packets: Packets, container: InputContainer, stream: VideoStream) -> Clock:
    """Decide how frames are identified and where 0 is; also undo clock wraps in ``packets``."""
    name = container.format.name
    broadcast = name in BROADCAST
    if broadcast:
        _unwrap(packets, WRAP * float(stream.time_base or 0))
    breaks = _clock_jumps(packets) if broadcast else _restarts(packets)
    pts = packets.pts[~packets.hidden]
    packets.guessed = _are_guessed(packets, name, stream)
    packets.raw = name in RAW_STREAMS or bool(np.isnan(pts).all() and np.isnan(packets.dts).all())
    by_order = (
        packets.raw
        or packets.guessed
        or bool(breaks)
        or bool(np.isnan(pts).any())
        or len(np.unique(pts)) < len(pts)
        or not _rewinds(container)
    )
    start = (container.start_time or 0) / 1_000_000
    # A negative start (priming samples of an audio track) does not move the video, unless the clock
    # may start anywhere.
    offset = start if broadcast else max(0.0, start)
    if not (packets.raw or packets.guessed or np.isnan(pts).all()):
        first = float(np.nanmin(pts))
        # The container's start is rounded to microseconds.
        offset = first if abs(offset - first) < 2e-6 else min(offset, first)
    leading = bool(packets.key.any() and not packets.key[0])
    return Clock(offset, by_order, leading, breaks)


def _are_guessed(packets: Packets, name: str, stream: VideoStream) -> bool:
    """Return whether the container stores no presentation times although frames are reordered.

    AVI never does. Other containers may contain decoding times instead if the writer made a
    mistake.
    """
    context = stream.codec_context
    if context.name not in REORDERING:
        return False
    if name == "avi":
        return True
    pts, dts = packets.pts, packets.dts
    reorders = bool(getattr(context, "has_b_frames", False))
    return reorders and len(pts) > FEW and not np.isnan(dts).any() and bool((pts == dts).all())


def _rewinds(container: InputContainer) -> bool:
    """Return whether a file can be read from its beginning again; Flash, for example, cannot."""
    import av

    try:
        container.seek(0)
    except av.FFmpegError:
        return False
    return True


def _unwrap(packets: Packets, wrap: float) -> None:
    """Undo the wraps of a broadcast clock, so that time stamps keep increasing."""
    dts = packets.dts
    stamped = np.flatnonzero(~np.isnan(dts))
    if len(stamped) == 0:
        return
    if np.nanmin(packets.pts) < 0 <= np.nanmax(packets.pts) or (
        np.nanmin(packets.pts) < wrap <= np.nanmax(packets.pts)
    ):
        packets.notes[WRAPPED] += 1  # FFmpeg has undone this one
    turns = np.concatenate([[0], np.cumsum(np.abs(np.diff(dts[stamped]) + wrap) < LONGEST_GAP)])
    if turns[-1]:
        packets.notes[WRAPPED] += int(turns[-1])
        dts[stamped] += turns * wrap
        late = np.round((dts - packets.pts) / wrap) * wrap
        packets.pts += np.nan_to_num(late)


def _clock_jumps(packets: Packets) -> frozenset[int]:
    """Return the packets at which a broadcast clock jumps: another recording begins there."""
    stamped = np.flatnonzero(~np.isnan(packets.dts))
    steps = np.diff(packets.dts[stamped])
    return frozenset(stamped[1:][(steps < 0) | (steps > LONGEST_GAP)].tolist())


def _restarts(packets: Packets) -> frozenset[int]:
    """Return the key frames that are shown before a preceding packet: a recording begins there."""
    pts = np.where(packets.hidden, np.nan, packets.pts)
    restarts: list[int] = []
    begin, latest = 0, -np.inf
    for key in np.flatnonzero(packets.key & ~packets.hidden).tolist():
        if key > begin:
            latest = max(latest, float(np.fmax.reduce(pts[begin:key], initial=-np.inf)))
        if pts[key] <= latest:
            restarts.append(key)
            latest = -np.inf
        begin = key
    return frozenset(restarts)


def by_stamps(
    path: Path, container: InputContainer, stream: VideoStream, packets: Packets, clock: Clock
) -> Timeline:
    """Return the time line of a file whose frames are identified by their time stamps."""
    first = _first_frame(path, container, stream, clock)
    pts, base = packets.pts, float(stream.time_base or 1)
    visible = ~packets.hidden
    lost = visible & (pts < (first.pts or 0) * base - base / 2)
    if clock.leading:
        lost |= visible & (np.arange(len(pts)) < np.argmax(packets.key))
    packets.notes[LEADING] += int(lost.sum())
    packets.notes[SHIFTED] += abs(clock.offset) > SHIFT
    keep = np.flatnonzero(visible & ~lost)
    order = keep[np.argsort(pts[keep])]
    times = pts[order] - clock.offset
    last = last_length(packets, order, reorders=container.format.name in DECODE_DURATIONS)
    return Timeline(
        times=times,
        bits=packets.size[order] * 8,
        keyframe_times=times[packets.key[order]],
        end=float(times[-1]) + last,
        missing=packets.broken,
        present=len(pts),
        clock=clock,
        first=first,
        notes=+packets.notes,
    )


def _first_frame(
    path: Path, container: InputContainer, stream: VideoStream, clock: Clock
) -> VideoFrame:
    """Return the first frame from the decoder that has a time stamp."""
    import av

    try:
        rewind(container, clock)
        for _, packet in fed(container.demux(stream), clock):
            frames: Any = packet.decode()
            for frame in frames:
                if frame.pts is not None:
                    return cast("VideoFrame", frame)
    except av.FFmpegError as error:
        raise VideoError(
            f"{path}: the first frame cannot be decoded ({reason(error)}); download the file again"
        ) from error
    raise VideoError(f"{path}: no frame could be decoded; download the file again")


def last_length(packets: Packets, order: npt.NDArray[np.int64], *, reorders: bool) -> float:
    """Return how long the last frame is shown, in seconds.

    Args:
        packets: All packets.
        order: Indices of the shown packets in order of presentation.
        reorders: Whether the container states the time to the next packet in decoding order. If
            frames are reordered, that is another frame's duration, but the sum is still right.
    """
    pts = packets.pts
    last = order[-1]
    length = float(packets.duration[last])
    if reorders and (np.diff(pts) < 0).any() and pts[last] >= pts.max():
        # Some writers state no length for the last packet.
        tail = packets.duration[-1] or np.median(np.diff(packets.dts))
        total = packets.dts[-1] + tail - packets.dts[0]
        length = float(pts.min() + total - pts[last])
    if np.isfinite(length) and length > 0:
        return length
    gaps = np.diff(pts[order])
    return float(np.median(gaps)) if len(gaps) else 0.0
