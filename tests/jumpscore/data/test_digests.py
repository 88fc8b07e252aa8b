from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.data.digests import _grid_means, compare_digests, digest_frames
from tests.support import write_video


def test_compare_digests_other_encoder_is_equivalent(tmp_path):
    one = digest_frames(write_video(tmp_path / "a.mp4", size=(160, 96), frames=30))
    same = digest_frames(write_video(tmp_path / "b.mp4", size=(160, 96), frames=30))
    other = digest_frames(
        write_video(tmp_path / "c.mp4", size=(160, 96), frames=30, codec="libx265")
    )
    assert compare_digests(one, same) == "exact"
    assert compare_digests(one, other) == "equivalent"


def test_compare_digests_other_pictures_are_different(tmp_path):
    one = digest_frames(write_video(tmp_path / "a.mp4", frames=30))
    shorter = digest_frames(write_video(tmp_path / "b.mp4", frames=29))
    assert compare_digests(one, shorter) == "different"
    assert compare_digests(one, replace(shorter, frames=30)) == "different"


@given(st.integers(9, 40), st.integers(16, 60), st.integers(0, 2**32 - 1))
def test_grid_means_are_means_of_pixels(height, width, seed):
    luma = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    means = _grid_means(luma)
    row, column = 4, 7
    top, bottom = row * height // 9, (row + 1) * height // 9
    left, right = column * width // 16, (column + 1) * width // 16
    assert means[row, column] == pytest.approx(luma[top:bottom, left:right].mean(), abs=0.51)
