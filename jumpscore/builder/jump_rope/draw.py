"""Drawing primitives: antialiased fixed-point polygons, capsules, soft shadows, stamps.

Everything ends in integer arithmetic (OpenCV's fixed-point polygons, integer blending), so that
equal coordinates give equal pixels. Images are uint8 [H, W, 3] RGB and are changed in place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.specs import RGB

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float64]

SHIFT = 4  # fractional bits of polygon coordinates
_ARC = 9  # points per round end of a capsule


def fixed(points: FloatArray) -> NDArray[np.int32]:
    """Pixel coordinates as fixed-point integers for OpenCV's ``shift=SHIFT``."""
    return np.rint(np.clip(points, -20000.0, 20000.0) * (1 << SHIFT)).astype(np.int32)


def shade(color: RGB, factor: float) -> RGB:
    """The colour, darker (factor < 1) or lighter (> 1, toward white)."""
    if factor > 1.0:
        return mix(color, (255, 255, 255), min(factor - 1.0, 1.0))
    return (round(color[0] * factor), round(color[1] * factor), round(color[2] * factor))


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """``a`` and ``b`` mixed; share 0 is a, 1 is b."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def fill(image: Image, points: FloatArray | Sequence[tuple[float, float]], color: RGB) -> None:
    """Fills any polygon [N, 2]."""
    corners = fixed(np.asarray(points, dtype=np.float64)).reshape(-1, 1, 2)
    cv2.fillPoly(image, [corners], color, cv2.LINE_AA, SHIFT)


def fill_convex(image: Image, corners: NDArray[np.int32], color: RGB) -> None:
    """Fills a convex polygon of fixed-point corners [N, 2]."""
    cv2.fillConvexPoly(image, corners, color, cv2.LINE_AA, SHIFT)


def stroke(
    image: Image, points: FloatArray | Sequence[tuple[float, float]], color: RGB, width: float
) -> None:
    """Draws an open polyline [N, 2]."""
    corners = fixed(np.asarray(points, dtype=np.float64)).reshape(-1, 1, 2)
    cv2.polylines(image, [corners], False, color, max(1, round(width)), cv2.LINE_AA, SHIFT)


def capsules(p0: FloatArray, r0: FloatArray, p1: FloatArray, r1: FloatArray) -> FloatArray:
    """Outlines [N, 2 * _ARC, 2] of tapered capsules: the hulls of two circles each.

    Args:
        p0: First centres [N, 2], pixels.
        r0: First radii [N].
        p1: Second centres [N, 2].
        r1: Second radii [N].
    """
    line = p1 - p0
    length = np.maximum(np.hypot(line[:, 0], line[:, 1]), 1e-6)
    heading = np.arctan2(line[:, 1], line[:, 0])
    # Contact points of the outer tangents; if one circle contains the other, only it remains.
    tangent = np.arccos(np.clip((r0 - r1) / length, -1.0, 1.0))
    share = np.linspace(0.0, 1.0, _ARC)
    back = tangent[:, None] + (2 * math.pi - 2 * tangent)[:, None] * share
    front = -tangent[:, None] + (2 * tangent)[:, None] * share
    outline = [
        centre[:, None, :] + radius[:, None, None] * np.stack([np.cos(a), np.sin(a)], axis=-1)
        for centre, radius, a in (
            (p0, r0, heading[:, None] + back),
            (p1, r1, heading[:, None] + front),
        )
    ]
    return np.concatenate(outline, axis=1)


@lru_cache(maxsize=1)
def _soft_disc() -> NDArray[np.uint8]:
    """128 x 128 disc that fades out smoothly, 0..255."""
    grid = (np.arange(128) - 63.5) / 64.0
    radius = np.hypot(*np.meshgrid(grid, grid))
    fade = np.clip(1.0 - radius, 0.0, 1.0)
    return np.asarray(np.rint(255 * fade * fade * (3 - 2 * fade)), dtype=np.uint8)


def soft_shadow(
    image: Image, centre: tuple[float, float], radii: tuple[float, float], strength: float
) -> None:
    """Darkens a soft ellipse; ``strength`` 0..1 is the share of light removed in its middle."""
    height, width = image.shape[:2]
    x0, x1 = math.floor(centre[0] - radii[0]), math.ceil(centre[0] + radii[0]) + 1
    y0, y1 = math.floor(centre[1] - radii[1]), math.ceil(centre[1] + radii[1]) + 1
    cx0, cx1, cy0, cy1 = max(x0, 0), min(x1, width), max(y0, 0), min(y1, height)
    if cx1 <= cx0 or cy1 <= cy0 or min(radii) < 0.5:
        return
    sx, sy = radii[0] / 64.0, radii[1] / 64.0
    matrix = np.array([[sx, 0, centre[0] - cx0 - 63.5 * sx], [0, sy, centre[1] - cy0 - 63.5 * sy]])
    disc = cv2.warpAffine(_soft_disc(), matrix, (cx1 - cx0, cy1 - cy0), flags=cv2.INTER_LINEAR)
    keep = 255 - (disc.astype(np.int32) * round(strength * 256) >> 8)
    window = image[cy0:cy1, cx0:cx1]
    window[:] = (window * keep[:, :, None] // 255).astype(np.uint8)


def stamp(
    image: Image, sprite: Image, alpha: NDArray[np.uint8], corner: tuple[float, float]
) -> None:
    """Blends a sprite whose upper left pixel lies at ``corner`` (sub-pixel) into the image.

    The sprite's own border must be transparent (its alpha 0), because of the sub-pixel shift.
    """
    height, width = image.shape[:2]
    x, y = math.floor(corner[0]), math.floor(corner[1])
    h, w = alpha.shape
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w + 1, width), min(y + h + 1, height)
    if x1 <= x0 or y1 <= y0:
        return
    matrix = np.array([[1, 0, corner[0] - x0], [0, 1, corner[1] - y0]], dtype=np.float64)
    size = (x1 - x0, y1 - y0)
    ink = cv2.warpAffine(sprite, matrix, size, borderMode=cv2.BORDER_REPLICATE).astype(np.int32)
    cover = cv2.warpAffine(alpha, matrix, size).astype(np.int32)[:, :, None]
    window = image[y0:y1, x0:x1]
    window[:] = ((window * (255 - cover) + ink * cover + 127) // 255).astype(np.uint8)
