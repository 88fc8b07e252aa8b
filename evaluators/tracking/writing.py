"""Write the truth of a query: points inside masks, and run-length masks.

For sets that are published or rendered without points.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluators.tracking.queries import Rles
from evaluators.tracking.tracks import Point
from jumpscore.jsonio import write_text


def inner_point(mask: NDArray[Any]) -> Point | None:
    """Return the pixel farthest from the outside, or ``None`` for an empty mask.

    >>> inner_point(np.pad(np.ones((3, 5)), 1))
    (3.0, 2.0)
    """
    import cv2

    if not mask.any():
        return None
    padded = np.pad(np.asarray(mask != 0, dtype=np.uint8), 1)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    # Rounded, so that ties are ties on every machine; the middle one of them is used.
    rows, columns = np.nonzero(np.round(distance, 3) == np.round(distance.max(), 3))
    middle = int(np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2))
    return float(columns[middle]), float(rows[middle])


def trajectories(points: Mapping[str, Sequence[Point | None]], *, frames: int, fps: float) -> str:
    """Return ``Query.frame_trajectories`` of every frame.

    Args:
        points: Object -> its point per frame, ``None`` if absent.
        frames: Number of frames.
        fps: Rate of the frames.

    >>> trajectories({"0": [(1.0, 2.0)]}, frames=1, fps=6)
    '[{"time": 0.0, "frame": 0, "points": [{"id": "0", "point": [1.0, 2.0], "occluded": false}]}]'
    """
    entries = []
    for frame in range(frames):
        present = [(name, track[frame]) for name, track in points.items()]
        entries.append(
            {
                "time": round(frame / fps, 6),
                "frame": frame,
                "points": [
                    {"id": name, "point": list(point), "occluded": False}
                    for name, point in present
                    if point is not None
                ],
            }
        )
    return json.dumps(entries)


def write_masks(file: Path, rles: Rles) -> None:
    """Write one object's masks in the layout of the data sets."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, json.dumps({"0": list(rles)}))
