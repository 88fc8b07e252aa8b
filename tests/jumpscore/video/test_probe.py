from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from jumpscore.errors import VideoError
from jumpscore.video import header_duration, probe
from tests.support import write_audio, write_video


def test_facts_of_a_plain_video(tmp_path):
    info = probe(write_video(tmp_path / "a.mp4", frames=50, fps=25, size=(64, 48)))
    assert (info.width, info.height, info.frames, info.codec) == (64, 48, 50, "h264")
    assert info.fps == pytest.approx(25)
    assert info.duration == pytest.approx(2.0, abs=0.01)
    assert info.constant_rate
    assert info.truncated is None
    np.testing.assert_allclose(info.times, np.arange(50) / 25, atol=1e-4)
    assert info.keyframe_times[0] == 0.0
    assert len(info.keyframe_times) >= 4


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mkv", "libx264"), ("a.mp4", "libx265"), ("a.webm", "libvpx-vp9"), ("a.ts", "libx264")],
)
def test_other_containers_and_codecs(tmp_path, name, codec):
    info = probe(write_video(tmp_path / name, frames=25, fps=25, codec=codec))
    assert info.frames == 25
    assert info.constant_rate
    np.testing.assert_allclose(info.times - info.times[0], np.arange(25) / 25, atol=2e-3)


def test_a_variable_rate_is_seen(tmp_path):
    times = [0.0, 0.04, 0.2, 0.24, 1.0, 1.04]
    info = probe(write_video(tmp_path / "a.mp4", frames=6, times=times))
    assert not info.constant_rate
    np.testing.assert_allclose(info.times, times, atol=1e-3)


def test_square_pixels_are_displayed(tmp_path):
    info = probe(write_video(tmp_path / "a.mp4", size=(48, 64), aspect=Fraction(4, 3)))
    assert (info.width, info.height) == (64, 64)
    assert info.coded_size == (48, 64)


def test_one_frame(tmp_path):
    info = probe(write_video(tmp_path / "a.mp4", frames=1))
    assert info.frames == 1
    assert info.constant_rate


def test_header_duration(tmp_path):
    assert header_duration(write_video(tmp_path / "a.mp4", frames=50)) == pytest.approx(
        2.0, abs=0.1
    )


class TestBadFiles:
    def test_missing(self, tmp_path):
        with pytest.raises(VideoError, match=r"gone\.mp4: no such video file"):
            probe(tmp_path / "gone.mp4")

    def test_folder(self, tmp_path):
        with pytest.raises(VideoError, match="is a folder"):
            probe(tmp_path)

    def test_empty(self, tmp_path):
        (tmp_path / "a.mp4").touch()
        with pytest.raises(VideoError, match=r"empty \(0 bytes\)"):
            probe(tmp_path / "a.mp4")

    def test_text(self, tmp_path):
        (tmp_path / "a.mp4").write_text("no video" * 100)
        with pytest.raises(VideoError, match=r"a\.mp4: cannot be opened as a video"):
            probe(tmp_path / "a.mp4")

    def test_audio_only(self, tmp_path):
        with pytest.raises(VideoError, match=r"no video stream \(only audio\)"):
            probe(write_audio(tmp_path / "a.mp4"))

    def test_cut_off_with_the_index_at_the_end(self, tmp_path):
        whole = write_video(tmp_path / "a.mp4").read_bytes()
        (tmp_path / "b.mp4").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(VideoError, match="damaged, cut off"):
            probe(tmp_path / "b.mp4")

    def test_cut_off_with_the_index_in_front(self, tmp_path):
        path = write_video(tmp_path / "a.mp4", frames=200, options={"movflags": "faststart"})
        whole = path.read_bytes()
        (tmp_path / "b.mp4").write_bytes(whole[: len(whole) * 2 // 3])
        info = probe(tmp_path / "b.mp4")
        assert info.truncated is not None
        assert 0 < info.frames < 200
        assert info.times[-1] < 8.0


def test_a_codec_that_nobody_here_decodes(tmp_path):
    path = write_video(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(VideoError, match=r"a\.mp4: its codec is unknown here"):
        probe(path)


def test_frames_that_an_edit_list_leaves_out_are_not_missing(tmp_path):
    # The first frames lie before 0: players, and we, begin at 0.
    path = write_video(tmp_path / "a.mp4", frames=100, times=[(k - 20) / 25 for k in range(100)])
    info = probe(path)
    assert info.truncated is None
    assert info.frames <= 100


def test_a_colon_in_a_name_is_no_protocol(tmp_path, monkeypatch):
    write_video(tmp_path / "12:30.mp4", frames=5)
    monkeypatch.chdir(tmp_path)
    assert probe("12:30.mp4").frames == 5
