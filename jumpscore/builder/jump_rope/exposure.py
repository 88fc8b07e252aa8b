"""Motion blur of bodies and balls: the average of several moments of an exposure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.body import FigurePainter
from jumpscore.builder.jump_rope.draw import Image, fill, shade
from jumpscore.builder.jump_rope.figure import INDEX
from jumpscore.builder.jump_rope.specs import RGB

FloatArray = NDArray[np.float64]

SHOTS = 9
"""Moments of an exposure for which positions are computed; as many are drawn as are needed."""

_STEP = 3.0  # pixels that a joint may move between two moments, at a frame height of 720
_MARGIN = 0.30  # metres around the joints that the body's parts may need


@dataclass(frozen=True)
class SeenBall:
    """A ball in the picture.

    Attributes:
        centres: Pixels [S, 2].
        depth: Distances from the camera plane [S].
        size: Radius times the focal length: divided by the distance it is the radius in pixels.
        color: Its colour.
    """

    centres: FloatArray
    depth: FloatArray
    size: float
    color: RGB


@dataclass(frozen=True)
class Shots:
    """A person at S moments: joints in pixels [S, J, 2], their distances [S, J], and balls."""

    pixels: FloatArray
    depth: FloatArray
    balls: tuple[SeenBall, ...]


def paint_exposure(image: Image, painter: FigurePainter, shots: Shots, scale: float) -> None:
    """Draws the average of as many moments as the movement needs, in place.

    Args:
        image: Frame.
        painter: Draws the person.
        shots: The person during the exposure.
        scale: Pixels per metre at the person's distance.
    """
    window = _window(image, shots, _MARGIN * scale)
    if window is None:
        return
    (x, y), part = window
    chosen = _moments(shots, image.shape[0])
    if len(chosen) == 1:
        _paint(part, painter, shots, int(chosen[0]), (x, y))
        return
    total = np.zeros(part.shape, np.uint16)
    for moment in chosen:
        copy = part.copy()
        _paint(copy, painter, shots, int(moment), (x, y))
        cv2.add(total, copy, dst=total, dtype=cv2.CV_16U)
    part[:] = cv2.convertScaleAbs(total, alpha=1.0 / len(chosen))


def _moments(shots: Shots, height: int) -> NDArray[np.int64]:
    """Indices of the moments to draw: one for a body at rest."""
    moved = np.ptp(shots.pixels, axis=0).max()
    for ball in shots.balls:
        moved = max(moved, float(np.ptp(ball.centres, axis=0).max()))
    available = len(shots.pixels)
    count = min(max(math.ceil(moved / (_STEP * max(height / 720.0, 0.5))), 1), available)
    shares = (np.arange(count) + 0.5) / count
    return np.asarray(np.rint(shares * available - 0.5), dtype=np.int64)


def _window(image: Image, shots: Shots, margin: float) -> tuple[tuple[int, int], Image] | None:
    """The part of the frame that the person and the balls may cover, and its corner."""
    points = [shots.pixels.reshape(-1, 2), *(ball.centres for ball in shots.balls)]
    every = np.concatenate(points)
    low = np.maximum(np.floor(every.min(axis=0) - margin).astype(int), 0)
    high = np.minimum(np.ceil(every.max(axis=0) + margin).astype(int), image.shape[1::-1])
    if (high <= low).any():
        return None
    return (int(low[0]), int(low[1])), image[low[1] : high[1], low[0] : high[0]]


def _paint(
    part: Image, painter: FigurePainter, shots: Shots, moment: int, corner: tuple[int, int]
) -> None:
    """Draws one moment: balls behind the body, the body, balls before it."""
    body = float(shots.depth[moment, INDEX["pelvis"]])
    for before in (False, True):
        if before:
            painter.paint(part, shots.pixels[moment] - corner, shots.depth[moment])
        for ball in shots.balls:
            if (float(ball.depth[moment]) < body) == before:
                radius = ball.size / float(ball.depth[moment])
                _paint_ball(part, ball.centres[moment] - corner, radius, ball.color)


def _paint_ball(image: Image, centre: FloatArray, radius: float, color: RGB) -> None:
    """A shaded ball."""
    turn = np.linspace(0.0, 2.0 * math.pi, 29)[:-1]
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    for size, shift, brightness in ((1.0, 0.0, 0.66), (0.86, 0.10, 0.86), (0.58, 0.26, 1.04)):
        middle = centre - shift * radius
        fill(image, middle + size * radius * circle, shade(color, brightness))
