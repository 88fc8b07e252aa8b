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
        heights: float32 [frames]: height of the body above standing, metres.
        side: 1 if the jumper faces right, -1 if left, and in between otherwise.
        rope: float32 [frames, rows, columns]: share of each cell of a grid over the picture that
            the rope covers; -1 in frames for which it is unknown.
        source: Profile of the clip.
    """

    id: str
    path: Path
    events: tuple[float, ...]
    phases: npt.NDArray[np.float32]
    heights: npt.NDArray[np.float32]
    side: float
    rope: npt.NDArray[np.float32]
    source: str
