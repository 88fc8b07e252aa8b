from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.builder.jump_rope.encode import write_rotation
from jumpscore.errors import UsageError, VideoError
from jumpscore.video import decode, probe
from tests.support import numbered_frame, read_number, write_video


def numbers(frames) -> list[int]:
    return [read_number(frame.pixels) for frame in frames]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_decode_yields_every_frame_with_its_time(tmp_path, codec):
    path = write_video(tmp_path / "a.mp4", frames=60, codec=codec, b_frames=3)
    frames = list(decode(path))
    assert numbers(frames) == list(range(60))
    assert [frame.index for frame in frames] == list(range(60))
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(60) / 25, atol=1e-3)


@pytest.fixture(scope="module")
def long_video(tmp_path_factory):
    # Four key frames per second cause seeks; B-frames make packet order differ from time order.
    return write_video(tmp_path_factory.mktemp("long") / "a.mp4", frames=240, gop=10, b_frames=3)


@given(st.sets(st.integers(0, 239), min_size=1, max_size=12))
def test_decode_yields_any_choice_of_frames(long_video, indices):
    requested = sorted(indices)
    assert numbers(decode(long_video, requested)) == requested


@pytest.mark.parametrize("name", ["a.mkv", "a.ts"])
def test_decode_seeks_in_other_containers(tmp_path, name):
    path = write_video(tmp_path / name, frames=200, gop=10)
    assert numbers(decode(path, [3, 77, 78, 150, 199])) == [3, 77, 78, 150, 199]


def test_decode_avi_by_order(tmp_path):
    path = write_video(tmp_path / "a.avi", frames=60, codec="mpeg4", b_frames=2)
    assert numbers(decode(path)) == list(range(60))
    assert numbers(decode(path, [3, 40, 41])) == [3, 40, 41]


def test_decode_decord_equals_pyav(long_video):
    pytest.importorskip("decord")
    requested = [0, 5, 100, 239]
    ours = list(decode(long_video, requested))
    theirs = list(decode(long_video, requested, backend="decord"))
    assert numbers(theirs) == requested
    assert [frame.time for frame in theirs] == [frame.time for frame in ours]
    for a, b in zip(ours, theirs, strict=True):
        assert np.abs(a.pixels.astype(int) - b.pixels).mean() < 3


def test_decode_returns_pure_colours(tmp_path):
    frame = next(decode(write_video(tmp_path / "a.mp4", frames=3, size=(128, 96))))
    expected = numbered_frame(0, 128, 96)
    assert np.abs(frame.pixels.astype(int) - expected).mean() < 3


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p", "yuv444p", "yuv420p10le"])
def test_decode_inverts_encoding_of_colours(tmp_path, pix_fmt):
    """Limited and full range, with and without chroma subsampling, 8 and 10 bits."""
    colours = np.array([(255, 255, 255), (200, 30, 40), (10, 120, 220)], dtype=np.uint8)
    picture = np.repeat(np.repeat(colours[None], 64, axis=0), 32, axis=1)
    options = {"crf": "1"}
    path = write_video(
        tmp_path / "a.mp4",
        pictures=[picture] * 3,
        size=(96, 64),
        pix_fmt=pix_fmt,
        codec_options=options,
    )
    for size in ((96, 64), (84, 56)):
        [first, *_] = decode(path, size=size)
        middles = first.pixels[size[1] // 2, np.array([16, 48, 80]) * size[0] // 96]
        np.testing.assert_allclose(middles.astype(int), colours.astype(int), atol=3)


def test_decode_keeps_times_of_variable_rate(tmp_path):
    times = [0.0, 0.04, 0.2, 0.24, 1.0, 1.04]
    path = write_video(tmp_path / "a.mp4", frames=6, times=times)
    times = [frame.time for frame in decode(path, [1, 4])]
    np.testing.assert_allclose(times, [0.04, 1.0], atol=1e-3)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_decode_applies_rotation(tmp_path, degrees):
    upright = numbered_frame(0b10000001, 64, 48)
    stored = np.rot90(upright, degrees // 90)
    path = tmp_path / "a.mp4"
    _write_still(path, np.ascontiguousarray(stored))
    write_rotation(path, degrees)
    info = probe(path)
    assert (info.width, info.height) == (64, 48)
    frame = next(decode(path))
    assert frame.pixels.shape == (48, 64, 3)
    assert np.abs(frame.pixels.astype(int) - upright).mean() < 4
    small = next(decode(path, size=(32, 24), grey=True))
    assert small.pixels.shape == (24, 32)
    assert read_number(small.pixels) == 0b10000001


def _write_still(path, pixels) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width = pixels.shape[:2]
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))


def test_decode_gives_square_pixels(tmp_path):
    path = write_video(tmp_path / "a.mp4", size=(48, 64), aspect=Fraction(4, 3), frames=3)
    assert next(decode(path)).pixels.shape == (64, 64, 3)


def test_decode_does_not_depend_on_threads(long_video):
    one = [frame.pixels for frame in decode(long_video, range(40), threads=1)]
    many = [frame.pixels for frame in decode(long_video, range(40), threads=4)]
    assert all((a == b).all() for a, b in zip(one, many, strict=True))


def test_decode_streams(long_video):
    frames = decode(long_video)
    assert next(frames).index == 0
    frames.close()


class TestDecodeBadInput:
    def test_decode_rejects_invalid_indices(self, long_video):
        with pytest.raises(UsageError, match=r"frames 5\.\.240 are out of range.*frames 0\.\.239"):
            decode(long_video, [5, 240])
        with pytest.raises(UsageError, match="must increase"):
            decode(long_video, [5, 5])

    def test_decode_rejects_unknown_backend(self, long_video):
        with pytest.raises(UsageError, match="unknown backend 'cuda'; known: pyav, decord"):
            decode(long_video, backend="cuda")

    @pytest.fixture
    def cut_off(self, tmp_path):
        path = write_video(tmp_path / "a.mp4", frames=200, options={"movflags": "faststart"})
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * 2 // 3])
        return path

    def test_decode_truncated_file_raises_with_file_and_time(self, cut_off):
        with pytest.raises(VideoError, match=r"a\.mp4: the file is cut off after the frame"):
            list(decode(cut_off))

    def test_decode_stops_at_damage(self, cut_off):
        frames = list(decode(cut_off, damage="stop"))
        assert 0 < len(frames) < 200
        # Frames that refer to later ones may be lost first; all others must be right.
        assert numbers(frames) == [round(frame.time * 25) for frame in frames]
        assert numbers(frames)[:-4] == list(range(len(frames) - 4))

    def test_decode_never_repeats_a_frame_for_damage(self, tmp_path):
        path = write_video(tmp_path / "a.mp4", frames=100, gop=10)
        content = bytearray(path.read_bytes())
        middle = len(content) // 3
        content[middle : middle + 400] = bytes(400)
        path.write_bytes(content)
        good = numbers(decode(path, damage="stop"))
        assert good == list(range(len(good)))
        with pytest.raises(VideoError, match=r"frame \d+ at \d+\.\d+ s cannot be decoded"):
            list(decode(path))


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg4"])
def test_decode_single_frames_of_transport_stream(tmp_path, codec):
    """Seeking ends up after key frames there, and some decoders invent the missing frames."""
    path = write_video(tmp_path / "a.ts", frames=120, codec=codec, size=(128, 96))
    for indices in ([17], [34, 51], [3, 60, 119], list(range(0, 120, 17))):
        assert [read_number(frame.pixels) for frame in decode(path, indices)] == indices
