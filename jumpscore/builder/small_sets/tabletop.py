"""A ray-cast table with boxes and balls: picture, exact depth, and the object at every pixel.

Camera coordinates in metres: x to the right, y down, z forward. The table's own coordinates have
their origin at the camera, y straight down, and z forward along the floor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LIGHT = np.array([0.4, -0.8, -0.45])
CHECKER = 0.1
"""Side of the table's squares in metres."""


@dataclass(frozen=True, slots=True)
class View:
    """A camera above a table.

    Attributes:
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
        focal: Focal length in pixels.
        above: Metres between the camera and the table.
        pitch: Downward angle in radians.
    """

    width: int
    height: int
    focal: float
    above: float
    pitch: float

    @property
    def intrinsics(self) -> list[list[float]]:
        """The camera's matrix."""
        cx, cy = self.width / 2, self.height / 2
        return [[self.focal, 0.0, cx], [0.0, self.focal, cy], [0.0, 0.0, 1.0]]

    @property
    def turn(self) -> Floats:
        """Rotation [3, 3] from the table's to camera coordinates."""
        cos, sin = math.cos(self.pitch), math.sin(self.pitch)
        return np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])

    def rays(self) -> Floats:
        """Return the direction of every pixel in the table's coordinates, float64 [h, w, 3].

        In camera coordinates their z is 1, so depth is the factor of a ray. A pixel's ray goes
        through its upper left corner, like in the benchmark's conversion of depth to points.
        """
        rows, columns = np.mgrid[: self.height, : self.width]
        x = (columns - self.width / 2) / self.focal
        y = (rows - self.height / 2) / self.focal
        return np.stack([x, y, np.ones_like(x)], axis=-1) @ self.turn


@dataclass(frozen=True, slots=True)
class Solid:
    """A box with its sides along the table's axes, or a ball.

    Attributes:
        center: [3] metres, in the table's coordinates.
        half: [3] half of a box's sides; of a ball its radius, three times.
        colour: RGB, 0-255.
        round: Whether it is a ball.
    """

    center: Floats
    half: Floats
    colour: tuple[int, int, int]
    round: bool = False

    def hit(self, rays: Floats) -> tuple[Floats, Floats]:
        """Return depth [h, w] along rays from the camera, inf where missed, and normals."""
        return self._hit_ball(rays) if self.round else self._hit_box(rays)

    def _hit_box(self, rays: Floats) -> tuple[Floats, Floats]:
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.stack(
                [(self.center + sign * self.half) / rays for sign in (-1.0, 1.0)], axis=-1
            )
        enter, leave = ends.min(axis=-1), ends.max(axis=-1)
        first = enter.max(axis=-1)
        depth = np.where((first <= leave.min(axis=-1)) & (first > 0), first, np.inf)
        faces = np.eye(3)[enter.argmax(axis=-1)]
        return depth, -faces * np.sign(rays)

    def _hit_ball(self, rays: Floats) -> tuple[Floats, Floats]:
        squares, along = (rays**2).sum(axis=-1), rays @ self.center
        inside = along**2 - squares * (self.center @ self.center - self.half[0] ** 2)
        first = (along - np.sqrt(np.maximum(inside, 0.0))) / squares
        depth = np.where((inside > 0) & (first > 0), first, np.inf)
        at = rays * np.where(np.isfinite(depth), depth, 0.0)[..., None]
        return depth, (at - self.center) / self.half[0]


def render(
    view: View, solids: list[Solid], generator: np.random.Generator
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16], npt.NDArray[np.int64]]:
    """Return RGB [h, w, 3], depth in millimetres [h, w], and the visible solid [h, w], -1 if none.

    Args:
        view: The camera.
        solids: Objects on the table.
        generator: Random generator of the picture's grain; depth is exact.
    """
    rays = view.rays()
    with np.errstate(divide="ignore"):
        depth = np.where(rays[..., 1] > 0, view.above / rays[..., 1], np.inf)
    ground = rays * np.where(np.isfinite(depth), depth, 0.0)[..., None]
    squares = np.floor(ground[..., [0, 2]] / CHECKER).sum(axis=-1) % 2
    colour = np.where(squares[..., None] > 0, (188.0, 164.0, 132.0), (172.0, 148.0, 118.0))
    colour[~np.isfinite(depth)] = (205, 212, 220)
    seen = np.full(depth.shape, -1)
    for number, solid in enumerate(solids):
        hit, normals = solid.hit(rays)
        nearer = hit < depth
        light = 0.55 + 0.45 * np.clip(normals @ (LIGHT / np.linalg.norm(LIGHT)), 0, 1)
        colour[nearer] = (light[..., None] * np.array(solid.colour))[nearer]
        depth[nearer], seen[nearer] = hit[nearer], number
    grain = generator.normal(0.0, 3.0, colour.shape)
    picture = np.clip(colour + grain, 0, 255).astype(np.uint8)
    millimetres = np.where(np.isfinite(depth), np.minimum(depth * 1000, 65535), 0)
    return picture, millimetres.round().astype(np.uint16), seen
