"""From points to masks: the interface of segmenters, and their prompts.

A segmenter gets the positions of objects in some frames and returns their masks in all. Its name,
checkpoint and version are stored with its masks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from evaluators.tracking.tracks import Point, Tracks
from jumpscore.registry import Registry

MOST_OBJECTS = 100
"""Maximum number of objects to segment per answer; each takes a pass over the video."""

Prompts = Mapping[int, Mapping[int, Sequence[Point]]]
"""Frame -> object -> points on it, in pixels."""


class Segmenter(ABC):
    """Creates masks from points.

    Args:
        checkpoint: Checkpoint; ``None`` for the segmenter's default.
        revision: Revision of the checkpoint on the hub.
        device: ``"auto"``, ``"cuda"``, ``"cpu"``.
    """

    name: ClassVar[str]

    def __init__(self, *, checkpoint: str | None, revision: str | None, device: str) -> None:
        self.checkpoint, self.revision, self.device = checkpoint, revision, device

    @abstractmethod
    def identity(self) -> str:
        """Return name, checkpoint and versions; if they change, masks are created again.

        Called often, and before anything is loaded.
        """

    @abstractmethod
    def segment(
        self, video: Path, prompts: Prompts, *, width: int, height: int, frames: int, fps: float
    ) -> list[dict[str, Any] | None]:
        """Return the union of all objects: one run-length mask per frame, ``None`` if empty.

        Args:
            video: The file.
            prompts: Points; at least one.
            width: Width of the masks in pixels, to which the points refer.
            height: Height of the masks in pixels.
            frames: Number of masks.
            fps: Frame ``n`` is the video's frame nearest to ``n / fps`` seconds.

        Raises:
            JumpScoreError: The video or the segmenter cannot be loaded.
        """


SEGMENTERS: Registry[Segmenter] = Registry(
    "segmenter",
    Segmenter,
    builtin={"sam2": "evaluators.tracking.sam2:Sam2"},
    group="jumpscore.segmenters",
)


def prompts_of(
    tracks: Tracks, *, width: int, height: int, frames: int
) -> tuple[dict[int, dict[int, list[Point]]], dict[str, int]]:
    """Return the prompts of an answer, and counts of points left out by reason.

    Points after the last frame are left out; objects are numbered in order of appearance.

    >>> from evaluators.tracking.parsing import parse_tracks
    >>> tracks = parse_tracks('coords="0 7 500 500; 9 7 1 1"', width=20, height=20, fps=6)
    >>> prompts_of(tracks, width=20, height=20, frames=6)
    ({0: {0: [(10.0, 10.0)]}}, {'points after the last frame': 1})
    """
    prompts: dict[int, dict[int, list[Point]]] = {}
    numbers: dict[str, int] = {}
    late = beyond = 0
    for frame, points in sorted(tracks.frames.items()):
        for name, point in points.items():
            if frame >= frames:
                late += 1
            elif name not in numbers and len(numbers) >= MOST_OBJECTS:
                beyond += 1
            else:
                number = numbers.setdefault(name, len(numbers))
                prompts.setdefault(frame, {})[number] = [_inside(point, width, height)]
    left = {
        "points after the last frame": late,
        f"points of objects beyond the first {MOST_OBJECTS}": beyond,
    }
    return prompts, {reason: count for reason, count in left.items() if count}


def prompts_reference(
    tracks: Tracks, *, width: int, height: int, frames: int
) -> dict[int, dict[int, list[Point]]]:
    """Return what the public code asks: points after the last frame are put on it, all of them."""
    prompts: dict[int, dict[int, list[Point]]] = {}
    numbers: dict[str, int] = {}
    for moment in tracks.moments:
        frame = max(0, min(moment.frame, frames - 1))
        for name, point in moment.points.items():
            if name not in numbers and len(numbers) >= MOST_OBJECTS:
                continue
            number = numbers.setdefault(name, len(numbers))
            place = _inside((point.x, point.y), width, height)
            prompts.setdefault(frame, {}).setdefault(number, []).append(place)
    return prompts


def _inside(point: Point, width: int, height: int) -> Point:
    """Return the point, moved to the last pixel if it is on the far edge."""
    return max(0.0, min(point[0], width - 1.0)), max(0.0, min(point[1], height - 1.0))
