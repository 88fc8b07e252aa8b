"""Poses of the styles: feet, hands and trunk as functions of the rope's angle and the flights.

The coordinates are those of `figure`. One turn of the rope is 360 degrees; arms cross and legs
change with half the rope's angle, so that they are always in step with the rope.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.figure import (
    CLEARANCE,
    FOOT_AHEAD,
    HAND_IDLE,
    HIP_Z,
    INDEX,
    REFERENCE_HEIGHT,
    WRIST_CIRCLE,
    empty_pose,
    place_arm,
    place_leg,
    place_trunk,
    xyz,
)
from jumpscore.builder.jump_rope.rhythm import GRAVITY, TURN, Rhythm
from jumpscore.builder.jump_rope.styles import STYLE, Style, StyleName

FloatArray = NDArray[np.float64]

_CROSSED = (-0.20, 0.24)  # metres to the right and ahead of the right hand with crossed arms
_STANCES = 8.0  # turns on one leg before the other one hops
_SIDES = (("l", -1.0), ("r", 1.0))


@dataclass(frozen=True)
class _Moment:
    """What a pose depends on, at times [T]."""

    times: FloatArray
    angle: FloatArray
    activity: FloatArray
    body: FloatArray
    step: FloatArray
    stumble: FloatArray
    gap: float
    k: float


@dataclass(frozen=True)
class _Foot:
    """A foot: shift to the outside, ahead, lift of the sole and of the heel above it, metres."""

    out: FloatArray
    ahead: FloatArray
    lift: FloatArray
    heel: FloatArray


def style_radius(style: StyleName, height: float, gap: float) -> float:
    """Metres from the hands' axis to the rope's middle: it passes just under the feet.

    Args:
        style: Name of the style.
        height: The jumper's height (m).
        gap: Typical seconds from one event to the next.
    """
    form = STYLE[style]
    if form.kind == "double":
        gap = gap / (1.0 + form.pace.split_share)
    flight = form.pace.flight_time(form.kind, gap)
    half_split = form.pace.split_time(form.kind, gap) / 2
    # Height at the passes: those of a double-under are not at the top of the flight.
    rise = GRAVITY * (flight**2 / 8.0 - half_split**2 / 2.0)
    grip = (form.grip[2] - form.crouch - 0.02) * height / REFERENCE_HEIGHT
    return grip + CLEARANCE * rise - WRIST_CIRCLE


def style_pose(
    rhythm: Rhythm, times: FloatArray, height: float, *, style: StyleName, gap: float
) -> FloatArray:
    """Pose [T, J, 3] of a person who jumps in a style (or rests between runs)."""
    form = STYLE[style]
    k = height / REFERENCE_HEIGHT
    now = _Moment(
        times=times,
        angle=rhythm.rope_angle(times),
        activity=rhythm.activity(times),
        body=rhythm.body_height(times),
        step=rhythm.stepping(times),
        stumble=_stumble(rhythm, times),
        gap=gap,
        k=k,
    )
    idle = 1.0 - now.activity
    sway = 0.015 * np.sin(1.1 * times) * idle
    breath = 0.004 * np.sin(1.9 * times) + 0.006 * np.sin(3.1 * times) * idle
    low = (form.crouch * now.activity + 0.05 * now.stumble) * k
    hips_ahead = -0.01 + 0.12 * np.minimum(now.body, 0.0) - 0.05 * now.stumble
    pelvis = xyz(sway, hips_ahead, HIP_Z * k + now.body - low)
    lean = np.maximum(-now.body, 0.0) * 0.5 + form.lean * now.activity + 0.34 * now.stumble
    pose = empty_pose(times)
    place_trunk(pose, pelvis, lean, breath, k)
    air = np.maximum(now.body, 0.0)
    for side, sign in _SIDES:
        foot = _foot(form, now, sign, air)
        place = xyz(sign * (0.092 + foot.out) * k + 0.3 * sway, foot.ahead * k, air + foot.lift * k)
        place_leg(pose, side, sign, place, foot.heel * k, k)
        hand = _hand(form, now, sign, pose)
        place_arm(pose, side, sign, hand, k)
        pose[:, INDEX[f"tip_{side}"]] = hand + _handle(form, now, sign)
    return pose


def _stumble(rhythm: Rhythm, times: FloatArray) -> FloatArray:
    """0..1: how far the rope at the feet has thrown the jumper forward."""
    thrown = np.zeros_like(times)
    for miss in rhythm.misses:
        share = np.clip((times - miss.hit + 0.02) / 0.62, 0.0, 1.0)
        thrown = np.maximum(thrown, np.sin(math.pi * share**0.6))
    return thrown


def _foot(form: Style, now: _Moment, sign: float, air: FloatArray) -> _Foot:
    """Position of a foot in addition to the body's flight."""
    zero = np.zeros_like(now.times)
    wave = np.maximum(-sign * np.sin(1.7 * now.times), 0.0) ** 6  # shifts weight between runs
    lift = 0.035 * (1.0 - now.activity) ** 2 * wave
    ahead, out = FOOT_AHEAD * now.activity, zero
    heel = 0.028 * now.activity + 0.5 * air / now.k
    share = np.clip((now.step - (0.0 if sign < 0 else 0.5)) * 2.0, 0.0, 1.0)
    lift = lift + 0.16 * np.sin(math.pi * share)  # over the rope on the ground
    ahead = ahead + 0.10 * np.sin(math.pi * share)
    # A tripping jumper catches the weight with the left foot.
    ahead = ahead + (0.16 if sign < 0 else -0.04) * now.stumble
    if form.name == "speed_step":
        raised, high = _stepping(now, sign)
        lift = lift + high * raised
        ahead = ahead + 0.45 * high * raised
        heel = heel + 0.02 * now.activity + 0.35 * high * raised
    elif form.name == "single_leg":
        free = _free_leg(now, sign)
        swing = 0.03 * np.sin(now.angle) * free
        lift = lift + (0.30 + swing) * free
        ahead = ahead - 0.24 * free
        heel = heel + 0.10 * free
        out = out - 0.045 * (now.activity - free)  # the hopping foot is under the body
    elif form.name == "double_under":
        heel = heel + 0.35 * air / now.k
        ahead = ahead + 0.25 * air / now.k
    elif form.name == "rebound":
        heel = heel + 0.015 * now.activity
    return _Foot(out, ahead, lift, heel + 0.4 * (lift > 0) * lift)


def _stepping(now: _Moment, sign: float) -> tuple[FloatArray, float]:
    """How far a foot of a running jumper is raised, 0..1, and the height of 1 in metres.

    The feet change with every turn; the faster the turns, the lower the knees.
    """
    phase = np.cos(now.angle / 2.0) * -sign  # even turns raise the left foot, odd turns the right
    high = float(np.interp(now.gap, (0.12, 0.20, 0.42), (0.10, 0.13, 0.20)))
    return now.activity * np.maximum(phase, 0.0) ** 1.5, high


def _free_leg(now: _Moment, sign: float) -> FloatArray:
    """0..1: how far this leg is raised while the other one hops; they change in mid-air."""
    turns = now.angle / TURN + 0.5
    cycle = turns / _STANCES
    inside = (cycle - np.floor(cycle)) * _STANCES
    stance = np.floor(cycle) % 2
    before, after = stance, 1.0 - stance
    blend = np.clip((inside - (_STANCES - 1.0)) * 1.6, 0.0, 1.0)
    left = before + (after - before) * blend * blend * (3.0 - 2.0 * blend)
    return np.asarray(now.activity * (left if sign < 0 else 1.0 - left), dtype=np.float64)


def crossing(angle: FloatArray) -> FloatArray:
    """0..1: how far the arms are crossed; open at even passes, crossed at odd ones."""
    share = np.clip(0.5 - 0.85 * np.cos(angle / 2.0), 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share), dtype=np.float64)


def _hand(form: Style, now: _Moment, sign: float, pose: FloatArray) -> FloatArray:
    """Position of a hand: low at rest, at the grip and circling with the rope while jumping."""
    out, ahead, above = (np.full_like(now.times, value) for value in form.grip)
    if form.name == "criss_cross":
        crossed = crossing(now.angle) * now.activity
        out = out + (_CROSSED[0] - out) * crossed
        # The right arm lies over the left one.
        ahead = ahead + (_CROSSED[1] + 0.03 * sign - ahead) * crossed
    ready = xyz(sign * out, ahead, above)
    rest = np.array(HAND_IDLE) * (sign, 1.0, 1.0)
    hand = now.k * (rest + (ready - rest) * now.activity[:, None])
    circle = xyz(0.0, -np.sin(now.angle), -np.cos(now.angle)) * WRIST_CIRCLE
    flung = xyz(sign * 0.10, 0.22, 0.10) * now.stumble[:, None] * now.k
    hand = hand + circle * now.activity[:, None] + flung
    # Hands follow the trunk; relative to the standing hip so that `style_radius` is exact.
    return np.asarray(hand + pose[:, INDEX["pelvis"]] - np.array([0.0, 0.0, HIP_Z * now.k]))


def _handle(form: Style, now: _Moment, sign: float) -> FloatArray:
    """From a hand to the end of its handle: outward while the rope turns, down at rest."""
    outward = np.full_like(now.times, sign)
    if form.name == "criss_cross":
        outward = sign * (1.0 - 2.0 * crossing(now.angle) * now.activity)
    droop = xyz(sign * 0.05, 0.06, -0.07) * (1.0 - now.activity)[:, None]
    level = xyz(outward * 0.12, 0.0, -0.02) * now.activity[:, None]
    return np.asarray((droop + level) * now.k, dtype=np.float64)
