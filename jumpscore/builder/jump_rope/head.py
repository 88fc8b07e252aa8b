"""The head: an ellipsoid with hair and a face, drawn once per person for their viewing angle."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.draw import Image
from jumpscore.builder.jump_rope.specs import Look

FloatArray = NDArray[np.float64]

_AXES = np.array([0.079, 0.098, 0.122])  # half width, half depth, half height in metres
_HALF = 0.17  # half the sprite's side in metres
_FINE = 192  # side of the finely sampled sprite in pixels
_HAIR = 1.09  # size of the hair relative to the skull


@dataclass(frozen=True)
class HeadSprite:
    """Colours [S, S, 3] and coverage [S, S] of a head; its centre is the sprite's centre."""

    color: Image
    alpha: NDArray[np.uint8]


def head_sprite(look: Look, yaw: float, scale: float, light: float) -> HeadSprite:
    """Draws a head.

    Args:
        look: Skin, hair and hair style.
        yaw: Degrees; 0 looks into the camera, 90 to the right of the image.
        scale: Pixels per metre.
        light: -1 for light from the left of the image, 1 from the right.
    """
    grid = (np.arange(_FINE) + 0.5) / _FINE * 2 * _HALF - _HALF
    x, z = np.meshgrid(grid, -grid)
    image = np.zeros((_FINE, _FINE, 3), np.float64)
    alpha = np.zeros((_FINE, _FINE), np.float64)
    skull, unit, normal = _surface(x, z, yaw, _AXES)
    tone = np.array(look.skin, dtype=np.float64) * _light(normal, yaw, light)[..., None]
    tone = _with_face(tone, unit, look)
    image[skull], alpha[skull] = tone[skull], 255.0
    _add_nose(image, alpha, x, z, yaw, look)
    cover, unit, normal = _surface(x, z, yaw, _AXES * _HAIR)
    cover &= _is_hair(unit, look)
    strands = 1.0 + 0.10 * np.sin(38.0 * unit[..., 0] + 11.0 * unit[..., 2])
    tone = np.array(look.hair, dtype=np.float64) + 10.0
    tone = tone * (_light(normal, yaw, light) * strands)[..., None]
    image[cover], alpha[cover] = tone[cover], 255.0
    _add_ear(image, alpha, x, z, yaw, look)
    return _reduced(image, alpha, scale)


def _reduced(image: FloatArray, alpha: FloatArray, scale: float) -> HeadSprite:
    """The sprite at its size in the frame, with colours that do not darken at its edge."""
    side = max(6, round(2 * _HALF * scale))
    weighted = cv2.resize(image * (alpha[..., None] / 255.0), (side, side), interpolation=3)
    cover = cv2.resize(alpha, (side, side), interpolation=cv2.INTER_AREA)
    color = weighted / np.maximum(cover[..., None] / 255.0, 1e-3)
    cover[0], cover[-1], cover[:, 0], cover[:, -1] = 0.0, 0.0, 0.0, 0.0
    return HeadSprite(
        color=np.clip(np.rint(color), 0, 255).astype(np.uint8),
        alpha=np.clip(np.rint(cover), 0, 255).astype(np.uint8),
    )


def _surface(
    x: FloatArray, z: FloatArray, yaw: float, axes: FloatArray
) -> tuple[NDArray[np.bool_], FloatArray, FloatArray]:
    """Visible side of an ellipsoid: hit mask, points scaled to the unit sphere, unit normals.

    Points and normals are [S, S, 3] in head coordinates (right, forward, up); the view is
    orthographic, which is close enough for something a tenth of a metre deep.
    """
    c, s = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    w, d, h = axes
    # Head coordinates along the ray: right = -c x - s y, forward = s x - c y (see camera.to_world).
    qa = (s / w) ** 2 + (c / d) ** 2
    qb = 2 * c * s * x * (1 / w**2 - 1 / d**2)
    qc = (c * x / w) ** 2 + (s * x / d) ** 2 + (z / h) ** 2 - 1
    disc = qb**2 - 4 * qa * qc
    hit = disc > 0
    y = (-qb - np.sqrt(np.maximum(disc, 0.0))) / (2 * qa)
    unit = np.stack([(-c * x - s * y) / w, (s * x - c * y) / d, z / h], axis=-1)
    normal = unit / axes
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    return hit, unit, normal


def _light(normal: FloatArray, yaw: float, light: float) -> FloatArray:
    """Brightness of a surface with these head-coordinate normals."""
    c, s = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    sx, sy, sz = light * 0.55, -0.5, 0.66  # toward the light, world coordinates
    toward = np.array([-c * sx - s * sy, s * sx - c * sy, sz])
    return np.asarray(0.66 + 0.42 * np.clip(normal @ toward, -0.35, 1.0), dtype=np.float64)


def _is_hair(unit: FloatArray, look: Look) -> NDArray[np.bool_]:
    """Where hair covers the head: above a line that falls from the forehead to the nape."""
    front = unit[..., 1]
    nape = -0.62 if look.hair_style == "short" else -0.85
    line = np.where(front > 0, 0.16 + 0.46 * front, 0.16 + (0.16 - nape) * front)
    if look.hair_style == "long":
        line = np.where(front < 0.35, -1.2, line)
    return np.asarray(unit[..., 2] > line, dtype=np.bool_)


def _with_face(tone: FloatArray, unit: FloatArray, look: Look) -> FloatArray:
    """Eyes, brows, mouth and cheeks on the front of the skull."""
    side, front, up = np.abs(unit[..., 0]), unit[..., 1] > 0.15, unit[..., 2]
    dark = np.array([44.0, 32.0, 30.0])
    lips = np.array(look.skin) * 0.72 + np.array([30.0, -4.0, 0.0])
    white = ((side - 0.37) / 0.16) ** 2 + ((up - 0.05) / 0.075) ** 2 < 1
    iris = ((side - 0.37) / 0.085) ** 2 + ((up - 0.05) / 0.085) ** 2 < 1
    brow = (np.abs(side - 0.37) < 0.2) & (np.abs(up - 0.235 + 0.25 * (side - 0.37) ** 2) < 0.032)
    mouth = (side < 0.26) & (np.abs(up + 0.46 - 0.25 * side**2) < 0.045)
    tone = np.where((front & white)[..., None], np.array([232.0, 230.0, 226.0]), tone)
    tone = np.where((front & iris)[..., None], dark, tone)
    tone = np.where((front & brow)[..., None], np.array(look.hair) * 0.9, tone)
    return np.asarray(np.where((front & mouth)[..., None], lips, tone), dtype=np.float64)


def _add_nose(
    image: FloatArray, alpha: FloatArray, x: FloatArray, z: FloatArray, yaw: float, look: Look
) -> None:
    """A small bump; in profile it breaks the outline, from the front it is a shade."""
    c, s = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    if c < -0.2:
        return
    centre = s * (_AXES[1] * 0.97)
    bump = ((x - centre) / 0.017) ** 2 + ((z + 0.018) / 0.026) ** 2 < 1
    image[bump] = np.array(look.skin) * (0.93 - 0.07 * c)
    alpha[bump] = 255.0


def _add_ear(
    image: FloatArray, alpha: FloatArray, x: FloatArray, z: FloatArray, yaw: float, look: Look
) -> None:
    """The ears that are turned to the camera or to the side."""
    if look.hair_style == "long":
        return
    c, s = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    for sign in (-1.0, 1.0):
        toward = sign * s  # a right ear (sign 1) is nearer than the head's middle when s > 0
        if toward < -0.3:
            continue
        centre = -c * sign * _AXES[0] * 1.03 + s * (-0.012)
        ear = ((x - centre) / 0.017) ** 2 + ((z + 0.005) / 0.032) ** 2 < 1
        image[ear] = np.array(look.skin) * 0.86
        alpha[ear] = 255.0
