"""What a track answer says: points by object and time. Both parsers return it."""

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
    """Where an object is, in pixels of the video, and whether the answer calls it occluded."""

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
    """What a parser read in an answer.

    Attributes:
        status: ``ok``, ``empty``, ``partial``, ``unparseable`` or ``refused``.
        parser: Which form the answer has: ``coords``, ``time_lines``, ``objects`` or ``none``.
        moments: By time; from the reference's ``time_lines``, in the order of the text.
        rejected: Why something was not read -> how often.
        reasoning: ``closed`` or ``unclosed`` where the text held reasoning tags.
    """

    status: Status
    parser: Form = "none"
    moments: tuple[Moment, ...] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)
    reasoning: Literal["none", "closed", "unclosed"] = "none"

    @property
    def frames(self) -> dict[int, dict[str, Point]]:
        """Return the points per frame; where two times share a frame, the last one's."""
        return {
            moment.frame: {name: (point.x, point.y) for name, point in moment.points.items()}
            for moment in self.moments
        }
