"""Overlays of a query for reports: a few frames with the true objects and the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluators.drawings import drawing, outlines, shape
from evaluators.tracking.queries import Rles, Target
from evaluators.tracking.rle import decode_masks
from evaluators.tracking.tracks import Tracks
from jumpscore.records import OverlayView, Shape, Side

MOST_FRAMES = 6
"""Maximum number of frames per query."""


def draw(truth: Target, tracks: Tracks | None, masks: Rles | None) -> OverlayView:
    """Return drawings of frames spread over those in the answer, or else over all.

    Args:
        truth: Ground truth, drawn as outlines.
        tracks: Answered points.
        masks: Answered or derived masks, one or ``None`` per frame, drawn as outlines.
    """
    points = tracks.frames if tracks is not None else {}
    answered = [frame for frame in sorted(points) if frame < truth.frames]
    frames = _spread(answered or range(truth.frames))
    drawings = (
        drawing(
            [
                *(
                    one
                    for rles in truth.masks.values()
                    for one in _outlined("truth", rles, n, truth)
                ),
                *_outlined("answer", masks, n, truth),
                _points(points.get(n, {}), truth),
            ],
            time=n / truth.fps,
            caption=f"(frame {n})",
        )
        for n in frames
    )
    return OverlayView(tuple(drawings))


def _outlined(side: Side, rles: Rles | None, frame: int, truth: Target) -> list[Shape]:
    if rles is None or rles[frame] is None:
        return []
    [mask] = decode_masks([rles[frame]], height=truth.height, width=truth.width)
    return outlines(side, mask)


def _points(points: Mapping[str, tuple[float, float]], truth: Target) -> Shape | None:
    places = [((x + 0.5) / truth.width, (y + 0.5) / truth.height) for x, y in points.values()]
    return shape("answer", "points", places) if places else None


def _spread(frames: Sequence[int]) -> list[int]:
    """Return evenly spread frames, including the first and the last.

    >>> _spread(range(11))
    [0, 2, 4, 6, 8, 10]
    """
    if len(frames) <= MOST_FRAMES:
        return list(frames)
    step = (len(frames) - 1) / (MOST_FRAMES - 1)
    return [frames[round(place * step)] for place in range(MOST_FRAMES)]
