"""More files of every kind that is repaired, made here with known frames and times."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from jumpscore.errors import VideoError
from jumpscore.video import decode, probe
from jumpscore.video.probe import NOT_A_QUARTER, OTHER_TRACKS, VideoInfo
from jumpscore.video.timeline import (
    JOINED,
    LEADING,
    REORDERED,
    SHIFTED,
    UNSTAMPED,
    WRAP,
    WRAPPED,
)
from tests.support import numbered_frame, read_number, write_video

TS_PACKET = 188
WRAP_SECONDS = WRAP / 90_000


def numbers(path: Path, indices: Sequence[int] | None = None) -> list[int]:
    return [read_number(frame.pixels) for frame in decode(path, indices)]


def check(path: Path, expected: Sequence[int], times: Sequence[float]) -> VideoInfo:
    """Probe a file and compare all its frames, in sequence and one at a time."""
    info = probe(path)
    np.testing.assert_allclose(info.times, times, atol=2e-3)
    assert numbers(path) == list(expected)
    indices = sorted({len(expected) // 3, len(expected) // 2, len(expected) - 1})
    assert numbers(path, indices) == [expected[index] for index in indices]
    return info


def at_25(count: int, first: float = 0.0) -> np.ndarray:
    return first + np.arange(count) / 25


class TestStart:
    @pytest.mark.parametrize(
        "name", ["a.mkv", "a.mp4", "a.ts", "a.flv", "a.webm", "a.mov", "a.nut"]
    )
    @pytest.mark.parametrize("start", ["0.5", "61.25"])
    def test_probe_times_start_at_first_frame(self, tmp_path, name, start):
        codec = "libvpx-vp9" if name == "a.webm" else "libx264"
        path = write_video(
            tmp_path / name, frames=30, codec=codec, options={"output_ts_offset": start}
        )
        info = check(path, range(30), at_25(30))
        assert info.truncated is None
        assert info.duration == pytest.approx(1.2, abs=2e-3)

    def test_probe_truncated_matroska_with_late_start(self, tmp_path):
        path = write_video(tmp_path / "a.mkv", frames=200, options={"output_ts_offset": "7"})
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * 9 // 10])
        info = probe(path)
        assert info.truncated is not None
        assert "bytes are missing at the end" in info.truncated


class TestClockWrap:
    @pytest.mark.parametrize("before", [0.9, 1.6, 2.0, 59.0])
    @pytest.mark.parametrize(("name", "codec"), [("a.ts", "libx264"), ("a.mpg", "mpeg2video")])
    def test_probe_times_continue_after_wrap(self, tmp_path, before, name, codec):
        offset = str(WRAP_SECONDS - before)
        path = write_video(
            tmp_path / name, frames=40, codec=codec, options={"output_ts_offset": offset}
        )
        info = check(path, range(40), at_25(40))
        assert info.notes[SHIFTED] == 1

    def test_probe_wrap_long_after_start(self, tmp_path):
        times = [2.0 * k for k in range(60)]
        path = write_video(
            tmp_path / "a.ts",
            frames=60,
            times=times,
            options={"output_ts_offset": str(WRAP_SECONDS - 80)},
        )
        info = check(path, range(60), times)
        assert info.notes[WRAPPED] == 1


def recording(folder: Path, name: str, *, start: float = 0.0, frames: int = 20) -> bytes:
    options = {"output_ts_offset": str(start)}
    codec = {"mpg": "mpeg2video", "webm": "libvpx-vp9"}.get(name.split(".")[1], "libx264")
    return write_video(folder / name, frames=frames, codec=codec, options=options).read_bytes()


class TestJoined:
    @pytest.mark.parametrize("starts", [(0, 0, 0), (0, 3600, 0), (5000, 20, 90_000)])
    def test_probe_joins_recordings(self, tmp_path, starts):
        path = tmp_path / "all.ts"
        parts = [recording(tmp_path, f"{k}.ts", start=start) for k, start in enumerate(starts)]
        path.write_bytes(b"".join(parts))
        info = check(path, [*range(20)] * 3, at_25(60))
        assert info.duration == pytest.approx(2.4, abs=1e-3)
        assert info.notes[JOINED] == 2
        assert info.truncated is None

    @pytest.mark.parametrize("name", ["a.ts", "a.mpg", "a.mkv", "a.webm"])
    def test_probe_joins_recordings_in_other_containers(self, tmp_path, name):
        path = tmp_path / f"all.{name.split('.')[1]}"
        path.write_bytes(recording(tmp_path, name) * 2)
        info = check(path, [*range(20)] * 2, at_25(40))
        assert info.notes[JOINED] == 1

    def test_probe_second_recording_between_key_frames(self, tmp_path):
        whole = recording(tmp_path, "a.ts", frames=40)
        path = tmp_path / "all.ts"
        path.write_bytes(whole + whole[12 * TS_PACKET :])
        numbers_shown = numbers(path)
        info = probe(path)
        assert numbers_shown[:40] == list(range(40))
        assert numbers_shown[40:] in (list(range(12, 40)), list(range(24, 40)))
        assert info.notes[LEADING] > 0
        assert len(numbers_shown) == info.frames

    @pytest.mark.parametrize("name", ["a.mp4", "a.flv", "a.mov"])
    def test_probe_rejects_joined_mp4_and_flv(self, tmp_path, name):
        path = tmp_path / f"all.{name.split('.')[1]}"
        path.write_bytes(recording(tmp_path, name) * 2)
        with pytest.raises(VideoError, match=r"2 files joined byte by byte.*ffmpeg -f concat"):
            probe(path)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video", "mpeg4"])
@pytest.mark.parametrize("dropped", [4, 9, 15])
def test_probe_live_recording_starts_at_key_frame(tmp_path, codec, dropped):
    path = write_video(tmp_path / "a.ts", frames=60, codec=codec, gop=12, size=(128, 96))
    path.write_bytes(path.read_bytes()[dropped * TS_PACKET :])
    info = probe(path)
    numbers_shown = numbers(path)
    assert numbers_shown == list(range(numbers_shown[0], 60))
    assert len(numbers_shown) == info.frames
    assert info.truncated is None
    # The time line starts with the first frame in the file, whether it can be decoded or not.
    assert info.times[0] == pytest.approx(info.notes.get(LEADING, 0) / 25, abs=0.09)
    np.testing.assert_allclose(np.diff(info.times), 1 / 25, atol=1e-3)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm", "a.ts", "a.flv", "a.mov"])
@pytest.mark.parametrize("b_frames", [0, 3])
def test_probe_keeps_length_of_pauses(tmp_path, name, b_frames):
    codec = "libvpx-vp9" if name == "a.webm" else "libx264"
    times = [k / 25 + 8.0 * (k >= 17) + 1.5 * (k >= 38) for k in range(40)]
    path = write_video(tmp_path / name, frames=40, times=times, codec=codec, b_frames=b_frames)
    info = check(path, range(40), times)
    # The last frame has the usual duration or that of the container.
    assert info.duration == pytest.approx(times[-1] + 1 / 25, abs=0.021)


class TestTracks:
    def _two(self, path: Path, defaults: tuple[bool, bool]) -> Path:
        """Two tracks: 5 large frames that all show 1, and 30 small ones that count."""
        from av.stream import Disposition

        with av.open(str(path), "w") as container:
            streams = []
            for size, default in zip(((192, 128), (64, 48)), defaults, strict=True):
                stream = container.add_stream("libx264", rate=25)
                stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
                stream.disposition = Disposition.default.value if default else 0
                streams.append(stream)
            for number in range(30):
                for stream, last in zip(streams, (5, 30), strict=True):
                    if number >= last:
                        continue
                    digit = 1 if last == 5 else number
                    picture = numbered_frame(digit, stream.width, stream.height)
                    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                    container.mux(stream.encode(frame))
            for stream in streams:
                container.mux(stream.encode(None))
        return path

    def test_probe_reads_default_track(self, tmp_path):
        path = self._two(tmp_path / "a.mkv", (False, True))
        info = check(path, range(30), at_25(30))
        assert info.track == 1
        assert info.notes == {OTHER_TRACKS: 1}

    def test_probe_reads_largest_track(self, tmp_path):
        for defaults in ((True, True), (False, False)):
            info = check(self._two(tmp_path / "a.mkv", defaults), [1] * 5, at_25(5))
            assert (info.track, info.width) == (0, 192)


def _with_matrix(path: Path, matrix: Sequence[float]) -> Path:
    """Write a display matrix (a, b, c, d) into an MP4 file."""
    content = bytearray(path.read_bytes())
    place = content.index(b"tkhd") + 44
    a, b, c, d = (round(value * 65536) for value in matrix)
    content[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


EIGHT = {
    (1, 0, 0, 1): lambda p: p,
    (-1, 0, 0, 1): np.fliplr,
    (1, 0, 0, -1): np.flipud,
    (-1, 0, 0, -1): lambda p: np.rot90(p, 2),
    (0, 1, -1, 0): lambda p: np.rot90(p, -1),  # a quarter turn clockwise
    (0, -1, 1, 0): lambda p: np.rot90(p, 1),
    (0, 1, 1, 0): lambda p: p.transpose(1, 0, 2),
    (0, -1, -1, 0): lambda p: np.rot90(p, 2).transpose(1, 0, 2),
}


@pytest.mark.parametrize("matrix", EIGHT)
def test_decode_all_eight_orientations(tmp_path, matrix):
    path = write_video(tmp_path / "a.mp4", frames=4, size=(96, 64))
    stored = [frame.pixels for frame in decode(path)]
    info = probe(_with_matrix(path, matrix))
    assert info.notes == {}
    for frame, pixels in zip(decode(path), stored, strict=True):
        right = EIGHT[matrix](pixels)
        assert (info.height, info.width) == right.shape[:2]
        np.testing.assert_array_equal(frame.pixels, right)
    grey = next(decode(path, [3], grey=True, size=(info.width // 2, info.height // 2)))
    assert grey.pixels.shape == (info.height // 2, info.width // 2)


def test_probe_rounds_skewed_display(tmp_path):
    path = _with_matrix(write_video(tmp_path / "a.mp4", frames=3), (0.87, 0.5, -0.5, 0.87))
    info = probe(path)
    assert (info.rotation, info.mirrored) == (0, False)
    assert info.notes == {NOT_A_QUARTER: 1}


class TestRawStreams:
    @pytest.mark.parametrize(
        ("name", "codec"),
        [
            ("a.h264", "libx264"),
            ("a.hevc", "libx265"),
            ("a.m2v", "mpeg2video"),
            ("a.m1v", "mpeg1video"),
        ],
    )
    @pytest.mark.parametrize("fps", [25, 30])
    def test_probe_raw_stream_rate(self, tmp_path, name, codec, fps):
        path = write_video(tmp_path / name, frames=30, fps=fps, codec=codec)
        info = check(path, range(30), np.arange(30) / fps)
        assert info.duration == pytest.approx(30 / fps)
        assert info.notes == {UNSTAMPED: 30}

    @pytest.mark.parametrize("name", ["a.mjpeg", "a.hevc"])
    def test_probe_raw_stream_without_rate(self, tmp_path, name):
        if name == "a.hevc":
            options = {"x265-params": "log-level=none:vui-timing-info=0"}
            path = write_video(tmp_path / name, codec="libx265", codec_options=options)
        else:
            path = write_video(tmp_path / name, codec="mjpeg", pix_fmt="yuvj420p", b_frames=0)
        with pytest.raises(VideoError, match=r"without time stamps or a frame rate.*ffmpeg"):
            probe(path)


class TestAvi:
    @pytest.mark.parametrize(("codec", "b_frames"), [("mpeg4", 2), ("mpeg4", 0), ("libx264", 3)])
    def test_probe_avi_reordered_frames(self, tmp_path, codec, b_frames):
        path = write_video(tmp_path / "a.avi", frames=60, codec=codec, b_frames=b_frames)
        info = check(path, range(60), at_25(60))
        assert info.constant_rate
        assert info.duration == pytest.approx(2.4)
        assert info.notes == ({REORDERED: 60} if b_frames else {})

    def test_probe_avi_motion_jpeg_may_seek(self, tmp_path):
        path = write_video(
            tmp_path / "a.avi", frames=40, codec="mjpeg", pix_fmt="yuvj420p", b_frames=0
        )
        info = check(path, range(40), at_25(40))
        assert not info.clock.by_order


def test_probe_ignores_hidden_vp8_frames(tmp_path):
    # VP8 stores alternate references in separate packets.
    options = {"auto-alt-ref": "1", "lag-in-frames": "25", "b": "200k", "arnr-maxframes": "7"}
    path = write_video(
        tmp_path / "a.webm", frames=60, codec="libvpx", codec_options=options, size=(128, 96)
    )
    check(path, range(60), at_25(60))


def test_probe_decoding_times_as_presentation_times(tmp_path):
    path = write_video(tmp_path / "a.mxf", frames=30, b_frames=2)
    info = check(path, range(30), at_25(30))
    assert info.notes == {REORDERED: 30}
