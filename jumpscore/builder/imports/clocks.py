"""Turn marks into presentation times, and check the clock of the file against the video.

A tool can count differently from the video: from 1 instead of 0, at another rate, or from the first
frame of a file that starts later. Such marks are wrong by some frames without any visible sign.
They are detected by

- marks before the first frame or after the end of the video;
- facts in the file (frames, duration, frame numbers next to times) that differ from the video's;
- marks between frames, if all of them lie on frames under another clock, which must not happen by
  chance: ``p ** n`` is below ``CHANCE``, where ``p`` is the share of all times that are within the
  resolution of the marks of some frame, and ``n`` the number of distinct marks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jumpscore.builder.imports.rates import COMMON_RATES, rate_text
from jumpscore.builder.imports.recordings import Clock, Frames, Recording, Seconds, Stamps
from jumpscore.errors import DataError, UsageError
from jumpscore.video import VideoInfo, probe
from jumpscore.video.containers import open_video
from jumpscore.video.timeline import EDITED, LEADING

Floats = npt.NDArray[np.float64]
CHANCE = 1e-4
"""Largest probability that marks lie on frames by chance if another clock is to be believed."""
ROUNDING = 0.0006
"""Seconds by which exact times may differ from a frame: Matroska rounds to milliseconds."""
LONGER, LONGER_SHARE = 0.25, 0.005
"""Seconds, and share of the duration, by which a stated duration may differ."""
OTHER_RATE = 0.0005
"""Relative difference from which on two rates are different."""


@dataclass(frozen=True, slots=True)
class ClockOptions:
    """What the user states about the clock of a file.

    Attributes:
        rate: Frames per second that the tool counted, or ``None``.
        base: Number of the first frame (0 or 1), or ``None``.
        shift: Seconds to add to every mark.
    """

    rate: Fraction | None = None
    base: int | None = None
    shift: float = 0.0


@dataclass(frozen=True, slots=True)
class Placement:
    """The marks of a recording on the time line of its video.

    Attributes:
        times: Seconds, increasing, one per mark.
        difference: Largest distance of a mark from the frame that was on screen, in seconds.
        notes: Peculiarities of the clock, to be reported.
    """

    times: tuple[float, ...]
    difference: float
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read the marks.

    Attributes:
        seconds: Time of every mark; infinite if the video has no such frame.
        tolerance: Largest distance in seconds at which a mark lies on a frame.
        cause: What is wrong if this reading is right.
        fix: How to choose it.
    """

    seconds: Floats
    tolerance: float
    cause: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class TrackTimes:
    """The time line that marks are compared with.

    Attributes:
        info: Facts about the video.
        ticks: Its time base, in seconds.
    """

    info: VideoInfo
    ticks: Fraction

    @classmethod
    def read(cls, path: Path) -> TrackTimes:
        """Return the time line of a video file.

        Raises:
            VideoError: The file is damaged, incomplete or not a video.
        """
        info = probe(path).require_whole()
        with open_video(path) as (_, stream):
            return cls(info, Fraction(stream.time_base or 1))

    @property
    def gap(self) -> float:
        """Median distance of two frames in seconds."""
        gaps = np.diff(self.info.times)
        return float(np.median(gaps)) if len(gaps) else self.info.duration

    def of_frames(self, numbers: Floats) -> Floats:
        """Return the time of frames counted from 0, fractions included; infinite outside."""
        times = self.info.times
        return np.interp(numbers, np.arange(len(times)), times, left=-np.inf, right=np.inf)

    def on_screen(self, reading: _Reading) -> npt.NDArray[np.intp]:
        """Return the index of the frame that is on screen at every time."""
        ahead = min(reading.tolerance, self.gap / 2)
        places = np.searchsorted(self.info.times, reading.seconds + ahead, side="right") - 1
        return np.maximum(places, 0)

    def outside(self, reading: _Reading) -> npt.NDArray[np.bool_]:
        """Return which marks are before the first frame or after the end."""
        first, end = self.info.times[0] - self.gap, self.info.duration + self.gap
        outside: npt.NDArray[np.bool_] = (reading.seconds < first) | (reading.seconds > end)
        return outside

    def between(self, reading: _Reading) -> npt.NDArray[np.bool_]:
        """Return which marks are on no frame."""
        times = self.info.times
        right = np.clip(np.searchsorted(times, reading.seconds), 0, len(times) - 1)
        to_right = np.abs(times[right] - reading.seconds)
        to_left = np.abs(times[np.maximum(right - 1, 0)] - reading.seconds)
        distances: Floats = np.minimum(to_left, to_right)
        return distances > reading.tolerance

    def fits(self, reading: _Reading) -> bool:
        """Whether every mark lies on a frame."""
        return not (self.outside(reading) | self.between(reading)).any()


def place_marks(
    recording: Recording, track: TrackTimes, options: ClockOptions = ClockOptions()
) -> Placement:
    """Return the presentation time of every mark.

    Raises:
        DataError: The clock of the file contradicts the video; the message names the cause.
        UsageError: The clock is incomplete, or an option does not apply to it.
    """
    recording = _with_options(recording, options)
    notes = [*recording.notes, *_check_stated(recording, track, options)]
    values = np.array(sorted(mark.value for mark in recording.marks), dtype=np.float64)
    if len(values) == 0:
        return Placement((), 0.0, tuple(notes))
    believed = _read(recording.clock, values, track)
    believed = replace(believed, seconds=believed.seconds + options.shift)
    _check_fit(believed, list(_others(recording.clock, values, believed, track)), recording, track)
    screen = track.info.times[track.on_screen(believed)]
    between = int(track.between(believed).sum())
    if between:
        notes.append(f"{between} of {len(values)} marks are between two frames")
    is_exact = isinstance(recording.clock, Seconds) and recording.clock.is_exact
    times = believed.seconds if is_exact else screen
    return Placement(
        tuple(round(float(time), 6) for time in times),
        float(np.abs(believed.seconds - screen).max()),
        tuple(notes),
    )


def _with_options(recording: Recording, options: ClockOptions) -> Recording:
    """Return the recording with the clock that the user states."""
    clock, name = recording.clock, recording.name
    if options.base is not None and not isinstance(clock, Frames):
        raise UsageError(f"{name}: counts in time, so --frame-base cannot be used; leave it out")
    if isinstance(clock, Stamps) and options.rate is not None:
        raise UsageError(f"{name}: has the video's time stamps, so --fps cannot be used")
    if isinstance(clock, Seconds):
        return recording if options.rate is None else _as_frames(recording, options.rate)
    if isinstance(clock, Frames):
        base = clock.base if options.base is None else options.base
        if base is None:
            raise UsageError(
                f"{name}: the format does not state whether its first frame is 0 or 1; "
                "add --frame-base 0 or --frame-base 1"
            )
        clock = replace(clock, base=base)
        if options.rate is not None:
            clock = replace(clock, counted_by="tool", rate=options.rate)
        if clock.counted_by == "tool" and clock.rate is None:
            raise UsageError(
                f"{name}: the file does not state the frame rate that the tool counted; add --fps "
                "(Label Studio counts 29.97 unless its configuration sets frameRate)"
            )
    return replace(recording, clock=clock)


def _as_frames(recording: Recording, rate: Fraction) -> Recording:
    """Return a recording in seconds as the frame numbers that its times were computed from."""
    values = np.array([mark.value for mark in recording.marks], dtype=np.float64)
    numbers = values * float(rate)
    unit = _resolution(recording.clock, values)
    odd = np.abs(numbers - np.round(numbers)) > unit * float(rate) + 1e-6
    if odd.any():
        raise DataError(
            f"{recording.name}: {values[odd][0]:g} s is not a multiple of 1/{rate_text(rate)} s, "
            "so its times were not counted at this rate; correct --fps or leave it out"
        )
    marks = tuple(
        replace(mark, value=float(number))
        for mark, number in zip(recording.marks, np.round(numbers), strict=True)
    )
    return replace(recording, marks=marks, clock=Frames(base=0))


def _resolution(clock: Clock, seconds: Floats) -> float:
    """Return the unit of the last decimal of times in seconds.

    Tools store milliseconds. The times of a table may have fewer decimals, which is then the best
    that can be assumed.

    >>> exact = Seconds(is_exact=True)
    >>> _resolution(exact, np.array([1.5, 1.28])), _resolution(exact, np.array([1.0 / 3]))
    (0.01, 0.001)
    """
    if isinstance(clock, Seconds) and clock.is_exact:
        for decimals in range(3):
            if np.abs(seconds - np.round(seconds, decimals)).max(initial=0) < 1e-6:
                return float(10.0**-decimals)
    return 0.001


def _read(clock: Clock, values: Floats, track: TrackTimes) -> _Reading:
    """Return the marks as the clock states."""
    if isinstance(clock, Seconds):
        return _Reading(values, _resolution(clock, values) + ROUNDING)
    if isinstance(clock, Stamps):
        ticks = float(track.ticks)
        return _Reading(values * ticks - track.info.clock.offset, max(ticks / 2, 1e-6))
    numbers = values - (clock.base or 0)
    if clock.counted_by == "tool" and clock.rate is not None:
        return _Reading(numbers / float(clock.rate), ROUNDING)
    return _Reading(track.of_frames(numbers), ROUNDING)


def _others(
    clock: Clock, values: Floats, believed: _Reading, track: TrackTimes
) -> Iterator[_Reading]:
    """Yield other ways to read the marks, each with its cause."""
    first, tolerance = float(track.info.times[0]), believed.tolerance
    for start, what in ((first, "the first frame"), (track.info.clock.offset, "its time stamps")):
        for shift in (start, -start):
            if abs(shift) > tolerance:
                yield _Reading(
                    believed.seconds + shift,
                    tolerance,
                    f"the video starts late ({what}: {start:.3f} s) and the marks do not count "
                    "from there" if shift > 0 else
                    f"the marks include the start of the video ({what}: {start:.3f} s)",
                    f"add --shift {shift:.6g}",
                )  # fmt: skip
    if isinstance(clock, Seconds):
        for rate in COMMON_RATES:
            yield _Reading(
                track.of_frames(values * float(rate)),
                tolerance,
                f"the times are frame numbers divided by {rate_text(rate)}, but the video has "
                f"{rate_text(track.info.fps)} frames per second",
                f"add --fps {rate}",
            )
    elif isinstance(clock, Frames):
        base = 1 - (clock.base or 0)
        yield replace(
            _read(replace(clock, base=base), values, track),
            cause=f"frames are counted from {base}",
            fix=f"add --frame-base {base}",
        )
    elif clock.per_frame and clock.first is not None:
        yield _Reading(
            track.of_frames((values - clock.first) / clock.per_frame),
            tolerance,
            f"the video was written again: the file states {clock.per_frame:g} units per frame "
            f"from {clock.first}, the video has {track.gap / float(track.ticks):g}",
            "use the video that was annotated",
        )


def _check_fit(
    believed: _Reading, others: list[_Reading], recording: Recording, track: TrackTimes
) -> None:
    """Check that no mark is outside the video and that no other clock explains the marks better.

    Raises:
        DataError: With the cause, if one is found.
    """
    outside = track.outside(believed)
    if track.fits(believed):
        return
    fitting = next((other for other in others if track.fits(other)), None)
    if outside.any():
        values = np.array(sorted(mark.value for mark in recording.marks))
        if fitting is None:
            cause = "the tool counted at another rate, or annotated another video"
            fix = "check the video, or state the tool's rate with --fps"
        else:
            cause, fix = fitting.cause, fitting.fix
        raise DataError(
            f"{recording.name}: the mark {values[outside][0]:g} is outside of "
            f"{track.info.path.name}, which has {track.info.frames} frames from "
            f"{track.info.times[0]:.3f} to {track.info.duration:.3f} s; probably {cause}: {fix}"
        )
    share = min(1.0, 2 * believed.tolerance / track.gap)
    distinct = len(np.unique(believed.seconds))
    if fitting is not None and share**distinct * len(others) < CHANCE:
        count = int(track.between(believed).sum())
        raise DataError(
            f"{recording.name}: {count} of {len(believed.seconds)} marks are between frames of "
            f"{track.info.path.name}, and all are on frames if {fitting.cause}: {fitting.fix}"
        )


def _check_stated(recording: Recording, track: TrackTimes, options: ClockOptions) -> Iterator[str]:
    """Compare what the file states about its video; yield notes.

    Raises:
        DataError: The file is about another version of the video.
    """
    info, stated, clock = track.info, recording.stated, recording.clock
    problem = None
    if stated.duration is not None:
        limit = LONGER + LONGER_SHARE * info.duration
        if abs(stated.duration - info.duration) > limit:
            problem = f"a video of {stated.duration:.2f} s, but this one has {info.duration:.2f} s"
    if stated.frames is not None and abs(stated.frames - info.frames) > 1 and not options.rate:
        problem = f"a video of {stated.frames} frames, but this one has {info.frames}"
    if problem:
        raise DataError(
            f"{recording.name}: was made for {problem} ({info.path.name}); it was re-encoded at "
            "another rate, or is another video: use the one that was annotated"
        )
    rate = clock.rate if isinstance(clock, Frames) else None
    counted = rate or stated.fps
    if counted is not None and abs(float(counted) - info.fps) > OTHER_RATE * info.fps:
        yield (
            f"the tool counted {rate_text(counted)} frames per second, the video has "
            f"{rate_text(info.fps)}"
        )
    if isinstance(clock, Seconds):
        yield from _check_frame_numbers(recording, track)
    if isinstance(clock, Seconds) or rate is not None:
        yield from _late_start(track)
    elif isinstance(clock, Frames):
        for note in (EDITED, LEADING):
            if count := info.notes.get(note):
                yield f"{note}: {count}; a tool that counts them is that many frames ahead"


def _check_frame_numbers(recording: Recording, track: TrackTimes) -> Iterator[str]:
    """Yield a note if frame numbers next to times point to other frames; players miss by one."""
    marks = [mark for mark in recording.marks if mark.frame is not None]
    if not marks:
        return
    numbers = np.array([float(mark.frame or 0) for mark in marks])
    distances = np.abs(track.of_frames(numbers) - [mark.value for mark in marks]) / track.gap
    worst = int(np.argmax(distances))
    if distances[worst] > 2:
        yield (
            f"its frame numbers disagree with its times: frame {numbers[worst]:g} is not at "
            f"{marks[worst].value:g} s in this video"
        )


def _late_start(track: TrackTimes) -> Iterator[str]:
    """Yield a note if counting from the first frame differs from counting from the file's start."""
    first, offset = float(track.info.times[0]), track.info.clock.offset
    if first > track.gap / 2:
        yield f"the video's first frame is at {first:.3f} s; times count from the file's start"
    if abs(offset) > track.gap / 2:
        yield f"the video's time stamps begin at {offset:.3f} s; times count from there"
