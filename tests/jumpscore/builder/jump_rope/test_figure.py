"""Figure, rope and camera: geometry that can be checked with numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jumpscore.builder.jump_rope.camera import Camera, to_world
from jumpscore.builder.jump_rope.draw import capsules
from jumpscore.builder.jump_rope.figure import INDEX, jumper_pose, rope_radius, walker_pose
from jumpscore.builder.jump_rope.rhythm import Rhythm, RunPlan
from jumpscore.builder.jump_rope.rope import rope_curve, rope_mask

FORWARD = np.array([0.0, 1.0, 0.0])


def rhythm(kinds: tuple[str, ...] = ("single",) * 6, gap: float = 0.42) -> Rhythm:
    plan = RunPlan(1.0, kinds, (gap,) * len(kinds))  # type: ignore[arg-type]
    return Rhythm.from_plans([plan], 6.0)


def soles(pose: np.ndarray) -> np.ndarray:
    """Height of the lowest of heels and toes, [T]."""
    return pose[:, [INDEX[n] for n in ("heel_l", "heel_r", "toe_l", "toe_r")], 2].min(axis=1)


@pytest.mark.parametrize("height", [1.56, 1.75, 1.86])
@pytest.mark.parametrize("gap", [0.34, 0.5, 0.75])
def test_rope_curve_passes_between_floor_and_feet(height: float, gap: float) -> None:
    motion = rhythm(("single", "single", "double", "single"), gap)
    times = np.array([t for jump in motion.jumps for t in jump.passes])
    pose = jumper_pose(motion, times, height, "bounce")
    tips = pose[:, [INDEX["tip_l"], INDEX["tip_r"]]]
    curve = rope_curve(tips, motion.rope_angle(times), FORWARD, rope_radius(height, gap))
    middle = curve[:, curve.shape[1] // 2]
    assert (middle[:, 2] > 0).all()
    assert (middle[:, 2] < soles(pose)).all()
    heel, toe = pose[:, INDEX["heel_l"], 1], pose[:, INDEX["toe_l"], 1]
    assert ((heel - 0.03 < middle[:, 1]) & (middle[:, 1] < toe + 0.03)).all(), "under the shoes"


def test_rope_curve_clears_the_head() -> None:
    motion = rhythm()
    jump = motion.jumps[3]
    grid = np.linspace(jump.start, jump.passes[0], 2000)
    over = grid[np.argmin(np.abs(motion.rope_angle(grid) % (2 * math.pi) - math.pi))]
    times = np.array([jump.start, over])
    pose = jumper_pose(motion, times, 1.75, "bounce")
    tips = pose[:, [INDEX["tip_l"], INDEX["tip_r"]]]
    curve = rope_curve(tips, motion.rope_angle(times), FORWARD, rope_radius(1.75, 0.42))
    middle = curve[:, curve.shape[1] // 2]
    assert middle[1, 2] > pose[1, INDEX["head"], 2] + 0.14
    behind, heel = middle[0], pose[0, INDEX["heel_l"]]
    assert -0.7 < behind[1] - heel[1] < -0.2
    assert behind[2] < pose[0, INDEX["knee_l"], 2]


def test_jumper_pose_feet_and_flights() -> None:
    motion = rhythm()
    times = np.linspace(0, 5.9, 600)
    low = soles(jumper_pose(motion, times, 1.75, "bounce"))
    flying = motion.body_height(times) > 0.01
    assert low[~flying].max() < 0.05
    assert low.min() > 0.02, "the joint is in the middle of the shoe, not under the floor"
    assert (low[flying] > motion.body_height(times)[flying]).all()


@pytest.mark.parametrize("footwork", ["bounce", "alternate"])
def test_jumper_pose_bone_lengths(footwork: str) -> None:
    times = np.linspace(0, 5.9, 300)
    pose = jumper_pose(rhythm(), times, 1.75, footwork)  # type: ignore[arg-type]
    walk = walker_pose(times, 1.75, 1.2, 0.3)
    for figure in (pose, walk):
        for a, b, length in (
            ("hip_l", "knee_l", 0.43),
            ("knee_r", "ankle_r", 0.415),
            ("shoulder_r", "elbow_r", 0.285),
            ("elbow_l", "hand_l", 0.26),
        ):
            bone = np.linalg.norm(figure[:, INDEX[a]] - figure[:, INDEX[b]], axis=-1)
            assert bone == pytest.approx(length, abs=1e-3)


def test_jumper_pose_alternate_footwork() -> None:
    motion = rhythm()
    times = np.array([jump.passes[0] for jump in motion.jumps])
    pose = jumper_pose(motion, times, 1.75, "alternate")
    left, right = pose[:, INDEX["toe_l"], 2], pose[:, INDEX["toe_r"], 2]
    assert (np.abs(left - right) > 0.1).all()
    assert (np.sign(left - right)[1:] == -np.sign(left - right)[:-1]).all()


def test_rope_curve_at_rest() -> None:
    motion = rhythm()
    pose = jumper_pose(motion, np.array([0.1]), 1.75, "bounce")
    tips = pose[:, [INDEX["tip_l"], INDEX["tip_r"]]]
    curve = rope_curve(tips, motion.rope_angle([0.1]), FORWARD, rope_radius(1.75, 0.42))[0]
    assert curve[:, 2].min() == pytest.approx(0.012)
    assert curve[curve.shape[0] // 2, 1] < pose[0, INDEX["heel_l"], 1]


def test_project_by_hand() -> None:
    camera = Camera(200, 100, focal=400, centre=100, horizon=40, eye=1.2, distance=4)
    pixels, depth = camera.project(np.array([[0.5, 0.0, 0.0], [0.5, 4.0, 1.2]]))
    assert pixels.tolist() == [[150.0, 160.0], [125.0, 40.0]]
    assert depth.tolist() == [4.0, 8.0]
    assert camera.scale == 100


@pytest.mark.parametrize(
    ("yaw", "forward", "right"),
    [(0, (0, -1), (-1, 0)), (90, (1, 0), (0, -1)), (180, (0, 1), (1, 0)), (270, (-1, 0), (0, 1))],
)
def test_to_world_by_hand(yaw: float, forward: tuple[int, int], right: tuple[int, int]) -> None:
    world = to_world(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), yaw, (0.0, 0.0))
    assert world[0] == pytest.approx([*forward, 0], abs=1e-12)
    assert world[1] == pytest.approx([*right, 0], abs=1e-12)


def test_capsules_are_hulls_of_circles() -> None:
    p0, p1 = np.array([[0.0, 0.0]]), np.array([[10.0, 0.0]])
    outline = capsules(p0, np.array([3.0]), p1, np.array([1.0]))[0]
    assert outline.min(axis=0) == pytest.approx([-3, -3], abs=0.1)
    assert outline.max(axis=0) == pytest.approx([11, 3], abs=0.1)
    inside = capsules(p0, np.array([3.0]), p0 + 0.5, np.array([1.0]))[0]
    assert np.hypot(*inside.T).max() <= 3.0 + 1e-9, "a circle within the other adds nothing"


def test_rope_mask_of_a_moving_rope() -> None:
    curve = np.stack([np.linspace(20, 80, 49), np.full(49, 50.0)], axis=-1)
    near = np.ones((1, 48), bool)
    sharp = rope_mask(curve[None], near, 3, (100, 100))
    fan = np.stack([curve + np.array([0, 4.0 * k]) for k in range(5)])
    blurred = rope_mask(fan, np.ones((5, 48), bool), 3, (100, 100))
    assert sharp is not None
    assert blurred is not None
    assert sharp.before.max() == 255
    assert not sharp.behind.any()
    assert 50 < blurred.before.max() < 170
    assert np.count_nonzero(blurred.before) > 3 * np.count_nonzero(sharp.before)
    assert rope_mask(fan - 500, np.ones((5, 48), bool), 3, (100, 100)) is None
