"""Backdrops: gym, park, street and living room, painted once per clip.

Everything is placed in the scene (metres, world coordinates of `camera`) and projected, so that
floor lines run to the horizon and the jumper stands on the floor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.camera import Camera
from jumpscore.builder.jump_rope.draw import Image, fill, mix, shade, stroke
from jumpscore.builder.jump_rope.specs import RGB

FloatArray = NDArray[np.float64]

_SIDE = 14.0  # metres that floors and walls extend to either side


class Stage:
    """A canvas on which shapes are placed in metres.

    Args:
        camera: The camera; its frame size is the canvas size.
        rng: Local generator for everything that varies.
    """

    def __init__(self, camera: Camera, rng: np.random.Generator) -> None:
        self.camera, self.rng = camera, rng
        self.image: Image = np.zeros((camera.height, camera.width, 3), np.uint8)
        self.near = 0.45 - camera.distance  # the floor starts just in front of the camera

    def points(self, corners: Sequence[tuple[float, float, float]]) -> FloatArray:
        """World points to pixels."""
        return self.camera.project(np.array(corners, dtype=np.float64))[0]

    def polygon(self, corners: Sequence[tuple[float, float, float]], color: RGB) -> None:
        """Fills a polygon of world points."""
        fill(self.image, self.points(corners), color)

    def wall(self, x: tuple[float, float], z: tuple[float, float], y: float, color: RGB) -> None:
        """Fills an upright rectangle at distance y."""
        (x0, x1), (z0, z1) = x, z
        self.polygon([(x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1)], color)

    def floor(self, x: tuple[float, float], y: tuple[float, float], color: RGB) -> None:
        """Fills a rectangle on the floor."""
        (x0, x1), (y0, y1) = x, (max(y[0], self.near), y[1])
        self.polygon([(x0, y0, 0), (x1, y0, 0), (x1, y1, 0), (x0, y1, 0)], color)

    def box(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        z: tuple[float, float],
        color: RGB,
    ) -> None:
        """Draws a block with a front, a lighter top and the visible, darker side."""
        (x0, x1), (y0, y1), (z0, z1) = x, y, z
        side = x1 if x1 < 0 else x0
        self.polygon([(side, y0, z0), (side, y1, z0), (side, y1, z1), (side, y0, z1)],
                     shade(color, 0.7))  # fmt: skip
        self.polygon([(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)], shade(color, 1.15))
        self.wall(x, z, y0, color)

    def line(self, a: tuple[float, float, float], b: tuple[float, float, float], color: RGB,
             metres: float) -> None:  # fmt: skip
        """A line of a given thickness in metres (at its first end)."""
        depth = a[1] + self.camera.distance
        stroke(self.image, self.points([a, b]), color, metres * self.camera.focal / max(depth, 0.3))

    def disc(self, centre: tuple[float, float, float], radius: float, color: RGB,
             squash: float = 1.0) -> None:  # fmt: skip
        """A disc that faces the camera."""
        (u, v), r = self.points([centre])[0], radius * self.camera.focal
        r /= centre[1] + self.camera.distance
        turn = np.linspace(0, 2 * math.pi, 25)
        fill(self.image, np.stack([u + r * np.cos(turn), v + squash * r * np.sin(turn)], -1), color)

    def vary(self, color: RGB, amount: float) -> RGB:
        """The colour, a little lighter or darker at random."""
        return shade(color, float(1.0 + self.rng.uniform(-amount, amount)))


def paint_backdrop(kind: str, camera: Camera, rng: np.random.Generator) -> Image:
    """Paints the scene without people.

    Args:
        kind: One of `specs.BACKDROPS`.
        camera: The camera; its frame size is the image size.
        rng: Local generator.

    Returns:
        uint8 [H, W, 3] RGB.

    Raises:
        ValueError: Unknown kind.
    """
    if kind not in _PAINTERS:
        raise ValueError(f"unknown backdrop {kind!r}; allowed: {', '.join(_PAINTERS)}")
    stage = Stage(camera, rng)
    roughness = _PAINTERS[kind](stage)
    sigma = max(0.5, camera.height / 720.0)
    image = np.asarray(
        cv2.GaussianBlur(stage.image, (0, 0), sigma), dtype=np.uint8
    )  # the focus is on the jumper
    return _textured(image, camera, roughness, rng)


def _textured(image: Image, camera: Camera, roughness: float, rng: np.random.Generator) -> Image:
    """Adds texture and uneven light; the grain of the floor grows toward the camera."""
    height, width = image.shape[:2]
    total = np.zeros((height, width), np.float32)
    for cell, weight in ((3, 0.35), (9, 0.35), (40, 0.5), (170, 0.9)):
        size = (max(2, width // cell + 2), max(2, height // cell + 2))
        noise = rng.standard_normal((size[1], size[0])).astype(np.float32)
        total += weight * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    rows = np.arange(height, dtype=np.float32)[:, None]
    ground = np.clip((rows - camera.horizon) / max(height - camera.horizon, 1.0), 0.0, 1.0)
    columns = np.arange(width, dtype=np.float32)[None] / width - 0.5
    light = 1.03 - 0.25 * columns**2 - 0.10 * ground + total * (0.012 + roughness * ground)
    return np.asarray(np.clip(np.rint(image * light[..., None]), 0, 255), dtype=np.uint8)


def _planks(stage: Stage, color: RGB, width: float, far: float) -> None:
    """Floor boards that run away from the camera."""
    x = -_SIDE
    while x < _SIDE:
        stage.floor((x, x + width), (stage.near, far), stage.vary(color, 0.06))
        x += width


def _tiles(stage: Stage, color: RGB, size: float, y: tuple[float, float], joint: RGB) -> None:
    """A tiled floor between two distances."""
    stage.floor((-_SIDE, _SIDE), y, color)
    start = math.ceil(max(y[0], stage.near) / size)
    for row in range(start, int(y[1] / size) + 1):
        stage.line((-_SIDE, row * size, 0), (_SIDE, row * size, 0), joint, 0.012)
    for column in range(int(-_SIDE / size), int(_SIDE / size) + 1):
        x = column * size
        stage.line((x, max(y[0], stage.near), 0), (x, y[1], 0), joint, 0.006)


def _gym(stage: Stage) -> float:
    rng = stage.rng
    back = float(rng.uniform(2.6, 4.2))
    paint: RGB = [(178, 186, 192), (196, 190, 176), (160, 172, 180)][int(rng.integers(3))]
    band: RGB = [(58, 88, 122), (128, 52, 48), (62, 96, 82)][int(rng.integers(3))]
    stage.wall((-_SIDE, _SIDE), (0, 8), back, paint)
    stage.wall((-_SIDE, _SIDE), (0, 1.15), back, band)
    stage.line((-_SIDE, back, 1.15), (_SIDE, back, 1.15), shade(band, 0.6), 0.05)
    first = float(rng.uniform(-6.2, -5.2))
    for i in range(6):  # windows high up
        x = first + 2.2 * i
        stage.wall((x, x + 1.7), (1.75, 3.4), back, (92, 98, 104))
        stage.wall((x + 0.06, x + 0.81), (1.81, 3.34), back, stage.vary((206, 224, 238), 0.06))
        stage.wall((x + 0.89, x + 1.64), (1.81, 3.34), back, stage.vary((206, 224, 238), 0.06))
    wood: RGB = [(188, 146, 98), (172, 126, 80), (104, 108, 114)][int(rng.integers(3))]
    _planks(stage, wood, 0.16, back)
    stage.line((-_SIDE, back, 0.04), (_SIDE, back, 0.04), shade(wood, 0.45), 0.08)
    for x, color in ((-1.9, (236, 236, 228)), (2.3, (60, 96, 168))):
        stage.floor((x, x + 0.06), (stage.near, back), color)
    stage.floor((-_SIDE, _SIDE), (1.2, 1.27), (202, 62, 48))
    side = 1.0 if rng.random() < 0.5 else -1.0
    _wall_bars(stage, side * 2.1, back - 0.1)
    _dumbbells(stage, -side * 2.4, back - 0.45)
    return 0.012


def _wall_bars(stage: Stage, x: float, y: float) -> None:
    wood: RGB = (168, 116, 66)
    for i in range(14):
        z = 0.25 + 0.17 * i
        stage.line((x - 0.5, y, z), (x + 0.5, y, z), wood, 0.045)
    for edge in (-0.5, 0.5):
        stage.wall((x + edge - 0.05, x + edge + 0.05), (0, 2.7), y, shade(wood, 0.8))


def _dumbbells(stage: Stage, x: float, y: float) -> None:
    for z in (0.30, 0.75):
        stage.box((x - 0.8, x + 0.8), (y, y + 0.4), (z, z + 0.05), (70, 72, 78))
        for i in range(5):
            c = x - 0.62 + 0.31 * i
            color: RGB = [(40, 40, 44), (150, 40, 40), (40, 70, 130)][int(stage.rng.integers(3))]
            stage.line((c - 0.06, y, z + 0.14), (c + 0.06, y, z + 0.14), (150, 150, 154), 0.03)
            stage.disc((c - 0.08, y, z + 0.14), 0.085, color)
            stage.disc((c + 0.08, y, z + 0.14), 0.085, shade(color, 0.8))
    for edge in (-0.8, 0.8):
        stage.wall((x + edge - 0.03, x + edge + 0.03), (0, 1.0), y, (56, 58, 62))


def _sky(stage: Stage, top: RGB, bottom: RGB) -> None:
    """A gradient from the top of the canvas to the horizon."""
    end = max(2, int(stage.camera.horizon) + 2)
    share = np.linspace(0, 1, end)[:, None]
    rows = np.array(top) * (1 - share) + np.array(bottom) * share
    stage.image[:end] = np.rint(rows[:, None, :]).astype(np.uint8)[: stage.image.shape[0]]


def _foliage(
    stage: Stage, centre: tuple[float, float, float], size: float, color: RGB, blobs: int
) -> None:
    """A crown of leaves: dark blobs below, light ones above."""
    rng = stage.rng
    spots = sorted(float(v) for v in rng.uniform(-1, 1, blobs))
    for height in spots:
        x = centre[0] + size * float(rng.uniform(-1, 1)) * math.sqrt(max(0.0, 1.05 - height**2))
        z = centre[2] + 0.8 * size * height
        tone = shade(color, float(0.78 + 0.22 * height + rng.uniform(-0.08, 0.12)))
        stage.disc((x, centre[1], z), size * float(rng.uniform(0.16, 0.36)), tone, 0.85)


def _park(stage: Stage) -> float:
    rng = stage.rng
    _sky(stage, (96, 152, 212), (208, 226, 238))
    for _ in range(5):
        u = float(rng.uniform(-18, 18))
        for _ in range(5):
            spot = (u + float(rng.uniform(-2, 2)), 30.0, 9.0 + float(rng.uniform(-0.5, 3)))
            stage.disc(spot, float(rng.uniform(0.8, 1.6)), (236, 241, 246), 0.45)
    stage.floor((-900, 900), (12, 900), (84, 112, 70))
    for i in range(26):  # a hedge of far trees
        x = -20 + 1.6 * i + float(rng.uniform(-0.6, 0.6))
        _foliage(stage, (x, 18.0, float(rng.uniform(1.2, 2.4))), 2.0, (72, 104, 66), 9)
    grass: RGB = [(98, 140, 66), (112, 148, 74), (88, 128, 70)][int(rng.integers(3))]
    stage.floor((-60, 60), (stage.near, 40), grass)
    stage.floor((-60, 60), (3.2, 4.6), (190, 176, 148))
    stage.floor((-60, 60), (3.1, 3.2), shade(grass, 0.75))
    for x, y in ((-4.2, 7.0), (4.6, 8.5), (-7.5, 10.0), (1.2, 11.0), (8.0, 7.5), (-1.9, 6.0)):
        x += float(rng.uniform(-0.8, 0.8))
        stage.disc((x, y, 0.02), 1.3, shade(grass, 0.7), 0.12)
        stage.line((x, y, 0), (x + 0.1, y, 2.2), (92, 72, 54), 0.30)
        green: RGB = [(64, 112, 52), (84, 124, 48), (54, 98, 60)][int(rng.integers(3))]
        _foliage(stage, (x, y, 3.0), 1.5, green, 46)
    x = float(rng.choice([-2.6, 2.2]))
    stage.box((x - 0.8, x + 0.8), (4.9, 5.3), (0.40, 0.46), (132, 88, 52))
    stage.box((x - 0.8, x + 0.8), (5.3, 5.35), (0.55, 0.85), (132, 88, 52))
    for edge in (-0.65, 0.65):
        stage.wall((x + edge - 0.04, x + edge + 0.04), (0, 0.4), 4.9, (60, 60, 62))
    return 0.05


def _street(stage: Stage) -> float:
    rng = stage.rng
    back = float(rng.uniform(3.0, 4.5))
    brick: RGB = [(158, 98, 78), (186, 168, 142), (142, 132, 128)][int(rng.integers(3))]
    stage.wall((-_SIDE, _SIDE), (0, 9), back, brick)
    for row in range(40):
        z = 0.42 + 0.14 * row
        stage.line((-_SIDE, back, z), (_SIDE, back, z), shade(brick, 0.87), 0.014)
        for column in range(-24, 24):
            x = 0.38 * column + 0.19 * (row % 2)
            stage.line((x, back, z), (x, back, z + 0.14), shade(brick, 0.88), 0.012)
    stage.wall((-_SIDE, _SIDE), (0, 0.42), back, shade(brick, 0.6))
    first = float(rng.uniform(-7.6, -6.6))
    for i in range(6):
        _house_window(stage, first + 2.5 * i, back, door=i == int(rng.integers(1, 5)))
    _tiles(stage, (168, 166, 160), 0.6, (-0.9, back), (140, 138, 134))
    stage.floor((-_SIDE, _SIDE), (stage.near, -1.05), (92, 92, 96))
    stage.floor((-_SIDE, _SIDE), (-1.05, -0.9), (196, 194, 188))
    x = float(rng.choice([-1.7, 1.8]))
    stage.line((x, 1.9, 0), (x, 1.9, 5), (52, 56, 60), 0.11)
    stage.line((x, 1.9, 0), (x, 1.9, 0.5), (46, 50, 54), 0.18)
    stage.box((-x - 0.25, -x + 0.25), (back - 0.6, back - 0.2), (0, 0.85), (66, 96, 74))
    return 0.02


def _house_window(stage: Stage, x: float, back: float, *, door: bool) -> None:
    """A window with a frame, or a door."""
    if door:
        stage.wall((x, x + 1.2), (0, 2.35), back, (214, 208, 196))
        stage.wall((x + 0.1, x + 1.1), (0, 2.25), back, stage.vary((92, 58, 44), 0.2))
        stage.wall((x + 0.25, x + 0.95), (1.2, 2.05), back, (70, 88, 100))
        return
    stage.wall((x, x + 1.4), (0.95, 2.5), back, (222, 218, 208))
    stage.wall((x + 0.08, x + 1.32), (1.03, 2.42), back, stage.vary((78, 96, 112), 0.2))
    stage.polygon(
        [
            (x + 0.2, back, 1.03),
            (x + 0.6, back, 1.03),
            (x + 1.2, back, 2.42),
            (x + 0.8, back, 2.42),
        ],
        (122, 142, 158),
    )
    stage.wall((x + 0.67, x + 0.73), (1.03, 2.42), back, (222, 218, 208))


def _room(stage: Stage) -> float:
    rng = stage.rng
    back = float(rng.uniform(1.7, 2.6))
    paint: RGB = [(222, 212, 196), (198, 210, 206), (214, 200, 204)][int(rng.integers(3))]
    stage.wall((-_SIDE, _SIDE), (0, 6), back, paint)
    wood: RGB = [(176, 132, 88), (150, 108, 70), (196, 164, 124)][int(rng.integers(3))]
    _planks(stage, wood, 0.19, back)
    stage.wall((-_SIDE, _SIDE), (0, 0.11), back, (240, 238, 232))
    side = 1.0 if rng.random() < 0.5 else -1.0
    x = side * 1.75
    stage.wall((x - 0.75, x + 0.75), (0.85, 2.3), back, (244, 243, 240))
    stage.wall((x - 0.66, x + 0.66), (0.94, 2.21), back, (196, 218, 236))
    stage.wall((x - 0.66, x + 0.66), (0.94, 1.25), back, (128, 160, 112))
    stage.wall((x - 0.025, x + 0.025), (0.94, 2.21), back, (244, 243, 240))
    curtain = stage.vary((150, 110, 120), 0.2)
    for edge in (-1.0, 0.74):
        for fold in range(4):
            a = x + edge + 0.065 * fold
            stage.wall((a, a + 0.065), (0.3, 2.45), back, shade(curtain, 0.85 + 0.13 * (fold % 2)))
    _sofa(stage, -side * 1.9, back)
    for i, width in enumerate((0.5, 0.36)):
        a = -side * (1.55 + 0.75 * i) - width / 2
        stage.wall((a, a + width), (1.5, 2.05), back, (64, 52, 44))
        tone = stage.vary(mix((90, 130, 150), (200, 140, 90), float(rng.random())), 0.1)
        stage.wall((a + 0.04, a + width - 0.04), (1.54, 2.01), back, tone)
    stage.disc((0.0, 0.35, 0.0), 1.5, stage.vary((142, 72, 66), 0.2), 0.24)
    stage.disc((0.0, 0.35, 0.0), 1.3, stage.vary((196, 172, 142), 0.1), 0.24)
    plant = side * 3.0
    stage.box((plant - 0.17, plant + 0.17), (back - 0.5, back - 0.2), (0, 0.35), (186, 104, 70))
    _foliage(stage, (plant, back - 0.35, 0.85), 0.45, (58, 110, 62), 30)
    return 0.012


def _sofa(stage: Stage, x: float, back: float) -> None:
    color = stage.vary(
        [(72, 92, 110), (120, 92, 78), (104, 112, 96)][int(stage.rng.integers(3))], 0.1
    )
    y = back - 0.85
    stage.box((x - 1.0, x + 1.0), (y + 0.6, back), (0.1, 0.85), shade(color, 0.9))
    stage.box((x - 0.95, x + 0.95), (y, y + 0.6), (0.1, 0.45), color)
    for edge in (-1.0, 0.82):
        stage.box((x + edge, x + edge + 0.18), (y, back), (0.1, 0.62), shade(color, 0.82))
    stage.disc((x - 0.5, y + 0.5, 0.6), 0.19, (206, 160, 70), 0.9)
    stage.line((x, y, 0.12), (x, y, 0.44), shade(color, 0.75), 0.015)


_PAINTERS: dict[str, Callable[[Stage], float]] = {
    "gym": _gym,
    "park": _park,
    "street": _street,
    "room": _room,
}
