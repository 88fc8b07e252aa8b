from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest

from jumpscore.builder.curves import BIN, FORMAT, SOUND_BIN, compute_curves, curves
from jumpscore.builder.project import Project
from tests.jumpscore.builder.projects import add_video
from tests.support import write_video

PER_SECOND = round(1 / BIN)


def moving(frames: int, begin: int) -> list[np.ndarray]:
    """Grey pictures in which a square moves from frame ``begin`` on."""
    pictures = []
    for number in range(frames):
        picture = np.full((96, 128, 3), 90, np.uint8)
        left = 8 + 4 * abs(10 - max(0, number - begin) % 20)
        picture[30:60, left : left + 24] = 220
        pictures.append(picture)
    return pictures


def add_sound(video: Path, out: Path, loud: tuple[float, float], seconds: float) -> Path:
    """Copy a video and add a tone that is only audible from ``loud[0]`` to ``loud[1]`` s."""
    rate = 16000
    time = np.arange(int(seconds * rate)) / rate
    tone = np.sin(2 * np.pi * 440 * time) * ((time >= loud[0]) & (time < loud[1])) * 0.5
    with av.open(str(video)) as source, av.open(str(out), "w") as target:
        picture = target.add_stream_from_template(source.streams.video[0])
        sound = target.add_stream("pcm_s16le", rate=rate, layout="mono")
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = picture
                target.mux(packet)
        samples = (tone * 32767).astype(np.int16)
        for start in range(0, len(samples), 1600):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + 1600], "s16", "mono")
            frame.sample_rate, frame.pts = rate, start
            target.mux(sound.encode(frame))
        target.mux(sound.encode(None))
    return out


def test_motion_follows_the_picture(tmp_path):
    video = write_video(tmp_path / "a.mp4", pictures=moving(100, 50), size=(128, 96))
    result = compute_curves(video)
    assert len(result.motion) == len(result.bits) == 4 * PER_SECOND
    assert max(result.motion[: 2 * PER_SECOND - 2]) < 0.1
    assert min(result.motion[2 * PER_SECOND + 2 :]) > 0.3
    assert max(result.motion) == 1.0
    assert result.waveform is None


def test_bits_leave_out_key_frames(tmp_path):
    video = write_video(
        tmp_path / "a.mp4", pictures=moving(100, 50), size=(128, 96), gop=10, b_frames=0
    )
    bits = compute_curves(video).bits
    assert np.mean(bits[2 * PER_SECOND + 2 :]) > 3 * np.mean(bits[: 2 * PER_SECOND - 2])


def test_bits_of_key_frames_alone_stay(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (25, 96, 128, 3), np.uint8)
    pictures = [*moving(25, 25), *noise]
    video = write_video(tmp_path / "a.mp4", pictures=pictures, size=(128, 96), gop=1)
    bits = compute_curves(video).bits
    assert max(bits[: PER_SECOND - 1]) < 0.1
    assert min(bits[PER_SECOND + 1 :]) > 0.5


def test_empty_bins_repeat_the_one_before(tmp_path):
    times = [0.0, 0.5, 1.0, 1.1, 1.2]
    video = write_video(tmp_path / "a.mp4", pictures=moving(5, 0), times=times, size=(128, 96))
    motion = compute_curves(video).motion
    assert motion[:9] == (0.0,) * 9
    assert min(motion[10:24]) > 0


def test_waveform_lies_on_the_time_line_of_the_frames(tmp_path):
    video = write_video(tmp_path / "a.mp4", pictures=moving(75, 0), size=(128, 96))
    heard = add_sound(video, tmp_path / "b.mkv", (1.0, 1.5), 3.0)
    waveform = compute_curves(heard).waveform
    assert waveform is not None
    loud = [place * SOUND_BIN for place, peak in enumerate(waveform) if peak > 0.5]
    assert (loud[0], loud[-1]) == pytest.approx((1.0, 1.49))
    assert max(waveform[: round(0.98 / SOUND_BIN)]) == 0.0


def test_truncated_video_has_curves_up_to_the_damage(tmp_path):
    video = write_video(tmp_path / "a.mkv", pictures=moving(100, 0), size=(128, 96))
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    motion = compute_curves(video).motion
    assert max(motion) == 1.0
    assert len(motion) < 4 * PER_SECOND


def test_curves_are_cached(tmp_path):
    project = Project.create(tmp_path / "p")
    video = add_video(project, write_video(tmp_path / "a.mp4", frames=20))
    first = curves(project, video)
    [file] = (project.root / ".cache" / "curves").iterdir()
    project.file(video).unlink()
    assert curves(project, video) == first
    assert json.loads(file.read_text())["curves"]["bin"] == BIN


@pytest.mark.parametrize("content", ["", "{", '{"format": 0}', '{"format": 2, "curves": 3}'])
def test_damaged_cache_is_computed_again(tmp_path, content):
    project = Project.create(tmp_path / "p")
    video = add_video(project, write_video(tmp_path / "a.mp4", frames=20))
    first = curves(project, video)
    [file] = (project.root / ".cache" / "curves").iterdir()
    file.write_text(content)
    assert curves(project, video) == first
    assert json.loads(file.read_text())["format"] == FORMAT
