"""Repair the time line of a file whose time stamps are missing, repeated or jump.

Such a file is decoded once, and its frames are identified by their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jumpscore.errors import VideoError
from jumpscore.video.containers import open_video, reason
from jumpscore.video.timeline import (
    FILLED,
    JOINED,
    LEADING,
    REORDERED,
    SHIFT,
    SHIFTED,
    UNSTAMPED,
    Clock,
    Floats,
    Packets,
    Timeline,
    fed,
)

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

UNLIKELY_RATE = Fraction(977, 31)
"""Default for streams that state no frame rate; no real stream has it, so it can be recognised."""
MOST_FILLED = 0.5
"""Share of the time stamps that may be replaced; above it the file is rejected."""


def decoded_in_order(
    stream: VideoStream, packets: Iterable[Any], clock: Clock
) -> Iterator[VideoFrame]:
    """Yield the frames of a file that is read by order; their ``pts`` is the index of their packet.

    The decoder is flushed and reset at the beginning of another recording, so that no frame refers
    to one of the previous recording.
    """
    context = stream.codec_context
    breaks = sorted(clock.breaks)
    for number, packet in fed(packets, clock):
        if breaks and number >= breaks[0]:
            yield from context.decode(None)
            context.flush_buffers()
            breaks = [place for place in breaks if place > number]
        if packet.size:
            packet.pts = packet.dts = number
        frames: Any = packet.decode()
        yield from frames


def by_decoding(
    path: Path, container: InputContainer, stream: VideoStream, packets: Packets, clock: Clock
) -> Timeline:
    """Return the time line of a file whose frames are identified by their order.

    Raises:
        VideoError: No frame can be decoded, or the time stamps cannot be repaired.
    """
    numbers, first, broken = _decode(path, stream.index, clock)
    if packets.raw:
        times = np.arange(len(numbers)) / float(_stated_rate(path, container.format.name))
        packets.notes[UNSTAMPED] += len(numbers)
    elif packets.guessed:
        times = _places(path, packets, numbers, clock)
    else:
        times = _filled(path, _run_on(packets, clock)[numbers], packets)
        times -= clock.offset
    packets.notes[LEADING] += _lost(packets, numbers, clock)
    packets.notes[SHIFTED] += abs(clock.offset) > SHIFT
    gaps = np.diff(times)
    last = float(np.median(gaps)) if len(gaps) else float(packets.duration[numbers[-1]])
    return Timeline(
        times=times,
        bits=packets.size[numbers] * 8,
        keyframe_times=times[packets.key[numbers]],
        end=float(times[-1]) + last,
        missing=packets.broken or broken,
        present=len(packets.pts),
        clock=clock,
        first=first,
        notes=+packets.notes,
    )


def _decode(
    path: Path, track: int, clock: Clock
) -> tuple[npt.NDArray[np.int64], VideoFrame, str | None]:
    """Decode a file once; return the packets of its frames, its first frame, and any error."""
    import av

    numbers: list[int] = []
    first: VideoFrame | None = None
    broken: str | None = None
    with open_video(path, track) as (container, stream):
        stream.codec_context.thread_type = "AUTO"
        frames = decoded_in_order(stream, container.demux(stream), clock)
        try:
            for frame in frames:
                first = first or frame
                number = -1 if frame.pts is None else frame.pts
                numbers.append(number if number >= 0 else (numbers[-1] if numbers else 0))
        except (av.FFmpegError, IndexError) as error:
            broken = reason(error)
    if first is None:
        raise VideoError(
            f"{path}: no frame could be decoded ({broken or 'the stream is empty'}); download the "
            "file again"
        )
    return np.asarray(numbers, dtype=np.int64), first, broken


def _lost(packets: Packets, numbers: npt.NDArray[np.int64], clock: Clock) -> int:
    """Return how many frames at the beginning of recordings have no key frame before them."""
    edges = sorted({0, *clock.breaks, len(packets.pts)})
    decoded = np.zeros(len(packets.pts), dtype=bool)
    decoded[numbers] = True
    lost = 0
    for start, stop in pairwise(edges):
        skipped = np.flatnonzero(decoded[start:stop])
        head = skipped[0] if len(skipped) else stop - start
        lost += int((~packets.hidden[start : start + head]).sum())
    return lost


def _run_on(packets: Packets, clock: Clock) -> Floats:
    """Return the time stamps with every recording moved to the end of the previous one."""
    pts = packets.pts.copy()
    edges = sorted({0, *clock.breaks, len(pts)})
    end: float | None = None
    for start, stop in pairwise(edges):
        part = pts[start:stop]  # a view
        if np.isnan(part).all():
            continue
        if end is not None:
            part += end - np.nanmin(part)
            packets.notes[JOINED] += 1
        last = start + int(np.nanargmax(part))
        gaps = np.diff(np.sort(part[~np.isnan(part)]))
        typical = float(np.median(gaps)) if len(gaps) else 0.0
        end = float(pts[last]) + (typical or float(packets.duration[last]))
    return pts


def _filled(path: Path, stamps: Floats, packets: Packets) -> Floats:
    """Return increasing time stamps: missing and repeated ones are interpolated.

    Raises:
        VideoError: Too many time stamps are missing.
    """
    before = np.concatenate([[-np.inf], np.fmax.accumulate(stamps)[:-1]])
    with np.errstate(invalid="ignore"):
        sound = ~np.isnan(stamps) & ~(stamps <= before)
    bad = int((~sound).sum())
    if bad == 0:
        return stamps
    if bad > MOST_FILLED * len(stamps) or not sound.any():
        raise VideoError(
            f"{path}: {bad} of {len(stamps)} frames have missing or repeated time stamps, too many "
            "to determine when frames are shown; convert the file, for example with "
            "ffmpeg -i IN -c:v libx264 OUT.mp4"
        )
    packets.notes[FILLED] += bad
    places = np.flatnonzero(sound)
    valid = stamps[places]
    gaps = np.diff(valid) / np.diff(places)
    gap = float(np.median(gaps)) if len(gaps) else float(packets.duration.max() or 0.04)
    filled: Floats = np.interp(np.arange(len(stamps)), places, valid)
    head, tail = int(places[0]), int(places[-1])
    filled[:head] = valid[0] - gap * np.arange(head, 0, -1)
    filled[tail + 1 :] = valid[-1] + gap * np.arange(1, len(stamps) - tail)
    return filled


def _places(path: Path, packets: Packets, numbers: npt.NDArray[np.int64], clock: Clock) -> Floats:
    """Return the times of frames by their order: the k-th shown frame gets the k-th slot.

    AVI stores one duration for all frames and empty slots for repeated ones; FFmpeg only guesses
    the times of reordered frames.
    """
    dts = np.sort(packets.dts[numbers])
    if np.isnan(dts).any():
        raise VideoError(
            f"{path}: its index lacks {int(np.isnan(dts).sum())} frames; convert the file, for "
            "example with ffmpeg -i IN -c:v libx264 OUT.mp4"
        )
    times = _filled(path, dts, packets)
    # Frames at the beginning that cannot be decoded still take up time.
    times = times - min(clock.offset, float(np.nanmin(packets.dts)))
    guessed = packets.pts[numbers] - clock.offset
    if not np.allclose(guessed, times, atol=1e-6, equal_nan=False):
        packets.notes[REORDERED] += len(numbers)
    return times


def _stated_rate(path: Path, format_name: str) -> Fraction:
    """Return the frame rate that a raw codec stream states.

    FFmpeg assumes 25 by default, so it gets an unlikely default to detect whether a rate is stated.

    Raises:
        VideoError: The stream states no frame rate.
    """
    options = {"framerate": f"{UNLIKELY_RATE.numerator}/{UNLIKELY_RATE.denominator}"}
    with open_video(path, options=options) as (_, stream):
        rate = stream.codec_context.framerate
    if not rate or abs(rate - UNLIKELY_RATE) < Fraction(1, 1000):
        raise VideoError(
            f"{path}: is a raw {format_name} stream without time stamps or a frame rate, so the "
            "times of its frames are unknown; wrap it at its true rate, for example with "
            f"ffmpeg -framerate 25 -i {path.name} -c copy OUT.mp4"
        )
    return Fraction(rate)
