from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.errors import UsageError
from jumpscore.video import TokenGrid, smart_size, uniform_frames, uniform_indices
from tests.support import read_number, write_video


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("v") / "a.mp4", frames=100, size=(128, 96))


def test_uniform_frames_pixels_match_times(video):
    visual = uniform_frames(video, count=8)
    assert visual.frame_indices == (0, 14, 28, 42, 57, 71, 85, 99)
    np.testing.assert_allclose(visual.times, np.array(visual.frame_indices) / 25, atol=1e-3)
    assert [read_number(frame) for frame in visual.pixels] == list(visual.frame_indices)


def test_uniform_frames_size_grid_and_tokens_agree(video):
    visual = uniform_frames(video, count=4, max_pixels=56 * 84)
    assert (visual.width, visual.height) == (56, 56)
    assert visual.pixels.shape == (4, 56, 56, 3)
    assert visual.pixels.dtype == np.uint8
    assert visual.grid == (4, 4, 4)
    assert visual.visual_tokens == 4 * 4 * 4 // 4


def test_uniform_frames_by_rate(video):
    assert len(uniform_frames(video, fps=2).times) == 8


@pytest.mark.parametrize(
    ("frames", "count", "indices"),
    [
        (5, 64, (0, 1, 3, 4)),  # even, as in qwen-vl-utils, without repeats
        (1, 64, (0,)),
        (2, 1, (0, 1)),
        (100, 5, (0, 33, 66, 99)),  # round(2.5) = 2 pairs
        (100, 7, (0, 14, 28, 42, 57, 71, 85, 99)),  # round(3.5) = 4 pairs
    ],
)
def test_uniform_frames_count_is_even_without_repeats(tmp_path, frames, count, indices):
    video = write_video(tmp_path / "a.mp4", frames=frames)
    assert uniform_frames(video, count=count).frame_indices == indices


@pytest.mark.parametrize(
    ("fps", "frames"),
    [(0.1, 4), (1, 4), (1.9, 6), (2, 8), (3.4, 12), (25, 100), (1000, 100)],
)
def test_uniform_frames_rate_is_floored_to_even_count(video, fps, frames):
    # 4 s of video at 25 frames/s; qwen-vl-utils: at least 4, at most all, rounded down to even.
    assert len(uniform_frames(video, fps=fps).times) == frames


def test_uniform_frames_rate_is_limited_to_768_frames(tmp_path):
    long = write_video(tmp_path / "a.mp4", frames=800, size=(32, 32))
    assert len(uniform_frames(long, fps=25).times) == 768


def test_uniform_frames_equal_limits_fix_the_size(video):
    # Public settings of the frame runs: min_pixels = max_pixels scales small videos up.
    visual = uniform_frames(video, count=4, min_pixels=153_664, max_pixels=153_664)
    assert (visual.width, visual.height) == (476, 364)
    assert visual.visual_tokens == 4 * 17 * 13


def test_patch_positions_of_frames_are_in_raster_order(video):
    visual = uniform_frames(video, count=2, max_pixels=56 * 84)
    assert visual.patch_positions.dtype == np.int32
    expected = [
        (frame, row, column) for frame in (0, 99) for row in range(4) for column in range(4)
    ]
    assert [tuple(position) for position in visual.patch_positions.tolist()] == expected


def test_fingerprint_depends_on_content_and_choices(video, tmp_path):
    copy = tmp_path / "other_name.mp4"
    copy.write_bytes(video.read_bytes())
    one = uniform_frames(video, count=8).fingerprint
    assert uniform_frames(copy, count=8).fingerprint == one
    assert uniform_frames(video, count=10).fingerprint != one
    assert uniform_frames(video, count=8).changed(decimals=2).fingerprint != one
    assert uniform_frames(video, count=8, max_pixels=10_000).fingerprint != one


def test_visual_input_can_be_pickled(video):
    visual = uniform_frames(video, count=3)
    again = pickle.loads(pickle.dumps(visual))
    assert (again.pixels == visual.pixels).all()


@pytest.mark.parametrize(
    "wrong", [{}, {"count": 4, "fps": 1.0}, {"count": 0}, {"fps": -1.0}, {"fps": float("nan")}]
)
def test_uniform_frames_rejects_invalid_arguments(video, wrong):
    with pytest.raises(UsageError, match="count"):
        uniform_frames(video, **wrong)


@pytest.mark.parametrize(
    ("size", "limit", "tokens"),
    [
        ((1920, 1080), 153_664, 180),
        ((1280, 720), 153_664, 180),
        ((1920, 1080), 313_600, 364),
        ((1280, 720), 313_600, 364),
        ((640, 360), 153_664, 180),
        ((640, 360), 313_600, 299),
        ((640, 480), 153_664, 192),
        ((640, 480), 313_600, 391),
        ((1000, 1000), 153_664, 196),
        ((1000, 1000), 313_600, 400),
    ],
)
def test_smart_size_gives_measured_tokens(size, limit, tokens):
    width, height = smart_size(*size, max_pixels=limit)
    assert width * height // 784 == tokens


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(784, 10**6))
def test_smart_size_gives_multiples_of_28_within_limit(width, height, limit):
    wide, high = smart_size(width, height, max_pixels=limit)
    assert wide % 28 == high % 28 == 0
    assert min(wide, high) >= 28
    # A side never shrinks below 28.
    assert wide * high <= limit or min(wide, high) == 28


@given(st.integers(1, 500), st.integers(1, 500))
def test_uniform_indices_are_even_without_repeats(total, count):
    indices = uniform_indices(total, count)
    assert len(indices) == min(total, count)
    assert indices[0] == 0
    assert len(set(indices.tolist())) == len(indices)
    if len(indices) > 1:
        assert indices[-1] == total - 1
        assert np.ptp(np.diff(indices)) <= 1


def test_uniform_frames_truncated_file(tmp_path):
    whole = write_video(tmp_path / "a.mp4", frames=120, options={"movflags": "faststart"})
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    visual = uniform_frames(cut, count=8)
    assert visual.truncated
    assert [read_number(frame) for frame in visual.pixels] == list(visual.frame_indices)
    assert visual.frame_indices[-1] < 119


@pytest.mark.parametrize("limit", [0, -5, 783, 2**24 + 1])
def test_uniform_frames_rejects_impossible_areas(video, limit):
    with pytest.raises(
        UsageError, match=f"max_pixels={limit} is out of range; give an area from 784"
    ):
        uniform_frames(video, count=2, max_pixels=limit)


def test_stamps_are_shared_by_frames_that_share_tokens(video):
    """Squares of 32 pixels over two frames, as in Qwen3-VL."""
    visual = uniform_frames(video, count=6, grid=TokenGrid(side=32, frames=2))
    assert (visual.width, visual.height) == (128, 96)
    assert visual.frame_indices == (0, 20, 40, 59, 79, 99)
    assert visual.visual_tokens == 3 * (128 // 32) * (96 // 32) == 36
    # (0 + 20) / 2, (40 + 59) / 2 and (79 + 99) / 2 at 25 frames/s
    assert [stamp.seconds for stamp in visual.stamps] == pytest.approx([0.4, 1.98, 3.56])
    assert visual.stamp_texts == ("<0.4 seconds>", "<2.0 seconds>", "<3.6 seconds>")
    assert [stamp.visual_tokens for stamp in visual.stamps] == [12, 12, 12]
    assert [read_number(frame) for frame in visual.pixels] == list(visual.frame_indices)


def test_visual_tokens_of_single_frame_in_pair_grid(tmp_path):
    video = write_video(tmp_path / "one.mp4", frames=1, size=(128, 96))
    visual = uniform_frames(video, count=2, grid=TokenGrid(side=32, frames=2))
    assert visual.visual_tokens == 12
    assert [stamp.seconds for stamp in visual.stamps] == [0.0]


def test_uniform_frames_of_fixed_size_grid(video):
    visual = uniform_frames(video, count=2, max_pixels=784, grid=TokenGrid(size=(56, 84)))
    assert visual.pixels.shape == (2, 84, 56, 3)
    assert visual.visual_tokens == 2 * 2 * 3


def test_fingerprint_depends_on_token_grid(video):
    plain = uniform_frames(video, count=2, min_pixels=448 * 448, max_pixels=448 * 448)
    grids = (TokenGrid(size=(plain.width, plain.height)), TokenGrid(side=14))
    prints = {
        uniform_frames(video, count=2, min_pixels=448 * 448, max_pixels=448 * 448, grid=grid)
        .fingerprint for grid in grids
    }  # fmt: skip
    assert plain.fingerprint not in prints
    assert len(prints) == 2


def test_write_prepared_rejects_other_token_grids(video, tmp_path):
    from jumpscore.video.prepared.folders import write_prepared

    visual = uniform_frames(video, count=2, grid=TokenGrid(side=32, frames=2))
    with pytest.raises(UsageError, match="cannot be written"):
        write_prepared(visual, tmp_path / "x")
