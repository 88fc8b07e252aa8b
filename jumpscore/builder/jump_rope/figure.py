"""Figures: the positions of a person's joints as a function of time.

Poses are arrays [T, J, 3] in body coordinates (metres; x to the person's right, y forward, z up;
see `camera`), J in the order of `JOINTS`. All sizes are for a person of 1.75 m and are scaled with
`Look.height`. "L" and "R" are the person's own left (x < 0) and right (x > 0).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.rhythm import TURN, Rhythm
from jumpscore.builder.jump_rope.specs import Footwork
from jumpscore.builder.jump_rope.styles import RECREATIONAL

FloatArray = NDArray[np.float64]

JOINTS: tuple[str, ...] = (
    "pelvis", "chest", "neck", "head",
    "shoulder_l", "shoulder_r", "elbow_l", "elbow_r", "hand_l", "hand_r", "tip_l", "tip_r",
    "hip_l", "hip_r", "knee_l", "knee_r", "ankle_l", "ankle_r",
    "heel_l", "heel_r", "toe_l", "toe_r",
)  # fmt: skip
INDEX = {name: i for i, name in enumerate(JOINTS)}

REFERENCE_HEIGHT = 1.75
HIP_Z, _SHOULDER_Z = 0.915, 1.425
_THIGH, _SHIN = 0.43, 0.415
_UPPER_ARM, _FOREARM = 0.285, 0.26
_HAND_JUMP = (0.37, 0.12, 1.05)
HAND_IDLE = (0.26, 0.10, 0.905)
WRIST_CIRCLE = 0.045  # metres that a hand circles with the rope
FOOT_AHEAD = 0.07  # metres: in the air the feet are below the hands, in the path of the rope
CLEARANCE = 0.65  # share of the jump's height between the soles and the passing rope


def rope_radius(height: float, gap: float) -> float:
    """Metres from the hands' axis to the rope's middle: it passes just under the feet.

    Args:
        height: The jumper's height (m).
        gap: Typical seconds between two jumps, which set how high the feet are.
    """
    rise = 9.81 * RECREATIONAL.flight_time("single", gap) ** 2 / 8.0
    grip = (_HAND_JUMP[2] - 0.02) * height / REFERENCE_HEIGHT
    return grip + CLEARANCE * rise - WRIST_CIRCLE


def jumper_pose(rhythm: Rhythm, times: FloatArray, height: float, footwork: Footwork) -> FloatArray:
    """Pose of a person who jumps (or rests between runs) at times [T] seconds."""
    k = height / REFERENCE_HEIGHT
    activity, body = rhythm.activity(times), rhythm.body_height(times)
    angle, step = rhythm.rope_angle(times), rhythm.stepping(times)
    air = np.maximum(body, 0.0)
    idle = 1.0 - activity
    sway = 0.012 * np.sin(1.1 * times) * idle
    breath = 0.004 * np.sin(1.9 * times)
    pelvis = xyz(sway, -0.01 + 0.12 * np.minimum(body, 0.0), HIP_Z * k + body)
    lean = np.maximum(-body, 0.0) * 0.5 + 0.015 * activity
    pose = empty_pose(times)
    place_trunk(pose, pelvis, lean, breath, k)
    lift, ahead = _foot_lift(angle, activity, step, times, footwork)
    for side, sign in (("l", -1.0), ("r", 1.0)):
        up = lift[side] * k
        foot = xyz(sign * 0.095 * k + 0.3 * sway, ahead[side] * k, air + up)
        heel = 0.028 * activity + 0.5 * air + 0.5 * up
        place_leg(pose, side, sign, foot, heel, k)
        hand = _hand_target(pose, sign, activity, angle, breath, k)
        place_arm(pose, side, sign, hand, k)
        droop = xyz(sign * 0.05, 0.06, -0.07) * idle[:, None]
        level = xyz(sign * 0.12, 0.0, -0.02) * activity[:, None]
        pose[:, INDEX[f"tip_{side}"]] = hand + (droop + level) * k
    return pose


def walker_pose(times: FloatArray, height: float, speed: float, phase: float) -> FloatArray:
    """Pose of a person who walks forward (body y) at ``speed`` m/s; 0 stands, shifting weight."""
    k = height / REFERENCE_HEIGHT
    gait = phase + TURN * times * speed / 1.45
    moving = 1.0 if speed > 0 else 0.0
    bob = 0.018 * moving * np.cos(2 * gait) - 0.02 * moving
    sway = 0.02 * np.sin(0.7 * times + phase) * (1 - moving)
    pelvis = xyz(sway, 0.0 * times, HIP_Z * k + bob)
    pose = empty_pose(times)
    place_trunk(pose, pelvis, 0.03 * moving + 0.0 * times, 0.004 * np.sin(1.7 * times), k)
    for side, sign in (("l", -1.0), ("r", 1.0)):
        swing = gait + (math.pi if side == "l" else 0.0)
        foot_z = 0.09 * moving * np.maximum(np.cos(swing), 0.0)
        foot = xyz(sign * 0.09 * k, 0.30 * moving * np.sin(swing) * k, foot_z * k)
        place_leg(pose, side, sign, foot, 0.05 * moving * np.maximum(-np.sin(swing), 0.0), k)
        hand = pose[:, INDEX[f"shoulder_{side}"]] + xyz(
            sign * 0.07 * k, (0.05 - 0.19 * moving * np.sin(swing)) * k, -0.465 * k
        )
        place_arm(pose, side, sign, hand, k)
        pose[:, INDEX[f"tip_{side}"]] = hand
    pose[:, :, 1] += (speed * times)[:, None]
    return pose


def empty_pose(times: FloatArray) -> FloatArray:
    """A pose [T, J, 3] to be filled by the functions below."""
    return np.zeros((len(times), len(JOINTS), 3), dtype=np.float64)


def xyz(x: FloatArray | float, y: FloatArray | float, z: FloatArray | float) -> FloatArray:
    """Points from coordinates, broadcast against each other."""
    return np.stack(np.broadcast_arrays(*(np.asarray(c, dtype=np.float64) for c in (x, y, z))), -1)


def place_trunk(
    pose: FloatArray, pelvis: FloatArray, lean: FloatArray, breath: FloatArray, k: float
) -> None:
    """Pelvis, chest, neck, head, shoulders and hips."""
    pose[:, INDEX["pelvis"]] = pelvis
    span = (_SHOULDER_Z - HIP_Z) * k
    top = pelvis + xyz(0.0, lean * span, span + breath)
    pose[:, INDEX["chest"]] = pelvis + 0.62 * (top - pelvis)
    pose[:, INDEX["neck"]] = top + xyz(0.0, 0.0, 0.05 * k)
    pose[:, INDEX["head"]] = top + xyz(0.0, lean * 0.1 + 0.025 * k, 0.20 * k)
    for side, sign in (("l", -1.0), ("r", 1.0)):
        pose[:, INDEX[f"shoulder_{side}"]] = top + xyz(sign * 0.175 * k, 0.0, -0.015 * k)
        pose[:, INDEX[f"hip_{side}"]] = pelvis + xyz(sign * 0.085 * k, 0.0, 0.0)


def place_leg(
    pose: FloatArray, side: str, sign: float, foot: FloatArray, heel: FloatArray, k: float
) -> None:
    """Leg whose sole is at ``foot``, heel raised by ``heel`` metres; knee by inverse kinematics."""
    ankle = foot + xyz(0.0, -0.02 * k + 0.3 * heel, 0.085 * k + 0.8 * heel)
    hip = pose[:, INDEX[f"hip_{side}"]]
    knee = _bend(hip, ankle, _THIGH * k, _SHIN * k, np.array([0.25 * sign, 1.0, 0.0]))
    pose[:, INDEX[f"knee_{side}"]] = knee
    pose[:, INDEX[f"ankle_{side}"]] = ankle
    pose[:, INDEX[f"heel_{side}"]] = foot + xyz(0.0, -0.065 * k + 0.3 * heel, 0.04 * k + heel)
    pose[:, INDEX[f"toe_{side}"]] = foot + xyz(0.03 * sign * k, 0.135 * k, 0.034 * k)


def place_arm(pose: FloatArray, side: str, sign: float, hand: FloatArray, k: float) -> None:
    """Arm whose hand is at ``hand``; the elbow points back and outward."""
    shoulder = pose[:, INDEX[f"shoulder_{side}"]]
    pole = np.array([0.55 * sign, -1.0, -0.3])
    elbow = _bend(shoulder, hand, _UPPER_ARM * k, _FOREARM * k, pole)
    pose[:, INDEX[f"elbow_{side}"]] = elbow
    pose[:, INDEX[f"hand_{side}"]] = hand


def _hand_target(
    pose: FloatArray,
    sign: float,
    activity: FloatArray,
    angle: FloatArray,
    breath: FloatArray,
    k: float,
) -> FloatArray:
    """Position of a hand: low at rest, at hip height and circling with the rope while jumping."""
    level = activity[:, None]
    ready = np.array(_HAND_JUMP) * (sign, 1.0, 1.0)
    rest = np.array(HAND_IDLE) * (sign, 1.0, 1.0)
    circle = xyz(0.0, -np.sin(angle), -np.cos(angle)) * WRIST_CIRCLE
    hand = k * (rest + (ready - rest) * level) + circle * level
    # Hands follow the trunk; relative to the standing hip so that `rope_radius` is exact.
    hand += pose[:, INDEX["pelvis"]] - np.array([0.0, 0.0, HIP_Z * k])
    return hand + xyz(0.0, 0.0, breath)


def _foot_lift(
    angle: FloatArray,
    activity: FloatArray,
    step: FloatArray,
    times: FloatArray,
    footwork: Footwork,
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Lift of each foot beyond the flight, and its forward shift, in metres per side."""
    shuffle = 0.035 * (1.0 - activity) ** 2
    lift = {
        "l": shuffle * np.maximum(np.sin(1.7 * times), 0.0) ** 6,
        "r": shuffle * np.maximum(-np.sin(1.7 * times), 0.0) ** 6,
    }
    ahead = dict.fromkeys(("l", "r"), FOOT_AHEAD * activity)
    if footwork == "alternate":
        turn = angle / 2.0  # even turns lift the left foot, odd turns the right
        lift["l"] = lift["l"] + 0.2 * activity * np.maximum(np.cos(turn), 0.0) ** 2
        lift["r"] = lift["r"] + 0.2 * activity * np.maximum(-np.cos(turn), 0.0) ** 2
    for side, begin in (("l", 0.0), ("r", 0.5)):
        share = np.clip((step - begin) * 2.0, 0.0, 1.0)
        lift[side] = lift[side] + 0.16 * np.sin(math.pi * share)
        ahead[side] = ahead[side] + 0.10 * np.sin(math.pi * share)
    return lift, ahead


def _bend(
    root: FloatArray, end: FloatArray, upper: float, lower: float, pole: FloatArray
) -> FloatArray:
    """Middle joint [T, 3] of a two-bone limb, bent toward ``pole``.

    If the limb is too short to reach ``end``, the joint is on the straight line.
    """
    line = end - root
    length = np.maximum(np.linalg.norm(line, axis=-1, keepdims=True), 1e-6)
    axis = line / length
    reach = np.minimum(length, upper + lower - 1e-6)
    along = (upper**2 - lower**2 + reach**2) / (2 * reach)
    out = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    side = pole - axis * (axis @ pole)[:, None]
    side /= np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-6)
    return np.asarray(root + axis * along + side * out, dtype=np.float64)
