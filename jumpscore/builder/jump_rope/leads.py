"""Leads: the main person of a clip, in any style, blurred by the exposure, or without a rope."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.activities import Ball, activity_pose
from jumpscore.builder.jump_rope.body import FigurePainter
from jumpscore.builder.jump_rope.camera import Camera, to_world
from jumpscore.builder.jump_rope.cast import Actor, Swing, half_width, light_side, main_jumper
from jumpscore.builder.jump_rope.exposure import SHOTS
from jumpscore.builder.jump_rope.figure import walker_pose
from jumpscore.builder.jump_rope.poses import style_pose, style_radius
from jumpscore.builder.jump_rope.rhythm import Rhythm
from jumpscore.builder.jump_rope.specs import ClipSpec

FloatArray = NDArray[np.float64]

_DRIFT = 0.07  # metres by which a jumper wanders about


def main_actors(spec: ClipSpec, camera: Camera, rhythm: Rhythm, times: FloatArray) -> list[Actor]:
    """The main person; a person who walks to and fro is one actor per direction."""
    if spec.capture is None:
        return [main_jumper(spec, camera, rhythm, times)]
    moments = _moments(spec, times)
    if spec.activity == "walk":
        return _crossings(spec, camera, moments)
    if spec.activity in ("jump", "rest"):
        return [_jumper(spec, camera, rhythm, moments)]
    pose, balls = activity_pose(
        spec.activity,
        moments.ravel(),
        spec.look.height,
        duration=spec.duration,
        rng=spec.rng("activity"),
    )
    placed = tuple(
        Ball(
            to_world(ball.centres, spec.view.yaw, (0.0, 0.0)).reshape(*moments.shape, 3),
            ball.radius,
            ball.color,
        )
        for ball in balls
    )
    world = to_world(pose, spec.view.yaw, (0.0, 0.0)).reshape(*moments.shape, -1, 3)
    return [replace(_actor(spec, camera, world, spec.view.yaw), balls=placed)]


def _moments(spec: ClipSpec, times: FloatArray) -> FloatArray:
    """Moments [T, S] of every exposure, centred on the frame's time."""
    return times[:, None] + spec.view.shutter * ((np.arange(SHOTS) + 0.5) / SHOTS - 0.5)


def _actor(
    spec: ClipSpec, camera: Camera, world: FloatArray, yaw: float, *, handles: bool = False
) -> Actor:
    """A person at y = 0 from joints [T, S, J, 3] in the world."""
    scale = camera.focal / camera.distance
    return Actor(
        joints=world[:, SHOTS // 2],
        painter=FigurePainter(spec.look, yaw, scale, light_side(spec), handles=handles),
        depth=0.0,
        scale=scale,
        shots=world,
    )


def _jumper(spec: ClipSpec, camera: Camera, rhythm: Rhythm, moments: FloatArray) -> Actor:
    """A person with a rope."""
    tempo, look, yaw = spec.tempo, spec.look, spec.view.yaw
    assert tempo.style is not None
    pose = style_pose(rhythm, moments.ravel(), look.height, style=tempo.style, gap=tempo.gap)
    world = to_world(pose, yaw, (0.0, 0.0)).reshape(*moments.shape, -1, 3)
    world[..., :2] += _drift(spec, moments)[..., None, :]
    swing = Swing(
        rhythm=rhythm,
        radius=style_radius(tempo.style, look.height, tempo.gap),
        forward=to_world(np.array([0.0, 1.0, 0.0]), yaw, (0.0, 0.0)),
        color=spec.rope_color,
        width=spec.rope_width,
        shutter=spec.view.shutter,
        physical=True,
    )
    return replace(_actor(spec, camera, world, yaw, handles=True), swing=swing)


def _drift(spec: ClipSpec, moments: FloatArray) -> FloatArray:
    """Slow wandering [T, S, 2] in metres."""
    rng = spec.rng("drift")
    frequency = rng.uniform(0.03, 0.18, (3, 2))
    phase = rng.uniform(0.0, 2.0 * math.pi, (3, 2))
    waves = np.sin(2.0 * math.pi * frequency * moments[..., None, None] + phase)
    return np.asarray(_DRIFT * waves.mean(axis=-2), dtype=np.float64)


def _crossings(spec: ClipSpec, camera: Camera, moments: FloatArray) -> list[Actor]:
    """A person who walks through the picture to the right, then to the left, and so on."""
    rng = spec.rng("activity")
    speed = float(rng.uniform(0.9, 1.6))
    reach = half_width(camera, 0.0) + 0.8
    leg = 2.0 * reach / speed + 0.5  # seconds from one side to the other
    first = float(rng.uniform(0.0, 2.0 * math.pi))
    begin = -float(rng.uniform(0.2, 0.6)) * leg
    actors = []
    for number in range(math.ceil((spec.duration - begin) / leg)):
        side = 1.0 if number % 2 == 0 else -1.0
        pose = walker_pose(moments.ravel(), spec.look.height, speed, first + number)
        start = -side * (reach + speed * (begin + number * leg))
        world = to_world(pose, side * 90.0, (start, 0.0)).reshape(*moments.shape, -1, 3)
        actors.append(_actor(spec, camera, world, side * 90.0))
    return actors
