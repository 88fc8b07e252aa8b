from __future__ import annotations

import cv2
import numpy as np
import pytest

from jumpscore.video import probe
from jumpscore.video.codec.activity import (
    ChangeMeter,
    block_scores,
    normalised,
    own_motion,
    spread,
)
from jumpscore.video.orientation import Orientation
from jumpscore.video.stored_frames import stored_frames
from tests.support import write_video

WIDTH, HEIGHT = 280, 168
ROWS, COLUMNS = 6, 10


def scene(shift=0, square=None):
    """A textured picture, moved ``shift`` pixels to the left, with a bright square on top."""
    rng = np.random.default_rng(3)
    wide = cv2.resize(rng.integers(0, 255, (42, 140), dtype=np.uint8), (560, HEIGHT))
    picture = np.repeat(wide[:, shift : shift + WIDTH, None], 3, axis=2).copy()
    if square is not None:
        left, top = square
        picture[top : top + 56, left : left + 56] = 255
    return picture


def test_change_meter_measures_changed_blocks():
    meter = ChangeMeter(WIDTH, HEIGHT, 28)
    first = meter(scene())
    assert first.blocks.shape == (ROWS, COLUMNS)
    assert not first.blocks.any()
    assert not meter(scene()).blocks.any()
    change = meter(scene(square=(56, 28))).blocks
    assert (change[1:3, 2:4] > 20).all()
    change[1:3, 2:4] = 0
    assert change.max() < 1e-6


def test_change_meter_compensates_camera_motion():
    meter = ChangeMeter(WIDTH, HEIGHT, 28)
    meter(scene(0, square=(56, 28)))
    change = meter(scene(12, square=(140, 84))).blocks
    square = np.zeros((ROWS, COLUMNS), dtype=bool)
    square[3:5, 5:7] = True
    previous = np.zeros_like(square)
    previous[1:3, 1:4] = True
    still = change[~square & ~previous & (np.arange(COLUMNS) < COLUMNS - 1)]
    assert change[square].min() > 4 * still.max()


def test_change_meter_detects_blank_frames():
    meter = ChangeMeter(WIDTH, HEIGHT, 28)
    assert meter(np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)).blank
    assert meter(np.full((HEIGHT, WIDTH, 3), 255, dtype=np.uint8)).blank
    assert not meter(scene()).blank


def test_block_scores_equal_hand_worked_example():
    # 100 blocks with median 0: two of them share the bits 3 : 1.
    change = np.zeros((10, 10))
    change[0, 0], change[9, 9] = 3.0, 1.0
    scores = block_scores(change, bits=4.0)
    # log1p of 3 and of 1; the 99th percentile of 100 values is 1% above the 99th: ln 2 + ...
    top = np.log(2) + 0.01 * (np.log(4) - np.log(2))
    assert scores[0, 0] == 1.0
    assert scores[9, 9] == pytest.approx(np.log(2) / top, abs=1e-8)
    assert np.count_nonzero(scores) == 2


def test_block_scores_without_change_are_zero():
    assert not block_scores(np.zeros((3, 4)), bits=1e6).any()
    assert not block_scores(np.full((3, 4), 7.0), bits=1e6).any()
    assert not block_scores(np.eye(4), bits=0.0).any()
    assert not normalised(np.zeros((3, 4))).any()


def test_spread_averages_over_each_block():
    fine = np.zeros((HEIGHT // 4, WIDTH // 4))
    fine[:7, :7] = 1.0
    fine[7:14, 7:14] = 0.5
    blocks = spread(fine, (ROWS, COLUMNS), side=28, orientation=Orientation())
    assert blocks[0, 0] == pytest.approx(1.0, abs=1e-6)
    assert blocks[1, 1] == pytest.approx(0.5, abs=1e-6)
    assert np.count_nonzero(blocks) == 2
    turned = spread(
        fine, (COLUMNS, ROWS), side=28, orientation=Orientation(turns=1)
    )  # counter-clockwise: the top left corner is now at the bottom
    assert turned[COLUMNS - 1, 0] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_own_motion_detects_moving_object(tmp_path, turns):
    pictures = [scene(4 * k, square=(28 + 9 * k, 56)) for k in range(12)]
    path = write_video(tmp_path / "a.mp4", pictures=pictures, size=(WIDTH, HEIGHT), b_frames=0)
    info = probe(path)
    shape = (ROWS, COLUMNS) if turns % 2 == 0 else (COLUMNS, ROWS)
    motions = {
        index: own_motion(frame, shape, side=28, orientation=Orientation(turns))
        for index, frame in stored_frames(info, list(range(12)), motion_vectors=True)
    }
    assert motions[0] is None, "a key frame has no vectors"
    motion = np.rot90(motions[6], -turns)
    inside = motion[2:4, 3:5]
    outside = np.delete(motion, slice(1, 6), axis=1)
    assert inside.mean() > 5 * max(outside.mean(), 0.1)


def test_own_motion_without_vectors_is_none(tmp_path):
    path = write_video(tmp_path / "a.mp4", frames=4, codec="libx265")
    for _, frame in stored_frames(probe(path), [0, 1, 2, 3], motion_vectors=True):
        assert own_motion(frame, (2, 2), side=28, orientation=Orientation()) is None
