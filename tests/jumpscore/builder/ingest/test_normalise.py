from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from jumpscore.builder.ingest.examine import examine
from jumpscore.builder.ingest.normalise import normalise
from jumpscore.builder.jump_rope.encode import write_rotation
from jumpscore.video import decode, probe
from tests.support import read_number, write_video

VARIABLE = list(np.cumsum([0.0] + [0.02, 0.05, 0.033, 0.1] * 10))


def numbers(path):
    return [read_number(frame.pixels) for frame in decode(path)]


def tags(path):
    with av.open(str(path)) as container:
        streams = [(stream.type, dict(stream.metadata)) for stream in container.streams]
        return dict(container.metadata), streams


CASES = {
    "variable.mp4": {"times": VARIABLE, "frames": 41},
    "late.mp4": {"times": [0.5 + n / 25 for n in range(30)], "frames": 30},
    "broadcast.ts": {"frames": 30},
    "slow.mkv": {"frames": 30, "fps": 30000 / 1001},
    "ten.mkv": {"frames": 12, "codec": "libx265", "pix_fmt": "yuv420p10le", "fps": 59.94},
    "wide.mp4": {"frames": 12, "aspect": Fraction(2)},
    "odd.mp4": {"frames": 12, "size": (65, 47), "pix_fmt": "yuv444p"},
    "old.avi": {"frames": 30, "codec": "mpeg4"},
}


@pytest.mark.parametrize("name", CASES)
def test_normalise_keeps_frames_and_their_gaps(tmp_path, name):
    path = write_video(tmp_path / name, **CASES[name])
    info = probe(path)
    new = normalise(info, tmp_path / "new.mp4")
    assert new.frames == info.frames
    assert np.allclose(new.times, info.times - info.times[0], atol=1e-3)
    assert new.duration == pytest.approx(info.duration - info.times[0], abs=2e-3)
    assert (new.width, new.height) == (info.width + info.width % 2, info.height + info.height % 2)
    assert (new.codec, new.rotation, new.mirrored) == ("h264", 0, False)
    assert numbers(new.path) == numbers(path)
    with av.open(str(new.path)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"


@pytest.mark.parametrize("frames", range(4, 14))
def test_normalise_keeps_the_length_of_the_last_frame(tmp_path, frames):
    info = probe(write_video(tmp_path / "a.mp4", frames=frames))
    info = replace(info, duration=info.duration + 2)
    new = normalise(info, tmp_path / "new.mp4")
    assert new.duration == pytest.approx(info.duration, abs=2e-3)


@pytest.mark.parametrize("name", ["variable.mp4", "late.mp4"])
def test_normalise_keeps_times_of_mp4_exactly(tmp_path, name):
    info = probe(write_video(tmp_path / name, **CASES[name]))
    new = normalise(info, tmp_path / "new.mp4")
    assert np.abs(new.times - (info.times - info.times[0])).max() < 1e-9


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_normalise_applies_rotation(tmp_path, degrees):
    path = write_video(tmp_path / "a.mp4", frames=5)
    write_rotation(path, degrees)
    info = probe(path)
    new = normalise(info, tmp_path / "new.mp4")
    assert (info.rotation, new.rotation) == (360 - degrees, 0)  # counter-clockwise
    assert (new.width, new.height) == (info.width, info.height)
    for before, after in zip(decode(path), decode(new.path), strict=True):
        difference = before.pixels.astype(int) - after.pixels.astype(int)
        assert np.abs(difference).mean() < 3


def with_everything(tmp_path):
    """A phone's file: sound, place, title, and a second video track."""
    source = write_video(tmp_path / "plain.mp4", frames=25)
    path = tmp_path / "phone.mov"
    with av.open(str(source)) as plain, av.open(str(path), "w", options={
        "movflags": "use_metadata_tags"}) as target:  # fmt: skip
        target.metadata["com.apple.quicktime.location.ISO6709"] = "+48.1371+011.5754/"
        target.metadata["title"] = "at home"
        picture = target.add_stream_from_template(plain.streams.video[0])
        sound = target.add_stream("aac", rate=16000, layout="mono")
        for packet in plain.demux(video=0):
            if packet.dts is not None:
                packet.stream = picture
                target.mux(packet)
        for start in range(0, 16000, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 16000, start
            target.mux(sound.encode(frame))
        target.mux(sound.encode(None))
    return path


def test_normalise_removes_everything_but_the_pictures(tmp_path):
    path = with_everything(tmp_path)
    examined = examine(path)
    assert examined.private == (
        "the file contains the place of the recording (com.apple.quicktime.location.ISO6709)",
    )
    new = normalise(examined.info, tmp_path / "new.mp4")
    container, streams = tags(new.path)
    assert not {"title", "com.apple.quicktime.location.ISO6709", "creation_time"} & set(container)
    assert [kind for kind, _ in streams] == ["video"]
    content = new.path.read_bytes()
    assert b"48.1371" not in content
    assert b"at home" not in content
    assert examine(new.path).private == ()


def test_normalise_is_deterministic(tmp_path):
    info = probe(write_video(tmp_path / "a.mp4", frames=20))
    one, two = (normalise(info, tmp_path / name).path for name in ("1.mp4", "2.mp4"))
    assert one.read_bytes() == two.read_bytes()


COLOURS = Path(__file__).parents[3] / "data" / "videos" / "colours"


@pytest.mark.parametrize(
    "name",
    ["h264.mp4", "full.mp4", "hevc_full.mp4", "ten.mkv", "tenfull.mkv", "gray.mkv", "mjpeg.avi"],
)
def test_normalise_keeps_colours(tmp_path, name):
    new = normalise(probe(COLOURS / name), tmp_path / "new.mp4")
    for before, after in zip(decode(COLOURS / name), decode(new.path), strict=True):
        difference = before.pixels.astype(int) - after.pixels.astype(int)
        assert np.abs(difference).mean() < 3
        assert np.abs(difference.mean(axis=(0, 1))).max() < 0.6


def test_normalise_keeps_the_description_of_colours(tmp_path):
    new = normalise(probe(COLOURS / "bt709.mp4"), tmp_path / "new.mp4")
    with av.open(str(COLOURS / "bt709.mp4")) as old, av.open(str(new.path)) as container:
        for attribute in ("colorspace", "color_primaries", "color_trc", "color_range"):
            expected = getattr(old.streams.video[0].codec_context, attribute)
            assert getattr(container.streams.video[0].codec_context, attribute) == expected
