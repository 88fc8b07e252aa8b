"""Clips to learn from: a video, its true times, and what a teacher would point at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One clip that somebody else rendered.

    Angle, side and rope are what a person who explains the task would point at. Only the auxiliary
    losses see them; no model is ever given them.

    Attributes:
        id: Unique among the lessons of a run; a file name.
        path: The video.
        events: True times, seconds, increasing.
        phases: float32 [frames]: the rope's angle at every frame's time, radians, 0 under the
            feet and growing as the rope turns; whole turns do not matter.
        side: 1 for a jumper who faces right, -1 for one who faces left, between for others.
        rope: float32 [frames, rows, columns]: share of each cell of a grid over the picture that
            the rope covers; -1 in frames where that is not known.
    """

    id: str
    path: Path
    events: tuple[float, ...]
    phases: npt.NDArray[np.float32]
    side: float
    rope: npt.NDArray[np.float32]


def nearest_frames(
    events: npt.ArrayLike, seconds: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Return the frame nearest to each event, int64 [events], the earlier one of two.

    Args:
        events: Seconds.
        seconds: Time of every frame, increasing.

    >>> nearest_frames([0.1, 0.29], np.array([0.0, 0.08, 0.16, 0.24, 0.32]))
    array([1, 4])
    """
    wanted = np.asarray(events, dtype=np.float64)
    after = np.clip(np.searchsorted(seconds, wanted), 1, len(seconds) - 1)
    nearer = wanted - seconds[after - 1] <= seconds[after] - wanted
    return np.where(nearer, after - 1, after).astype(np.int64)
