"""The parsed answer of both parsers of tracks: points by object and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from jumpscore.records import Status

Point = tuple[float, float]
"""(x, y) in pixels, the centre of the upper left pixel at (0, 0)."""
Trajectory = Mapping[int, Mapping[str, Point]]
"""Frame -> object id -> point."""


Form = Literal["coords", "time_lines", "objects", "none"]


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """Position of an object in pixels of the video, and whether the answer calls it occluded."""

    x: float
    y: float
    occluded: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """The points of one time.

    Attributes:
        time: Seconds, as answered.
        frame: The nearest frame at the video's rate.
        points: Object id, as answered -> point.
    """

    time: float
    frame: int
    points: Mapping[str, TrackPoint]


@dataclass(frozen=True, slots=True)
class Tracks:
    """A parsed answer.

    Attributes:
        status: ``ok``, ``empty``, ``partial``, ``unparseable`` or ``refused``.
        parser: Form of the answer: ``coords``, ``time_lines``, ``objects`` or ``none``.
        moments: In order of time; those of the reference's ``time_lines`` in order of the text.
        rejected: Reason -> number of rejected items.
        reasoning: ``closed`` or ``unclosed`` if the text contains reasoning tags.
    """

    status: Status
    parser: Form = "none"
    moments: tuple[Moment, ...] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)
    reasoning: Literal["none", "closed", "unclosed"] = "none"

    @property
    def frames(self) -> dict[int, dict[str, Point]]:
        """Return the points per frame; the last of two times in the same frame counts."""
        return {
            moment.frame: {name: (point.x, point.y) for name, point in moment.points.items()}
            for moment in self.moments
        }
