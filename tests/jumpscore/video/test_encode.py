from __future__ import annotations

import numpy as np
import pytest

from jumpscore.errors import VideoError
from jumpscore.video import decode, probe
from jumpscore.video.encode import write_video


@pytest.mark.parametrize("size", [(48, 64), (47, 63)])
def test_write_video_keeps_pictures_and_times(tmp_path, size):
    generator = np.random.default_rng(0)
    colours = generator.integers(30, 220, (7, 1, 1, 3))
    pictures = np.broadcast_to(colours, (7, *size, 3)).astype(np.uint8)
    file = tmp_path / "new" / "v.mp4"
    assert write_video(file, iter(pictures), fps=6) == 7
    info = probe(file)
    assert (info.height, info.width, info.frames) == (*size, 7)
    assert np.allclose(info.times, np.arange(7) / 6, atol=1e-3)
    for frame, picture in zip(decode(file), pictures, strict=True):
        assert np.abs(frame.pixels.astype(int) - picture).max() <= 8


def test_write_video_is_deterministic(tmp_path):
    pictures = np.random.default_rng(1).integers(0, 256, (5, 40, 40, 3)).astype(np.uint8)
    for name in "ab":
        write_video(tmp_path / f"{name}.mp4", pictures, fps=29.97)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_write_video_rejects_invalid_pictures(tmp_path):
    with pytest.raises(VideoError, match=r"v\.mp4: no pictures"):
        write_video(tmp_path / "v.mp4", [], fps=6)
    two = [np.zeros((32, 32, 3), np.uint8), np.zeros((32, 34, 3), np.uint8)]
    with pytest.raises(VideoError, match=r"picture 1 has shape \(32, 34, 3\)"):
        write_video(tmp_path / "v.mp4", two, fps=6)
