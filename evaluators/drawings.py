"""Shapes that a report draws over the pictures of a sample (``OverlayView``).

Coordinates are fractions of the picture's width and height from the top left, so they fit it at any
size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from jumpscore.records import Drawing, Form, Shape, Side

MOST_POINTS = 200
"""Points stored per shape; an answer may contain ten thousand."""
MOST_OUTLINES = 12
"""Outlines stored per mask, the largest first."""


def drawing(
    shapes: Iterable[Shape | None],
    *,
    media: int = 0,
    time: float | None = None,
    caption: str = "",
) -> Drawing:
    """Return one drawing.

    Args:
        shapes: Results of ``shape`` and ``outlines``; ``None`` is skipped.
        media: Index of the picture or video among the question's media.
        time: Seconds, for a video.
        caption: A few words below the picture.
    """
    return Drawing(media, time, caption, tuple(one for one in shapes if one is not None))


def shape(side: Side, form: Form, xy: npt.ArrayLike) -> Shape | None:
    """Return one shape, or ``None`` if there is nothing to draw.

    Args:
        side: Whether it belongs to the truth or the answer.
        form: See ``Form``.
        xy: [n, 2] fractions of the picture; points that are not finite or far outside are skipped.

    >>> shape("answer", "points", [[0.5, 0.25], [float("nan"), 0]]).points
    ((0.5, 0.25),)
    """
    points: npt.NDArray[np.float64] = np.asarray(xy, dtype=np.float64).reshape(-1, 2)[:MOST_POINTS]
    with np.errstate(invalid="ignore"):
        seen = points[(np.abs(points - 0.5) <= 1.5).all(axis=1)]
    if not len(seen):
        return None
    return Shape(side, form, tuple((x, y) for x, y in np.round(seen, 4).tolist()))


def box_shape(side: Side, box: Sequence[float]) -> Shape | None:
    """Return the outline of a box (x1, y1, x2, y2) in fractions of the picture."""
    x1, y1, x2, y2 = box
    return shape(side, "area", [[x1, y1], [x2, y1], [x2, y2], [x1, y2]])


def outlines(side: Side, mask: npt.NDArray[Any]) -> list[Shape]:
    """Return the outlines of a mask [height, width], smoothed to within half a percent.

    >>> mask = np.zeros((10, 10), dtype=bool)
    >>> mask[2:8, 2:8] = True
    >>> len(outlines("truth", mask)[0].points)
    4
    """
    import cv2

    height, width = mask.shape
    binary = np.ascontiguousarray(mask, dtype=np.uint8)
    contours, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = sorted(contours, key=cv2.contourArea, reverse=True)[:MOST_OUTLINES]
    shapes: list[Shape | None] = []
    for contour in largest:
        smooth = cv2.approxPolyDP(contour, 0.005 * max(height, width), True).reshape(-1, 2)
        # Contours run through pixel centres.
        shapes.append(shape(side, "area", (smooth + 0.5) / (width, height)))
    return [item for item in shapes if item is not None]
