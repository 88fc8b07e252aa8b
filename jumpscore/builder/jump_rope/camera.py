"""The camera: from metres in the scene to pixels in the frame.

*World coordinates* (metres, right-handed): x to the right of the image, y away from the camera, z
up; the jumper stands at y = 0 on the floor z = 0, the camera at y = -distance. *Body coordinates*:
x to the person's right, y forward, z up, origin on the floor between the feet. *Pixels*: x right,
y down, pixel centres at integer coordinates, as displayed.

The camera looks along +y and frames by shifting its image plane (like a shift lens) instead of
tilting, so verticals stay vertical. A shaking or panning camera is a small rotation, which in the
image is a shift and a roll: the same 2x3 matrix moves the people and the background.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.specs import ClipSpec

FloatArray = NDArray[np.float64]

_REFERENCE_HEIGHT = 1.7  # metres of person that `View.person` refers to


@dataclass(frozen=True)
class Camera:
    """Perspective projection.

    Attributes:
        width: Frame width in pixels.
        height: Frame height in pixels.
        focal: Focal length in pixels.
        centre: Column that the camera looks at.
        horizon: Row of the horizon.
        eye: Camera height in metres.
        distance: Metres from the camera to y = 0.
    """

    width: int
    height: int
    focal: float
    centre: float
    horizon: float
    eye: float
    distance: float

    @property
    def scale(self) -> float:
        """Pixels per metre at y = 0."""
        return self.focal / self.distance

    def project(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """World points [..., 3] to pixels [..., 2] and distances from the camera plane [...]."""
        depth = np.maximum(points[..., 1] + self.distance, 0.2)
        scale = self.focal / depth
        u = self.centre + points[..., 0] * scale
        v = self.horizon + (self.eye - points[..., 2]) * scale
        return np.stack([u, v], axis=-1), depth

    def widened(self, margin_x: int, margin_y: int) -> Camera:
        """The same camera with a frame that is larger by the margins on every side."""
        return replace(
            self,
            width=self.width + 2 * margin_x,
            height=self.height + 2 * margin_y,
            centre=self.centre + margin_x,
            horizon=self.horizon + margin_y,
        )


def make_camera(spec: ClipSpec) -> Camera:
    """The camera of a clip."""
    view = spec.view
    scale = view.person * spec.height / _REFERENCE_HEIGHT
    return Camera(
        width=spec.width,
        height=spec.height,
        focal=scale * view.distance,
        centre=(0.5 + view.offset) * spec.width,
        horizon=view.ground * spec.height - view.eye * scale,
        eye=view.eye,
        distance=view.distance,
    )


def to_world(points: FloatArray, yaw: float, position: tuple[float, float]) -> FloatArray:
    """Body coordinates [..., 3] to world coordinates.

    Args:
        points: Metres, body coordinates.
        yaw: Degrees; 0 faces the camera, 90 faces to the right of the image.
        position: World x and y of the body's origin.
    """
    c, s = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return np.stack([-c * x + s * y + position[0], -s * x - c * y + position[1], z], axis=-1)


@dataclass(frozen=True)
class Motion:
    """Movement of the frame: per frame a shift (pixels, [T, 2]) and a roll (radians, [T])."""

    shift: FloatArray
    roll: FloatArray

    @property
    def still(self) -> bool:
        """Whether nothing moves."""
        return not (self.shift.any() or self.roll.any())

    def matrix(self, frame: int, camera: Camera) -> FloatArray:
        """2x3 matrix that takes pixels of the unmoved frame to pixels of frame ``frame``."""
        angle = float(self.roll[frame])
        c, s = math.cos(angle), math.sin(angle)
        cx, cy = camera.width / 2, camera.height / 2
        dx, dy = self.shift[frame]
        return np.array(
            [[c, -s, cx - c * cx + s * cy + dx], [s, c, cy - s * cx - c * cy + dy]],
            dtype=np.float64,
        )


SHAKE_REACH = 0.022  # largest shift by shaking, as a share of the frame height
PAN_REACH = 0.07  # largest shift by panning, as a share of the frame width


def make_motion(spec: ClipSpec, times: FloatArray) -> Motion:
    """Camera movement of a clip at its frame times (seconds, [T])."""
    shift = np.zeros((len(times), 2))
    roll = np.zeros(len(times))
    rng = spec.rng("motion")
    if spec.has("shake"):
        reach = SHAKE_REACH * spec.height
        shift[:, 0] += _wobble(times, reach, (0.8, 6.0), rng)
        shift[:, 1] += _wobble(times, reach, (0.8, 6.0), rng)
        roll += _wobble(times, 0.007, (0.5, 3.0), rng)
    if spec.has("pan"):
        reach = PAN_REACH * spec.width
        shift[:, 0] += _wobble(times, reach, (0.05, 0.14), rng)
        shift[:, 1] += _wobble(times, 0.012 * spec.height, (0.1, 0.3), rng)
    return Motion(shift=shift, roll=roll)


def _wobble(
    times: FloatArray, reach: float, band: tuple[float, float], rng: np.random.Generator
) -> FloatArray:
    """Sum of sinusoids between two frequencies (Hz), never larger than ``reach``."""
    frequency = np.geomspace(*band, 5) * rng.uniform(0.85, 1.15, 5)
    weight = frequency**-0.7
    phase = rng.uniform(0.0, 2.0 * math.pi, 5)
    waves = np.sin(2.0 * math.pi * frequency * times[:, None] + phase)
    return np.asarray(reach * (waves @ weight) / weight.sum(), dtype=np.float64)
