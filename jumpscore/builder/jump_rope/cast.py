"""The cast: the people in the picture, their positions at every frame, and their painters."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.activities import Ball
from jumpscore.builder.jump_rope.body import FigurePainter
from jumpscore.builder.jump_rope.camera import Camera, to_world
from jumpscore.builder.jump_rope.figure import INDEX, jumper_pose, rope_radius, walker_pose
from jumpscore.builder.jump_rope.planning import plan_rhythm
from jumpscore.builder.jump_rope.rhythm import Rhythm
from jumpscore.builder.jump_rope.rope import exposures, physical_fan, rope_curve
from jumpscore.builder.jump_rope.specs import RGB, ClipSpec, Tempo, random_look

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Swing:
    """A rope in a person's hands; ``physical`` if it is as faint as the exposure makes it."""

    rhythm: Rhythm
    radius: float
    forward: FloatArray
    color: RGB
    width: float
    shutter: float
    physical: bool = False


@dataclass(frozen=True)
class RopeShot:
    """A rope during one exposure.

    Attributes:
        points: World points [K, P, 3] of the rope at K moments.
        near: [K, P - 1], whether a segment is nearer to the camera than the jumper's body axis.
        width: Width of each line in pixels.
        weight: Coverage of each line; ``None`` for the usual one (`rope.rope_mask`).
    """

    points: FloatArray
    near: NDArray[np.bool_]
    width: float
    weight: float | None


@dataclass(frozen=True)
class Actor:
    """A person at every frame.

    Attributes:
        joints: World coordinates [T, J, 3].
        painter: Draws the body.
        depth: World y by which people are drawn from far to near.
        scale: Pixels per metre at the actor's distance.
        swing: The rope, if there is one.
        shots: World coordinates [T, S, J, 3] at S moments of each exposure, if the body is blurred.
        balls: Balls, with centres [T, S, 3] in the world; only with ``shots``.
    """

    joints: FloatArray
    painter: FigurePainter
    depth: float
    scale: float
    swing: Swing | None = None
    shots: FloatArray | None = None
    balls: tuple[Ball, ...] = ()


def main_jumper(spec: ClipSpec, camera: Camera, rhythm: Rhythm, times: FloatArray) -> Actor:
    """The person whose jumps are counted, in the middle of the scene."""
    return _jumper(spec, camera, rhythm, times, spec.view.yaw, (0.0, 0.0))


def others(spec: ClipSpec, camera: Camera, times: FloatArray) -> list[Actor]:
    """Everybody else, as the clip's tags demand."""
    rng = spec.rng("others")
    actors: list[Actor] = []
    if spec.has("second_jumper"):
        actors.append(_second_jumper(spec, camera, times, rng))
    if spec.has("bystanders"):
        for number in range(1 + int(rng.random() < 0.5)):
            actors.append(_bystander(spec, camera, times, rng, number))
        actors += _walkers(spec, camera, times, rng, (0.7, 1.4), every=12.0)
    if spec.has("occlusion"):
        near = -0.30 * camera.distance
        actors += _walkers(spec, camera, times, rng, (near, near + 0.1), every=9.0)
    return actors


def rope_shot(swing: Swing, actor: Actor, frame: int, time: float) -> RopeShot:
    """The rope during the exposure of a frame, which is centred on the frame's time."""
    ends = np.array([time - swing.shutter / 2, time + swing.shutter / 2])
    speed = float(np.diff(swing.rhythm.rope_angle(ends))[0]) / swing.shutter
    width = max(1.5, swing.width * actor.scale)
    weight = None
    if swing.physical:
        swept = speed * swing.radius * swing.shutter * actor.scale
        fan = physical_fan(swept, swing.width * actor.scale)
        count, width, weight = fan.count, fan.width, fan.weight
    else:
        count = exposures(speed, swing.radius, swing.shutter, actor.scale, width)
    moments = time + swing.shutter * ((np.arange(count) + 0.5) / count - 0.5)
    angle = swing.rhythm.rope_angle(moments)
    joints = actor.joints[frame]
    tips = np.repeat(joints[[INDEX["tip_l"], INDEX["tip_r"]]][None], count, axis=0)
    points = rope_curve(tips, angle, swing.forward, swing.radius)
    middle = (points[:, 1:, 1] + points[:, :-1, 1]) / 2
    return RopeShot(points, middle < joints[INDEX["pelvis"], 1], width, weight)


def _jumper(
    spec: ClipSpec,
    camera: Camera,
    rhythm: Rhythm,
    times: FloatArray,
    yaw: float,
    position: tuple[float, float],
) -> Actor:
    look, tempo = spec.look, spec.tempo
    scale = camera.focal / (camera.distance + position[1])
    pose = jumper_pose(rhythm, times, look.height, tempo.footwork)
    forward = to_world(np.array([0.0, 1.0, 0.0]), yaw, (0.0, 0.0))
    return Actor(
        joints=to_world(pose, yaw, position),
        painter=FigurePainter(look, yaw, scale, light_side(spec), handles=True),
        depth=position[1],
        scale=scale,
        swing=Swing(
            rhythm=rhythm,
            radius=rope_radius(look.height, tempo.gap),
            forward=forward,
            color=spec.rope_color,
            width=spec.rope_width,
            shutter=spec.view.shutter,
        ),
    )


def light_side(spec: ClipSpec) -> float:
    """-1 if the light comes from the left of the image, 1 if from the right."""
    return -1.0 if spec.seed % 2 else 1.0


def half_width(camera: Camera, y: float) -> float:
    """Metres from the jumper's line of sight to the nearer edge of the frame, at distance y."""
    room = min(camera.centre, camera.width - camera.centre)
    return room * (camera.distance + y) / camera.focal


def _second_jumper(
    spec: ClipSpec, camera: Camera, times: FloatArray, rng: np.random.Generator
) -> Actor:
    """A person in the background who jumps at another rate, so never in rhythm for long."""
    y = float(rng.uniform(0.9, 1.3))
    x = float(rng.choice([-1.0, 1.0])) * 0.62 * half_width(camera, y)
    faster = spec.tempo.gap > 0.42
    tempo = Tempo(
        gap=spec.tempo.gap * (0.82 if faster else 1.24),
        jitter=0.04,
        drift=0.05,
        pause=(1.0, 3.0),
        run_jumps=(4, 14),
        double_unders=False,
        misses=False,
        footwork="bounce",
    )
    double = replace(spec, look=random_look(rng), tempo=tempo)
    rhythm = plan_rhythm(tempo, spec.duration, rng)
    return _jumper(double, camera, rhythm, times, float(rng.uniform(0, 360)), (x, y))


def _bystander(
    spec: ClipSpec, camera: Camera, times: FloatArray, rng: np.random.Generator, number: int
) -> Actor:
    """A person who stands and watches."""
    y = float(rng.uniform(0.7, 1.3))
    side = 1.0 if (number + spec.seed // 2) % 2 else -1.0
    x = side * float(rng.uniform(0.55, 0.8)) * half_width(camera, y)
    yaw = -side * float(rng.uniform(15, 60))
    return _walker(spec, camera, times, rng, yaw, (x, y), speed=0.0)


def _walkers(
    spec: ClipSpec,
    camera: Camera,
    times: FloatArray,
    rng: np.random.Generator,
    depths: tuple[float, float],
    *,
    every: float,
) -> list[Actor]:
    """People who cross the picture at random times, one per ``every`` seconds."""
    actors = []
    for number in range(max(1, round(spec.duration / every))):
        y = float(rng.uniform(*depths))
        side = float(rng.choice([-1.0, 1.0]))
        speed = float(rng.uniform(0.9, 1.5))
        share = spec.duration / max(1, round(spec.duration / every))
        middle = share * (number + float(rng.uniform(0.3, 0.7)))  # when they pass the jumper
        x = -side * speed * middle
        actors.append(_walker(spec, camera, times, rng, side * 90.0, (x, y), speed=speed))
    return actors


def _walker(
    spec: ClipSpec,
    camera: Camera,
    times: FloatArray,
    rng: np.random.Generator,
    yaw: float,
    position: tuple[float, float],
    *,
    speed: float,
) -> Actor:
    look = random_look(rng)
    scale = camera.focal / (camera.distance + position[1])
    pose = walker_pose(times, look.height, speed, float(rng.uniform(0, 2 * math.pi)))
    return Actor(
        joints=to_world(pose, yaw, position),
        painter=FigurePainter(look, yaw, scale, light_side(spec), handles=False),
        depth=position[1],
        scale=scale,
    )
