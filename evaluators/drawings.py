"""Overlays that a report draws over the pictures of a sample, as JSON-ready values.

``SampleScore.details["drawings"]`` is a list of drawings. Each refers to a picture (one of the
question's media, for a video at a time) and contains shapes. Coordinates are fractions of the
picture's width and height from the top left, so they fit it at any size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Side = Literal["truth", "answer"]
Form = Literal["points", "path", "area"]
"""Single points; a line through points in order; a closed outline."""

MOST_POINTS = 200
"""Points stored per shape; an answer may contain ten thousand."""
MOST_OUTLINES = 12
"""Outlines stored per mask, the largest first."""


def drawing(
    shapes: Iterable[dict[str, Any] | None],
    *,
    media: int = 0,
    time: float | None = None,
    caption: str = "",
) -> dict[str, Any]:
    """Return one drawing.

    Args:
        shapes: Results of ``shape`` and ``outlines``; ``None`` is skipped.
        media: Index of the picture or video among the question's media.
        time: Seconds, for a video.
        caption: A few words below the picture.
    """
    drawn = [item for item in shapes if item]
    return {"media": media, "time": time, "caption": caption, "shapes": drawn}


def shape(of: Side, form: Form, xy: npt.ArrayLike) -> dict[str, Any] | None:
    """Return one shape, or ``None`` if there is nothing to draw.

    Args:
        of: Whether it belongs to the truth or the answer.
        form: See ``Form``.
        xy: [n, 2] fractions of the picture; points that are not finite or far outside are skipped.

    >>> shape("answer", "points", [[0.5, 0.25], [float("nan"), 0]])["xy"]
    [[0.5, 0.25]]
    """
    points: npt.NDArray[np.float64] = np.asarray(xy, dtype=np.float64).reshape(-1, 2)[:MOST_POINTS]
    with np.errstate(invalid="ignore"):
        seen = points[(np.abs(points - 0.5) <= 1.5).all(axis=1)]
    if not len(seen):
        return None
    return {"of": of, "form": form, "xy": np.round(seen, 4).tolist()}


def box_shape(of: Side, box: Sequence[float]) -> dict[str, Any] | None:
    """Return the outline of a box (x1, y1, x2, y2) in fractions of the picture."""
    x1, y1, x2, y2 = box
    return shape(of, "area", [[x1, y1], [x2, y1], [x2, y2], [x1, y2]])


def outlines(of: Side, mask: npt.NDArray[Any]) -> list[dict[str, Any]]:
    """Return the outlines of a mask [height, width], smoothed to within half a percent.

    >>> mask = np.zeros((10, 10), dtype=bool)
    >>> mask[2:8, 2:8] = True
    >>> len(outlines("truth", mask)[0]["xy"])
    4
    """
    import cv2

    height, width = mask.shape
    binary = np.ascontiguousarray(mask, dtype=np.uint8)
    contours, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = sorted(contours, key=cv2.contourArea, reverse=True)[:MOST_OUTLINES]
    shapes = []
    for contour in largest:
        smooth = cv2.approxPolyDP(contour, 0.005 * max(height, width), True).reshape(-1, 2)
        # Contours run through pixel centres.
        shapes.append(shape(of, "area", (smooth + 0.5) / (width, height)))
    return [item for item in shapes if item]
