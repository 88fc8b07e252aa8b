"""Training clips: a video, its true times and auxiliary labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One rendered clip.

    Angle, side and rope are labels of the auxiliary losses only; a model never gets them as input.

    Attributes:
        id: Id, unique in a run and valid as a file name.
        path: Video file.
        events: True times, seconds, increasing.
        phases: float32 [frames]: the rope's angle at every frame's time, radians, 0 under the
            feet and increasing as the rope turns, modulo whole turns.
        side: 1 if the jumper faces right, -1 if left, and in between otherwise.
        rope: float32 [frames, rows, columns]: share of each cell of a grid over the picture that
            the rope covers; -1 in frames for which it is unknown.
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
    """Return the frame nearest to each event, int64 [events]; the earlier one of a tie.

    Args:
        events: Times of events, seconds.
        seconds: Time of every frame, seconds, increasing.

    >>> nearest_frames([0.1, 0.29], np.array([0.0, 0.08, 0.16, 0.24, 0.32]))
    array([1, 4])
    """
    times = np.asarray(events, dtype=np.float64)
    after = np.clip(np.searchsorted(seconds, times), 1, len(seconds) - 1)
    nearer = times - seconds[after - 1] <= seconds[after] - times
    return np.where(nearer, after - 1, after).astype(np.int64)
