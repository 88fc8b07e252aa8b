"""People who do not jump: they walk, stand or play with balls. Their clips have no events.

Poses as in `figure`; balls are in the same body coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.figure import (
    HIP_Z,
    INDEX,
    REFERENCE_HEIGHT,
    empty_pose,
    place_arm,
    place_leg,
    place_trunk,
    walker_pose,
    xyz,
)
from jumpscore.builder.jump_rope.rhythm import GRAVITY, TURN
from jumpscore.builder.jump_rope.specs import RGB

FloatArray = NDArray[np.float64]

_FOOTBALL: tuple[RGB, ...] = ((238, 238, 234), (244, 214, 60), (60, 120, 214))
_BASKETBALL: tuple[RGB, ...] = ((206, 104, 44), (188, 92, 40))
_JUGGLING: tuple[RGB, ...] = ((220, 50, 50), (240, 200, 50), (60, 160, 90), (70, 90, 200))
_SIDES = (("l", -1.0), ("r", 1.0))


@dataclass(frozen=True)
class Ball:
    """A ball: its centres [T, 3] in metres, its radius in metres and its colour."""

    centres: FloatArray
    radius: float
    color: RGB


@dataclass(frozen=True)
class _Body:
    """What moves besides standing: all [T] in metres, or [T, 3] per side."""

    hands: dict[str, FloatArray]
    lift: dict[str, FloatArray]
    ahead: dict[str, FloatArray]
    dip: FloatArray


_Scene = tuple[_Body, tuple[Ball, ...]]


def activity_pose(
    activity: str, times: FloatArray, height: float, *, duration: float, rng: np.random.Generator
) -> tuple[FloatArray, tuple[Ball, ...]]:
    """Pose [T, J, 3] and balls of a person who stays in one place.

    Args:
        activity: One of ``treadmill``, ``stand``, ``juggle``, ``dribble`` and ``keep_ups``.
        times: Seconds, [T].
        height: The person's height (m).
        duration: Length of the clip (s).
        rng: Local generator of tempo and colours.
    """
    if activity == "treadmill":
        speed = float(rng.uniform(1.0, 1.7))
        pose = walker_pose(times, height, speed, float(rng.uniform(0, TURN)))
        pose[:, :, 1] -= (speed * times)[:, None]
        return pose, ()
    body, balls = _PLAY[activity](times, duration, rng)
    k = height / REFERENCE_HEIGHT
    scaled = tuple(Ball(ball.centres * (k, k, k), ball.radius, ball.color) for ball in balls)
    return _standing(times, body, k), scaled


def _standing(times: FloatArray, body: _Body, k: float) -> FloatArray:
    """A standing person with these hands and feet."""
    sway = 0.015 * np.sin(0.9 * times) + 0.008 * np.sin(2.3 * times + 1.0)
    pelvis = xyz(sway, -0.01 - 0.3 * body.dip, HIP_Z * k - body.dip * k)
    pose = empty_pose(times)
    place_trunk(pose, pelvis, 0.03 + 0.8 * body.dip, 0.004 * np.sin(1.8 * times), k)
    for side, sign in _SIDES:
        lift, ahead = body.lift[side], body.ahead[side]
        foot = xyz(sign * 0.11 * k, ahead * k, lift * k)
        place_leg(pose, side, sign, foot, 0.25 * lift * k, k)
        hand = body.hands[side] * k
        place_arm(pose, side, sign, hand, k)
        pose[:, INDEX[f"tip_{side}"]] = hand
    return pose


def _still(times: FloatArray) -> dict[str, FloatArray]:
    return {side: np.zeros_like(times) for side, _ in _SIDES}


def _hanging(times: FloatArray, phase: float) -> dict[str, FloatArray]:
    """Arms that hang and swing a little."""
    return {
        side: xyz(
            sign * (0.27 + 0.01 * np.sin(1.3 * times + phase)),
            0.06 + 0.02 * np.sin(0.8 * times + phase + sign),
            0.93,
        )
        for side, sign in _SIDES
    }


def _stand(times: FloatArray, duration: float, rng: np.random.Generator) -> _Scene:
    """Talks and gestures with one hand, then the other."""
    phase = float(rng.uniform(0, TURN))
    hands = _hanging(times, phase)
    for number, (side, sign) in enumerate(_SIDES):
        talk = np.clip(np.sin(0.45 * times + phase + math.pi * number), 0.0, 1.0) ** 0.5
        wave = 0.06 * np.sin(5.1 * times + phase) + 0.04 * np.sin(8.3 * times)
        raised = xyz(sign * (0.24 + wave), 0.28, 1.18 + 0.08 * np.sin(4.3 * times))
        hands[side] = hands[side] + (raised - hands[side]) * talk[:, None]
    lift = _still(times)
    for number, (side, _) in enumerate(_SIDES):
        shuffle = np.maximum(np.sin(0.8 * times + phase + math.pi * number), 0.0) ** 12
        lift[side] = 0.05 * shuffle
    return _Body(hands, lift, _still(times), 0.01 * np.sin(0.7 * times) ** 2), ()


def _juggle(times: FloatArray, duration: float, rng: np.random.Generator) -> _Scene:
    """Three balls in a cascade: each hand throws every second beat."""
    beat = float(rng.uniform(0.24, 0.36))
    hold = 0.7 * beat  # seconds that a ball lies in a hand
    air = 3.0 * beat - hold
    level, inner, outer = 1.08, 0.10, 0.30
    hands: dict[str, FloatArray] = {}
    for number, (side, sign) in enumerate(_SIDES):
        cycle = TURN * (times / (2 * beat) - number / 2)
        hands[side] = xyz(sign * (0.20 - 0.10 * np.cos(cycle)), 0.33, level - 0.06 * np.sin(cycle))
    balls = []
    colors = rng.permutation(len(_JUGGLING))[:3]
    for number in range(3):
        beats = times / beat - number
        throw = np.floor(beats / 3.0)
        since = (beats - 3.0 * throw) * beat
        hand = np.where((throw + number) % 2 == 0, 1.0, -1.0)  # the side that throws
        share = np.clip(since / air, 0.0, 1.0)
        x = hand * (inner - (inner + outer) * share)
        z = level + 0.5 * GRAVITY * since * (air - since)
        rest = np.clip((since - air) / hold, 0.0, 1.0)
        x = np.where(since > air, -hand * (outer + (inner - outer) * rest), x)
        z = np.where(since > air, level - 0.07 * np.sin(math.pi * rest), z)
        color = _JUGGLING[int(colors[number])]
        balls.append(Ball(xyz(x, 0.36, z), 0.038, color))
    dip = 0.006 * np.sin(TURN * times / beat) + 0.006
    return _Body(hands, _still(times), _still(times), dip), tuple(balls)


def _dribble(times: FloatArray, duration: float, rng: np.random.Generator) -> _Scene:
    """Bounces a basketball with one hand."""
    period = float(rng.uniform(0.5, 0.8))
    sign = float(rng.choice([-1.0, 1.0]))
    radius, top = 0.12, float(rng.uniform(0.72, 0.86))
    share = times / period - np.floor(times / period)
    down = np.abs(2.0 * share - 1.0)  # 1 in the hand, 0 at the ground
    z = radius + (top - radius) * (1.0 - (1.0 - down) ** 1.7)
    side = "r" if sign > 0 else "l"
    hands = _hanging(times, 0.4)
    reach = np.maximum(z, top - 0.16) + radius
    x, y = sign * 0.34, 0.24 + 0.02 * np.sin(1.1 * times)
    hands[side] = xyz(x, y, reach)
    color = _BASKETBALL[int(rng.integers(len(_BASKETBALL)))]
    dip = 0.07 + 0.012 * (1.0 - down)
    ahead = _still(times)
    ahead["l" if sign > 0 else "r"] = ahead["l"] + 0.16
    return _Body(hands, _still(times), ahead, dip), (Ball(xyz(x, y, z), radius, color),)


def _keep_ups(times: FloatArray, duration: float, rng: np.random.Generator) -> _Scene:
    """Keeps a football in the air with feet and knees, one kick after the other."""
    moments, moment = [], -1.0
    while moment < duration + 2.0:
        moments.append(moment)
        moment += float(rng.uniform(0.45, 0.85))
    kicks = np.array(moments)
    left = rng.random(len(kicks)) < 0.5
    knee = rng.random(len(kicks)) < 0.3
    height = np.where(knee, 0.78, 0.36)
    x = np.where(left, -0.12, 0.12) + rng.uniform(-0.03, 0.03, len(kicks))
    y = np.where(knee, 0.34, 0.42)
    i = np.clip(np.searchsorted(kicks, times, side="right") - 1, 0, len(kicks) - 2)
    flight = kicks[i + 1] - kicks[i]
    share = (times - kicks[i]) / flight
    line = height[i] + (height[i + 1] - height[i]) * share
    z = line + 0.5 * GRAVITY * flight**2 * share * (1.0 - share)
    ball = xyz(x[i] + (x[i + 1] - x[i]) * share, y[i] + (y[i + 1] - y[i]) * share, z)
    lift, ahead = _still(times), _still(times)
    for moment, is_left, is_knee in zip(kicks, left, knee, strict=True):
        side = "l" if is_left else "r"
        swing = np.exp(-(((times - moment) / 0.11) ** 2))
        lift[side] = np.maximum(lift[side], (0.34 if is_knee else 0.20) * swing)
        ahead[side] = np.maximum(ahead[side], (0.16 if is_knee else 0.30) * swing)
    hands = {
        side: xyz(
            sign * (0.40 + 0.06 * np.sin(2.3 * times + sign)),
            0.10,
            1.06 + 0.05 * np.sin(3.1 * times),
        )
        for side, sign in _SIDES
    }
    color = _FOOTBALL[int(rng.integers(len(_FOOTBALL)))]
    dip = 0.03 + 0.01 * np.sin(2.0 * times)
    return _Body(hands, lift, ahead, dip), (Ball(ball, 0.11, color),)


_PLAY: dict[str, Callable[[FloatArray, float, np.random.Generator], _Scene]] = {
    "stand": _stand,
    "juggle": _juggle,
    "dribble": _dribble,
    "keep_ups": _keep_ups,
}
