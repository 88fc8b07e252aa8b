"""Rendering: the frames of one clip, in any order, each determined by its time only."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.backdrop import paint_backdrop
from jumpscore.builder.jump_rope.camera import (
    PAN_REACH,
    SHAKE_REACH,
    Motion,
    make_camera,
    make_motion,
)
from jumpscore.builder.jump_rope.cast import Actor, others, rope_shot
from jumpscore.builder.jump_rope.draw import Image, soft_shadow
from jumpscore.builder.jump_rope.exposure import SeenBall, Shots, paint_exposure
from jumpscore.builder.jump_rope.figure import INDEX
from jumpscore.builder.jump_rope.leads import main_actors
from jumpscore.builder.jump_rope.rhythm import Rhythm
from jumpscore.builder.jump_rope.rope import paint_rope, rope_mask
from jumpscore.builder.jump_rope.specs import ClipSpec

FloatArray = NDArray[np.float64]

_NOISE_REACH = 32  # maximum shift of the noise pattern between frames, in pixels


class Renderer:
    """Draws the frames of one clip.

    Args:
        spec: The clip.
        rhythm: Rhythm of the main person.
        times: Frame times in seconds, [T].
        rope: ``False`` leaves the ropes out (to compare).
    """

    def __init__(
        self, spec: ClipSpec, rhythm: Rhythm, times: FloatArray, *, rope: bool = True
    ) -> None:
        self._spec, self._times, self._rope = spec, times, rope
        self._camera = make_camera(spec)
        self._motion: Motion = make_motion(spec, times)
        self._margin = (0, 0)
        if not self._motion.still:
            self._margin = (
                math.ceil((PAN_REACH + 0.02) * spec.width + SHAKE_REACH * spec.height) + 4,
                math.ceil((SHAKE_REACH + 0.03) * spec.height) + 4,
            )
        self._backdrop = paint_backdrop(
            spec.backdrop, self._camera.widened(*self._margin), spec.rng("backdrop")
        )
        cast = [*main_actors(spec, self._camera, rhythm, times), *others(spec, self._camera, times)]
        self._cast = sorted(cast, key=lambda actor: -actor.depth)
        self._gain = _light_curve(spec, times)
        self._noise = _noise_pattern(spec) if spec.has("noise") else None
        self._noise_at = spec.rng("noise offsets").integers(0, _NOISE_REACH, (len(times), 2))

    def frame(self, index: int) -> Image:
        """Frame ``index``: uint8 [H, W, 3] RGB, as displayed."""
        matrix = self._motion.matrix(index, self._camera)
        image = self._background(matrix)
        for actor in self._cast:
            self._paint_shadow(image, actor, index, matrix)
        for actor in self._cast:
            self._paint_actor(image, actor, index, matrix)
        return self._exposed(image, index)

    def _project(self, points: FloatArray, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
        """World points to pixels of the moved frame, and depths."""
        pixels, depth = self._camera.project(points)
        return pixels @ matrix[:, :2].T + matrix[:, 2], depth

    def _background(self, matrix: FloatArray) -> Image:
        if self._motion.still:
            return self._backdrop.copy()
        shifted = matrix.copy()
        shifted[:, 2] -= matrix[:, :2] @ np.array(self._margin, dtype=np.float64)
        size = (self._spec.width, self._spec.height)
        moved = cv2.warpAffine(
            self._backdrop, shifted, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(moved, dtype=np.uint8)

    def _paint_shadow(self, image: Image, actor: Actor, index: int, matrix: FloatArray) -> None:
        """A soft shadow under the body and a dark contact under each shoe, on the floor."""
        joints = actor.joints[index]
        flat = self._camera.eye / (self._camera.distance + actor.depth)
        spots = [(joints[INDEX["pelvis"]], joints[INDEX["pelvis"], 2] - 0.9, 0.46, 0.42)]
        for side in ("l", "r"):
            foot = (joints[INDEX[f"heel_{side}"]] + joints[INDEX[f"toe_{side}"]]) / 2
            spots.append((foot, foot[2] - 0.04, 0.17, 0.60))
        for spot, lift, radius, strength in spots:
            ground = np.array([spot[0], spot[1], 0.0])
            (u, v), _ = self._project(ground, matrix)
            lift = float(np.clip(lift, 0.0, 0.5))
            r = radius * actor.scale * (1.0 + lift)
            fade = strength / (1.0 + 5.0 * lift)
            soft_shadow(image, (float(u), float(v)), (r, r * max(0.16, flat)), fade)

    def _paint_actor(self, image: Image, actor: Actor, index: int, matrix: FloatArray) -> None:
        pixels, depth = self._project(actor.joints[index], matrix)
        swing = actor.swing
        mask = None
        if swing is not None and self._rope:
            shot = rope_shot(swing, actor, index, float(self._times[index]))
            curve, _ = self._project(shot.points, matrix)
            size = (self._spec.width, self._spec.height)
            mask = rope_mask(curve, shot.near, shot.width, size, weight=shot.weight)
        if mask is not None and swing is not None:
            paint_rope(image, mask, swing.color, before=False)
        if actor.shots is None:
            actor.painter.paint(image, pixels, depth)
        else:
            self._paint_exposure(image, actor, index, matrix)
        if mask is not None and swing is not None:
            paint_rope(image, mask, swing.color, before=True)

    def _paint_exposure(self, image: Image, actor: Actor, index: int, matrix: FloatArray) -> None:
        """Draws a person, and balls, at several moments of the exposure."""
        assert actor.shots is not None
        pixels, depth = self._project(actor.shots[index], matrix)
        balls = []
        for ball in actor.balls:
            centres, away = self._project(ball.centres[index], matrix)
            balls.append(SeenBall(centres, away, ball.radius * self._camera.focal, ball.color))
        paint_exposure(image, actor.painter, Shots(pixels, depth, tuple(balls)), actor.scale)

    def _exposed(self, image: Image, index: int) -> Image:
        """Light change and sensor noise."""
        gain = float(self._gain[index])
        if gain != 1.0:
            table = np.clip(np.rint(np.arange(256) * gain), 0, 255).astype(np.uint8)
            image = np.asarray(cv2.LUT(image, table), dtype=np.uint8)
        if self._noise is not None:
            y, x = (int(v) for v in self._noise_at[index])
            height, width = image.shape[:2]
            window = self._noise[y : y + height, x : x + width]
            image = np.asarray(cv2.add(image, window, dtype=cv2.CV_8U), dtype=np.uint8)
        return image


def _light_curve(spec: ClipSpec, times: FloatArray) -> FloatArray:
    """Brightness per frame: passing clouds, or a lamp that is switched."""
    gain = np.ones_like(times)
    if not spec.has("light_change"):
        return gain
    rng = spec.rng("light")
    if rng.random() < 0.5:
        period, phase = rng.uniform(4.0, 9.0), rng.uniform(0, 2 * math.pi)
        return np.asarray(0.88 + 0.28 * np.sin(2 * math.pi * times / period + phase))
    bright, moment = True, float(rng.uniform(1.5, 3.5))
    while moment < spec.duration:
        ramp = np.clip((times - moment) / 0.15, 0.0, 1.0)
        gain = gain + (-0.42 if bright else 0.42) * ramp
        bright, moment = not bright, moment + float(rng.uniform(2.0, 5.0))
    return gain


def _noise_pattern(spec: ClipSpec) -> NDArray[np.int16]:
    """Sensor noise, a little larger than the frame: int16 [H + r, W + r, 3]."""
    rng = spec.rng("noise")
    size = (spec.height + _NOISE_REACH, spec.width + _NOISE_REACH)
    sigma = rng.uniform(3.0, 6.0)
    luma = rng.standard_normal((*size, 1), dtype=np.float32)
    chroma = rng.standard_normal((*size, 3), dtype=np.float32)
    return np.rint(sigma * (0.8 * luma + 0.6 * chroma)).astype(np.int16)
