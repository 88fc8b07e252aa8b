"""Block scores of the real codec-video-prep."""

from __future__ import annotations

import os

import numpy as np
import pytest

from jumpscore.errors import VideoError
from jumpscore.video import probe
from jumpscore.video.codec.bitcost import VARIABLE, bitcost_maps, bitcost_version
from jumpscore.video.probe import VideoInfo
from tests.jumpscore.video.codec.films import moving_square
from tests.support import write_video

KINDS = {
    "h264": ("a.mp4", "libx264", {"preset": "veryfast"}),
    "h264-pyramid": (
        "a.mkv",
        "libx264",
        {"x264-params": "bframes=8:b-adapt=0:b-pyramid=normal:open-gop=1"},
    ),
    "hevc": ("a.mp4", "libx265", {"preset": "ultrafast", "x265-params": "log-level=none"}),
    "vp9": ("a.webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
}


@pytest.fixture(scope="module", params=KINDS)
def video(request, tmp_path_factory) -> VideoInfo:
    name, codec, options = KINDS[request.param]
    folder = tmp_path_factory.mktemp("bitcost")
    return probe(moving_square(folder / name, codec=codec, options=options))


@pytest.mark.skipif(
    not os.environ.get(VARIABLE),
    reason=f"{VARIABLE} is not set to an environment with codec-video-prep",
)
class TestThePackage:
    def test_bitcost_version_of_package(self):
        assert bitcost_version()[0].isdigit()

    def test_bitcost_maps_sums_equal_packets(self, video):
        maps = list(bitcost_maps(video, range(video.frames)))
        assert len(maps) == 60
        assert all(grid.shape == (44, 80) for grid in maps)
        share = np.array([grid.sum() for grid in maps]) / video.bits
        assert (share < 1.01).all()
        assert np.median(share) > 0.8

    def test_bitcost_maps_do_not_depend_on_other_frames(self, video):
        every = list(bitcost_maps(video, range(video.frames)))
        for indices in ([17], [0, 59], list(range(1, 60, 7)), [5, 6, 30, 31, 58]):
            maps = list(bitcost_maps(video, indices))
            assert all((every[k] == grid).all() for k, grid in zip(indices, maps, strict=True))

    def test_bitcost_maps_follow_moving_square(self, video):
        # Without key frames, and without VP9's empty frames that only show a hidden one.
        indices = [k for k in range(10, 55) if video.times[k] not in video.keyframe_times]
        checked = 0
        for index, grid in zip(indices, bitcost_maps(video, indices), strict=True):
            if grid.sum() < video.bits.mean() / 4:
                continue
            checked += 1
            left = (8 + 4 * index) // 4
            # One block of margin, because blocks that the square only touches cost bits too.
            around = grid[8:36, max(0, left - 16) : left + 28].sum()
            assert around > 0.8 * grid.sum()
        assert checked > 20

    def test_bitcost_maps_sides_not_multiple_of_block(self, tmp_path):
        info = probe(write_video(tmp_path / "a.mp4", frames=20, size=(102, 54)))
        (grid,) = bitcost_maps(info, [9])
        assert grid.shape == (14, 26)

    def test_bitcost_maps_variable_rate(self, tmp_path):
        times = np.cumsum(np.tile([0.04, 0.12, 0.04, 0.4], 15)).tolist()
        info = probe(write_video(tmp_path / "a.mp4", frames=60, times=times))
        assert len(list(bitcost_maps(info, range(0, 60, 3)))) == 20

    def test_bitcost_maps_truncated_file(self, tmp_path):
        path = write_video(tmp_path / "a.mkv", frames=100)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        info = probe(path)
        assert info.truncated
        indices = range(0, info.frames - 4, 5)
        assert len(list(bitcost_maps(info, indices))) == len(indices)

    def test_bitcost_maps_rejects_shifted_frames(self, video):
        shifted = VideoInfo(**{**vars(video), "bits": np.roll(video.bits, 1)})
        with pytest.raises(VideoError, match="another frame's map"):
            list(bitcost_maps(shifted, range(0, 60, 2)))

    def test_bitcost_maps_rejects_other_file(self, video, tmp_path):
        other = tmp_path / "a.webm"
        other.write_bytes(b"nothing" * 100)
        info = VideoInfo(**{**vars(video), "path": other, "codec": "vp9"})
        with pytest.raises(VideoError, match=r"a\.webm: codec-video-prep failed at frame 0"):
            list(bitcost_maps(info, [0]))
