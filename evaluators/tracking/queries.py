"""A query: an expression about a video, with true points and masks of the objects it names.

A data set is a folder with rows of ``Query``, ``videos/<video>.mp4``, and per object
``masks/<video>/<mask id>.json``, ``{"obj": [run-length mask or null per frame]}``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evaluators.coordinates import full_scale
from evaluators.tracking.rle import PixelMask, Rle
from evaluators.tracking.tracks import Point, Trajectory
from jumpscore.errors import DataError
from jumpscore.jsonio import parse_json
from jumpscore.records import Convention

LARGEST_SIDE = 1 << 14
"""Maximum width or height of a frame in pixels."""
MOST_PIXELS = 1 << 33
"""Maximum number of pixels in all frames of a video, which bounds the memory of scoring."""

Rles = Sequence[Rle | None]


@dataclass(frozen=True, slots=True)
class Query:
    """One row, with the columns of the public task.

    Attributes:
        id: Unique in the data set.
        video: Name of the video, without suffix.
        expression: What to track.
        width: Width of the video in pixels.
        height: Height of the video in pixels.
        n_frames: Number of annotated frames; each has one mask per object.
        fps: Rate of the annotated frames, 6 in every published set.
        mask_ids: Objects that the expression names; their points are numbered in this order.
        frame_trajectories: JSON list of ``{"frame": n, "points": [{"id": "0", "point": [x, y]}]}``,
            in pixels; ``points`` may also be ``{"0": {"point": [x, y]}}``.
    """

    id: str
    video: str
    expression: str
    width: int
    height: int
    n_frames: int
    fps: float
    mask_ids: tuple[str, ...]
    frame_trajectories: str

    def files(self) -> tuple[str, ...]:
        """Return the paths of the video and the masks."""
        return (self.video_path, *map(self.mask_path, self.mask_ids))

    @property
    def video_path(self) -> str:
        """Path of the video in the data set's folder."""
        return f"videos/{self.video}.mp4"

    def mask_path(self, mask_id: str) -> str:
        """Return the path of an object's masks in the data set's folder."""
        return f"masks/{self.video}/{mask_id}.json"


@dataclass(frozen=True, slots=True)
class Target:
    """Ground truth of a query: points and masks of every object, by its number in the query.

    Attributes:
        video: Name in the row; several queries can be about the same video.
        width: Width of the video in pixels.
        height: Height of the video in pixels.
        frames: Number of annotated frames.
        fps: Rate of the annotated frames.
        points: Frame -> object -> point in pixels.
        masks: Object -> one run-length mask or ``None`` per frame.
    """

    video: str
    width: int
    height: int
    frames: int
    fps: float
    points: Trajectory
    masks: Mapping[str, Rles]

    def answer(self, convention: Convention) -> str:
        """Return the text of a right answer: the true points in the public format.

        Coordinates are integers, except in fractions of the frame.
        """
        across, down = full_scale(convention, (self.width, self.height))
        digits = 4 if convention == "unit" else 0
        segments = []
        for frame, points in sorted(self.points.items()):
            objects = "".join(
                f" {name} {x / self.width * across:.{digits}f} {y / self.height * down:.{digits}f}"
                for name, (x, y) in points.items()
            )
            if objects:
                segments.append(f"{frame / self.fps:.3f}{objects}")
        return f'<tracks coords="{"; ".join(segments)}">target objects</tracks>'

    def blind_answer(self, convention: Convention, *, salt: str) -> str:
        """Return the answer of the blind baseline: the middle of every frame."""
        centre = {"0": (self.width / 2, self.height / 2)}
        return replace(self, points=dict.fromkeys(self.points, centre)).answer(convention)

    def pixel_masks(self) -> dict[str, dict[int, PixelMask]]:
        """Return the masks by object and frame, without the frames in which it is absent."""
        size = {"height": self.height, "width": self.width}
        return {
            name: {
                frame: PixelMask(rle, **size, name=f"mask of object {name!r}, frame {frame}")
                for frame, rle in enumerate(rles)
                if rle is not None
            }
            for name, rles in self.masks.items()
        }


def empty_target(query: Query) -> Target:
    """Return the target of a query with an invalid truth."""
    return Target(query.video, query.width, query.height, query.n_frames, query.fps, {}, {})


def check_query(query: Query) -> None:
    """Check the fields of a query without reading files.

    Raises:
        DataError: A field is invalid; names it, its value and what is allowed.
    """
    for field, value, most in (
        ("width", query.width, LARGEST_SIDE),
        ("height", query.height, LARGEST_SIDE),
        ("n_frames", query.n_frames, MOST_PIXELS),
        ("fps", query.fps, 1000),
    ):
        if not 0 < value <= most:
            raise DataError(f"{field} is {value!s:.40}; it must be above 0 and at most {most}")
    if query.width * query.height * query.n_frames > MOST_PIXELS:
        raise DataError(
            f"n_frames is {query.n_frames} at {query.width}x{query.height}: more than "
            f"{MOST_PIXELS:,} pixels to measure; cut the video"
        )
    if len(set(query.mask_ids)) < len(query.mask_ids):
        raise DataError(f"mask_ids names an object twice: {', '.join(query.mask_ids)!r:.200}")


def read_masks(file: Path) -> Rles:
    """Return one object's masks from its file; sizes and runs are not checked.

    Raises:
        DataError: The file is missing or malformed.
    """
    try:
        content = parse_json(file.read_bytes())
    except FileNotFoundError:
        raise DataError(f"{file.name} does not exist") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{file.name} cannot be read as JSON ({error})") from error
    if not isinstance(content, dict) or len(content) != 1:
        raise DataError(f'{file.name} is not an object {{"obj": [mask or null per frame]}}')
    [rles] = content.values()
    if not isinstance(rles, list):
        raise DataError(f"{file.name} contains {rles!r:.40} instead of a list of masks")
    return rles


def check_masks(rles: Rles, *, frames: int, height: int, width: int) -> None:
    """Check that every frame has a mask of the video's size; runs are not checked.

    Raises:
        DataError: A mask is missing or has another size; names the frame.
    """
    if len(rles) != frames:
        raise DataError(f"has {len(rles)} masks for {frames} frames; give one per frame")
    for frame, rle in enumerate(rles):
        if rle is None:
            continue
        size = rle.get("size") if isinstance(rle, Mapping) else None
        if size != [height, width]:
            raise DataError(
                f"frame {frame} has size {size!r:.40}; the video is {height} high and {width} wide"
            )


def parse_trajectories(text: str, *, objects: int, frames: int) -> dict[int, dict[str, Point]]:
    """Return the true points: frame -> object -> point in pixels.

    Args:
        text: See ``Query.frame_trajectories``.
        objects: Number of objects of the query, named "0" .. "objects - 1".
        frames: Number of frames of the video.

    Raises:
        DataError: The text is invalid; the message names frame and object.

    >>> text = '[{"frame": 3, "points": [{"id": "0", "point": [4, 5.5]}]}]'
    >>> parse_trajectories(text, objects=1, frames=4)
    {3: {'0': (4.0, 5.5)}}
    """
    try:
        entries = parse_json(text)
    except ValueError as error:
        raise DataError(f"is not valid JSON ({error})") from error
    if not isinstance(entries, list):
        raise DataError(f"is {text[:40]!r} instead of a JSON list")
    known = {str(place) for place in range(objects)}
    by_frame: dict[int, dict[str, Point]] = {}
    for place, entry in enumerate(entries):
        frame = entry.get("frame") if isinstance(entry, dict) else None
        if type(frame) is not int or not 0 <= frame < frames:
            raise DataError(f"entry {place} has frame {frame!r:.40}; frames are 0..{frames - 1}")
        points = dict(_named_points(frame, entry.get("points")))
        unknown = sorted(points.keys() - known)
        if unknown:
            raise DataError(
                f"frame {frame} has object {unknown[0]!r:.40}; mask_ids names {objects} objects, "
                "numbered from 0"
            )
        by_frame[frame] = points
    return by_frame


def _named_points(frame: int, points: Any) -> Iterator[tuple[str, Point]]:
    if isinstance(points, list) and all(isinstance(point, dict) for point in points):
        items = [(point.get("id"), point.get("point")) for point in points]
    elif isinstance(points, dict) and all(isinstance(point, dict) for point in points.values()):
        items = [(name, point.get("point")) for name, point in points.items()]
    else:
        raise DataError(f"frame {frame} has {points!r:.60} instead of points")
    for name, point in items:
        if not (isinstance(point, list) and len(point) == 2 and all(map(_is_number, point))):
            raise DataError(
                f"frame {frame}, object {name!r:.40}: {point!r:.60} is not a point [x, y]"
            )
        yield str(name), (float(point[0]), float(point[1]))


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 1e9 and math.isfinite(value)
