"""The rope: a curve between the handles that turns about the hands' axis, and its motion blur.

During a camera's exposure a fast rope moves several times its own width and becomes a faint fan.
`paint_rope` draws the rope at several moments of the exposure and averages.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.draw import Image, fixed
from jumpscore.builder.jump_rope.specs import RGB

FloatArray = NDArray[np.float64]

POINTS = 49
_BULGE = 2.5  # exponent of the curve: 2 is a parabola, larger is fuller at the sides
_MAX_EXPOSURES = 20
_VISIBILITY = 1.5  # blurred ropes are drawn this much stronger than the exposure implies


def rope_curve(
    tips: FloatArray, angle: FloatArray, forward: FloatArray, radius: float
) -> FloatArray:
    """Rope points [T, POINTS, 3] in world coordinates.

    Args:
        tips: Handle ends [T, 2, 3] (left, right), world metres.
        angle: Rope angle [T], radians.
        forward: Unit vector [3], the jumper's forward direction in the world.
        radius: Metres from the hands' axis to the rope's middle.

    The rope cannot pass through the floor: points below it are moved up to it.
    """
    s = np.linspace(-1.0, 1.0, POINTS)
    middle = tips.mean(axis=1, keepdims=True)
    half = (tips[:, 1:2] - tips[:, 0:1]) / 2
    along = s * (
        1.0 + 0.30 * (1.0 - s * s)
    )  # the turning rope is widest slightly away from the hands
    away = radius * (1.0 - np.abs(s) ** _BULGE)
    direction = np.outer(-np.sin(angle), forward) + np.outer(-np.cos(angle), [0.0, 0.0, 1.0])
    points = middle + half * along[None, :, None] + direction[:, None, :] * away[None, :, None]
    points[..., 2] = np.maximum(points[..., 2], 0.012)
    return np.asarray(points, dtype=np.float64)


@dataclass(frozen=True)
class RopeMask:
    """Coverage 0..255 of the rope within a window of the frame, behind and before the body."""

    x: int
    y: int
    behind: NDArray[np.uint8]
    before: NDArray[np.uint8]


def exposures(speed: float, radius: float, shutter: float, scale: float, width: float) -> int:
    """Number of sub-exposures that make the swept fan gapless.

    Args:
        speed: Angular speed in rad/s.
        radius: Rope radius in metres.
        shutter: Exposure in seconds.
        scale: Pixels per metre.
        width: Rope width in pixels.
    """
    swept = speed * radius * shutter * scale
    return int(min(max(math.ceil(swept / (1.2 * width)), 1), _MAX_EXPOSURES))


@dataclass(frozen=True)
class Fan:
    """How a moving rope is drawn: ``count`` lines, each ``width`` pixels wide, with a coverage."""

    count: int
    width: float
    weight: float


def physical_fan(swept: float, width: float) -> Fan:
    """The lines that cover the path of a rope as much as the rope does during the exposure.

    Args:
        swept: Pixels by which the rope's middle moves.
        width: Width of the rope in pixels; may be below 1.
    """
    count = min(max(math.ceil(swept / (1.2 * max(width, 1.0))), 1), _MAX_EXPOSURES)
    drawn = max(1, round(width), math.ceil(swept / count) if count > 1 else 1)
    return Fan(count, float(drawn), width / (drawn * count))


def rope_mask(
    pixels: FloatArray,
    near: NDArray[np.bool_],
    width: float,
    size: tuple[int, int],
    *,
    weight: float | None = None,
) -> RopeMask | None:
    """Draws the sub-exposures [K, POINTS, 2] into two coverage masks.

    Args:
        pixels: Rope points in pixels.
        near: [K, POINTS - 1], whether a segment is nearer to the camera than the body.
        width: Rope width in pixels.
        size: Frame width and height.
        weight: Coverage 0..1 that each sub-exposure adds; by default more than the exposure
            implies, so that fast ropes stay visible.

    Returns:
        The masks, or ``None`` if the rope is outside the frame.
    """
    pad = int(width) + 3
    low = np.maximum(np.floor(pixels.min(axis=(0, 1))).astype(int) - pad, 0)
    high = np.minimum(np.ceil(pixels.max(axis=(0, 1))).astype(int) + pad, size)
    if (high <= low).any():
        return None
    shape = (int(high[1] - low[1]), int(high[0] - low[0]))
    points = fixed(pixels - low)
    gain = 1.0
    if weight is None:
        level = min(255.0, 255.0 * (_VISIBILITY if len(pixels) > 1 else 1.0) / len(pixels))
    else:  # drawn at a level that fits eight bits, and weakened afterwards
        level = float(255 // len(pixels))
        gain = 255.0 * weight / level
    layers = []
    for flag in (False, True):
        total = np.zeros(shape, np.uint8)
        single = np.zeros(shape, np.uint8)
        for k in range(len(pixels)):
            single[:] = 0
            pieces = _pieces(points[k], near[k] == flag)
            cv2.polylines(single, pieces, False, level, max(1, round(width)), cv2.LINE_AA, 4)
            cv2.add(total, single, dst=total)  # saturates
        if gain != 1.0:
            total = np.asarray(cv2.convertScaleAbs(total, alpha=gain), dtype=np.uint8)
        layers.append(total)
    return RopeMask(int(low[0]), int(low[1]), layers[0], layers[1])


def paint_rope(image: Image, mask: RopeMask, color: RGB, *, before: bool) -> None:
    """Blends one layer of the rope into the frame, in place."""
    layer = mask.before if before else mask.behind
    rows, columns = np.nonzero(layer)
    if len(rows) == 0:
        return
    alpha = layer[rows, columns].astype(np.int32)[:, None]
    target = image[mask.y : mask.y + layer.shape[0], mask.x : mask.x + layer.shape[1]]
    old = target[rows, columns].astype(np.int32)
    ink = np.array(color, dtype=np.int32)
    target[rows, columns] = ((old * (255 - alpha) + ink * alpha + 127) // 255).astype(np.uint8)


def _pieces(points: NDArray[np.int32], selected: NDArray[np.bool_]) -> list[NDArray[np.int32]]:
    """The selected segments of a polyline as connected pieces."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], selected, [False]]).astype(np.int8)))
    return [
        points[a : b + 1].reshape(-1, 1, 2) for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]
