from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from jumpscore.errors import VideoError
from jumpscore.video import header_duration, probe
from tests.support import write_audio, write_video


def test_probe_plain_video(tmp_path):
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
def test_probe_other_containers_and_codecs(tmp_path, name, codec):
    info = probe(write_video(tmp_path / name, frames=25, fps=25, codec=codec))
    assert info.frames == 25
    assert info.constant_rate
    np.testing.assert_allclose(info.times - info.times[0], np.arange(25) / 25, atol=2e-3)


def test_probe_variable_rate(tmp_path):
    times = [0.0, 0.04, 0.2, 0.24, 1.0, 1.04]
    info = probe(write_video(tmp_path / "a.mp4", frames=6, times=times))
    assert not info.constant_rate
    np.testing.assert_allclose(info.times, times, atol=1e-3)


def test_probe_square_pixels(tmp_path):
    info = probe(write_video(tmp_path / "a.mp4", size=(48, 64), aspect=Fraction(4, 3)))
    assert (info.width, info.height) == (64, 64)
    assert info.coded_size == (48, 64)


def test_probe_single_frame(tmp_path):
    info = probe(write_video(tmp_path / "a.mp4", frames=1))
    assert info.frames == 1
    assert info.constant_rate


def test_header_duration_of_plain_video(tmp_path):
    assert header_duration(write_video(tmp_path / "a.mp4", frames=50)) == pytest.approx(
        2.0, abs=0.1
    )


class TestBadFiles:
    def test_probe_missing_file(self, tmp_path):
        with pytest.raises(VideoError, match=r"gone\.mp4: no such video file"):
            probe(tmp_path / "gone.mp4")

    def test_probe_folder(self, tmp_path):
        with pytest.raises(VideoError, match="is a folder"):
            probe(tmp_path)

    def test_probe_empty_file(self, tmp_path):
        (tmp_path / "a.mp4").touch()
        with pytest.raises(VideoError, match=r"empty \(0 bytes\)"):
            probe(tmp_path / "a.mp4")

    def test_probe_text_file(self, tmp_path):
        (tmp_path / "a.mp4").write_text("no video" * 100)
        with pytest.raises(VideoError, match=r"a\.mp4: cannot be opened as a video"):
            probe(tmp_path / "a.mp4")

    def test_probe_audio_file(self, tmp_path):
        with pytest.raises(VideoError, match=r"no video stream \(only audio\)"):
            probe(write_audio(tmp_path / "a.mp4"))

    def test_probe_truncated_file_with_index_at_end(self, tmp_path):
        whole = write_video(tmp_path / "a.mp4").read_bytes()
        (tmp_path / "b.mp4").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(VideoError, match="damaged, truncated"):
            probe(tmp_path / "b.mp4")

    def test_probe_truncated_file_with_index_in_front(self, tmp_path):
        path = write_video(tmp_path / "a.mp4", frames=200, options={"movflags": "faststart"})
        whole = path.read_bytes()
        (tmp_path / "b.mp4").write_bytes(whole[: len(whole) * 2 // 3])
        info = probe(tmp_path / "b.mp4")
        assert info.truncated is not None
        assert 0 < info.frames < 200
        assert info.times[-1] < 8.0


def test_probe_unsupported_codec(tmp_path):
    path = write_video(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(VideoError, match=r"a\.mp4: its codec is not supported"):
        probe(path)


def test_probe_ignores_frames_outside_edit_list(tmp_path):
    # The first frames are before 0; the time line starts at 0, as in players.
    path = write_video(tmp_path / "a.mp4", frames=100, times=[(k - 20) / 25 for k in range(100)])
    info = probe(path)
    assert info.truncated is None
    assert info.frames <= 100


def test_probe_accepts_colon_in_name(tmp_path, monkeypatch):
    write_video(tmp_path / "12:30.mp4", frames=5)
    monkeypatch.chdir(tmp_path)
    assert probe("12:30.mp4").frames == 5
