"""What every reader returns: the marks of one video, and the clock that they are counted in."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal


@dataclass(frozen=True, slots=True)
class Seconds:
    """Marks are seconds on a player's time line; 0 is the start of the file.

    Attributes:
        is_exact: Whether the marks are used unchanged. If not, each becomes the presentation
            time of its frame, the one that was on screen.
    """

    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class Frames:
    """Marks are frame numbers.

    Attributes:
        base: Number of the first frame; ``None`` if the format does not state it.
        counted_by: ``video`` if frames are those of the file; ``tool`` if the tool divides time by
            a rate of its own, so that frame ``base`` is at 0 s.
        rate: The tool's frames per second, if known.
    """

    base: int | None
    counted_by: Literal["video", "tool"] = "video"
    rate: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Stamps:
    """Marks are the video's own time stamps, in units of its time base.

    Attributes:
        per_frame: Units per frame, as the file states, or ``None``.
        first: Time stamp of the first frame, as the file states, or ``None``.
    """

    per_frame: float | None = None
    first: int | None = None


Clock = Seconds | Frames | Stamps


@dataclass(frozen=True, slots=True)
class Mark:
    """One marked event.

    Attributes:
        value: Time or frame number, in units of the recording's clock.
        label: What was marked; empty if the format has no labels.
        frame: Frame number from 0 that the tool stored next to a time.
    """

    value: float
    label: str = ""
    frame: int | None = None


@dataclass(frozen=True, slots=True)
class Stated:
    """Facts about the video according to the annotation file; ``None`` if it does not state them.

    Attributes:
        frames: Number of frames.
        fps: Frames per second.
        duration: Seconds.
    """

    frames: int | None = None
    fps: float | None = None
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """The marks of one video.

    Attributes:
        name: Name of the recording in its file, for messages and ``--recording``.
        videos: Names or paths of the video as stored, the most reliable first. If empty, the video
            has the name of the annotation file.
        marks: The marks, in any order, repeated ones included.
        clock: What their values are.
        stated: Facts to compare with the video.
        notes: What the reader left out or decided.
        id: Sample id, if the format has one.
        question: The question, if the format has one.
    """

    name: str
    videos: tuple[str, ...]
    marks: tuple[Mark, ...]
    clock: Clock
    stated: Stated = Stated()
    notes: tuple[str, ...] = ()
    id: str | None = None
    question: str | None = None
