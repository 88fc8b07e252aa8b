"""Encoding: real files, read back."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from jumpscore.builder.jump_rope import ClipSpec
from jumpscore.builder.jump_rope.encode import (
    FrameClock,
    VideoWriter,
    frame_clock,
    frame_rate,
    write_rotation,
    yuv_frame,
)

SIZE = (160, 96)


def even_clock(count: int) -> FrameClock:
    return FrameClock(Fraction(1, 25), np.arange(count, dtype=np.int64), Fraction(25), count)


def card() -> np.ndarray:
    """Upper left red, upper right green, lower left blue, lower right white."""
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    image[:48, :80], image[:48, 80:] = (200, 30, 30), (30, 180, 30)
    image[48:, :80], image[48:, 80:] = (30, 30, 200), (230, 230, 230)
    return image


def decode(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_video_writer_times_and_colours(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "a.mp4"
    with VideoWriter(path, SIZE, codec, even_clock(12)) as writer:  # type: ignore[arg-type]
        for _ in range(12):
            writer.write(card())
    frames = decode(path)
    assert [f.time for f in frames] == pytest.approx([i / 25 for i in range(12)])
    assert np.abs(frames[5].to_ndarray(format="rgb24").astype(int) - card()).mean() < 6
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == {"h264": "h264", "h265": "hevc"}[codec]
        assert stream.average_rate == 25
        assert stream.pix_fmt == "yuv420p"
        assert float(stream.duration * stream.time_base) == pytest.approx(12 / 25)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_video_writer_rotation(tmp_path: Path, rotation: int) -> None:
    path = tmp_path / "a.mp4"
    with VideoWriter(path, SIZE, "h264", even_clock(4), rotation) as writer:
        for _ in range(4):
            writer.write(card())
    frame = decode(path)[1]
    assert (frame.rotation + rotation) % 360 == 0, "FFmpeg counts anticlockwise"
    stored = frame.to_ndarray(format="rgb24").astype(int)
    assert stored.shape[:2] == ((SIZE[0], SIZE[1]) if rotation != 180 else SIZE[::-1])
    upright = np.rot90(stored, -rotation // 90)  # numpy turns anticlockwise
    assert np.abs(upright - card()).mean() < 6
    assert np.abs(np.rot90(upright, 2) - card()).mean() > 50


def test_write_rotation_matrix_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with VideoWriter(path, SIZE, "h264", even_clock(3), 90) as writer:
        for _ in range(3):
            writer.write(card())
    data = path.read_bytes()
    matrix = struct.unpack_from(">9i", data, data.index(b"tkhd") + 4 + 40)
    # Stored 96 wide, 160 high; a clockwise turn maps (x, y) to (160 - y, x).
    assert matrix == (0, 65536, 0, -65536, 0, 0, 160 * 65536, 0, 1 << 30)


def test_write_rotation_errors(tmp_path: Path) -> None:
    path = tmp_path / "no.mp4"
    path.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0")
    with pytest.raises(ValueError, match="no track header"):
        write_rotation(path, 90)
    with pytest.raises(ValueError, match="rotation=45; allowed"):
        write_rotation(path, 45)
    with pytest.raises(ValueError, match="rotation=45; allowed"):
        VideoWriter(path, SIZE, "h264", even_clock(3), 45)


def test_video_writer_irregular_times(tmp_path: Path, make_spec: Callable[..., ClipSpec]) -> None:
    clock = frame_clock(make_spec(tags=("vfr",)))
    gaps = np.diff(clock.times)
    assert gaps.min() > 0.02
    assert gaps.max() > 0.08, "dropped frames"
    assert len(np.unique(np.diff(clock.ticks))) > 20
    path = tmp_path / "a.mp4"
    with VideoWriter(path, SIZE, "h264", clock) as writer:
        for _ in clock.ticks:
            writer.write(card())
    seconds = [Fraction(f.pts) * f.time_base for f in decode(path)]
    assert seconds == [Fraction(int(t), 90_000) for t in clock.ticks]
    assert clock.duration == pytest.approx(4.0)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert float(stream.duration * stream.time_base) == pytest.approx(4.0, abs=1e-3)


def test_frame_clock_regular(make_spec: Callable[..., ClipSpec]) -> None:
    clock = frame_clock(make_spec(fps=30.0, duration=5.0))
    assert clock.times[:3] == pytest.approx([0, 1 / 30, 2 / 30])
    assert (len(clock.ticks), clock.duration) == (150, 5.0)


@pytest.mark.parametrize(
    ("fps", "exact"),
    [
        (25.0, Fraction(25)),
        (29.97, Fraction(30000, 1001)),
        (23.976, Fraction(24000, 1001)),
        (12.5, Fraction(25, 2)),
    ],
)
def test_frame_rate_exact(fps: float, exact: Fraction) -> None:
    assert frame_rate(fps) == exact


def test_video_writer_b_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    picture = card()
    with VideoWriter(path, SIZE, "h264", even_clock(20)) as writer:
        for i in range(20):
            writer.write(np.roll(picture, 2 * i, axis=1))
    assert {int(f.pict_type) for f in decode(path)} == {1, 2, 3}, "I, P and B"


def test_yuv_frame_row_padding() -> None:
    # x264 looks beyond the width of such frames; undefined memory there made files differ.
    image = np.random.default_rng(0).integers(0, 256, (60, 54, 3), dtype=np.uint8)
    for plane in yuv_frame(image).planes:
        rows = np.frombuffer(plane, np.uint8)[: plane.height * plane.line_size]
        rows = rows.reshape(plane.height, plane.line_size)
        assert plane.line_size > plane.width
        assert (rows[:, plane.width :] == rows[:, plane.width - 1 : plane.width]).all()


def test_video_writer_wrong_frames(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", SIZE, "h264", even_clock(2)) as writer:
        with pytest.raises(ValueError, match="shape"):
            writer.write(np.zeros((10, 10, 3), np.uint8))
        writer.write(card())
        writer.write(card())
        with pytest.raises(ValueError, match="beyond the clock"):
            writer.write(card())
