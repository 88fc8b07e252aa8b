"""Frames, times and pixels of many containers and codecs, compared with ffmpeg's and OpenCV's.

The ``ffmpeg`` command writes every sample from one clip of 60 numbered frames, and reads it back.
The table explains known disagreements of other readers; one that no longer exists is an error, too.
``JUMPSCORE_REQUIRE_FFMPEG=1`` makes a missing command an error instead of a skip.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from jumpscore.video import decode, probe
from tests.support import read_number, write_video

REQUIRED = "JUMPSCORE_REQUIRE_FFMPEG"
FFMPEG = shutil.which("ffmpeg")
SIZE = (96, 64)
FRAMES = 60

H264 = "-c:v libx264 -preset ultrafast -g 12 -bf 2"
HEVC = "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=12"
VP9 = "-c:v libvpx-vp9 -b:v 300k -cpu-used 8 -deadline realtime"
AV1 = "-c:v libaom-av1 -cpu-used 8 -usage realtime -b:v 300k"
MPEG2 = "-c:v mpeg2video -bf 2 -g 12 -q:v 3"
MPEG4 = "-c:v mpeg4 -bf 2 -g 12 -q:v 3"
PAUSE = r" -vf setpts=PTS+gte(N\,20)*8/TB -fps_mode passthrough -enc_time_base 1:90000"
DV = "-vf scale=720:576 -pix_fmt yuv420p -c:v dvvideo"

GUESSED = "the container has no times for reordered frames; FFmpeg guesses, one or two frames late"
BARE = "FFmpeg's parser dates the first frame of a bare stream one frame late"
NO_TIMES = "OpenCV reports no times for a bare stream"
FIELDS = "OpenCV 5.0 with FFmpeg 8 does not convert interlaced frames: its pictures are empty"
LAST_TIME = "OpenCV reports 0 s for the last frame of a program stream"
NO_AV1 = "OpenCV's wheel has no software decoder for AV1"


@dataclass(frozen=True)
class Sample:
    """How a file is written, and why another reader may disagree.

    Attributes:
        arguments: Of ffmpeg.
        ffmpeg: Why ffmpeg's times differ.
        opencv: Why OpenCV's frames or times differ.
        numbers: Whether every frame carries its own number (no frame rate was converted).
    """

    arguments: str
    ffmpeg: str | None = None
    opencv: str | None = None
    numbers: bool = True


SAMPLES = {
    "h264.mp4": Sample(H264),
    "h264.mov": Sample(H264),
    "h264.mkv": Sample(H264),
    "h264.ts": Sample(H264),
    "h264.m2ts": Sample(H264),
    "h264.flv": Sample(H264),
    "h264.3gp": Sample(H264),
    "h264.nut": Sample(H264),
    "h264.avi": Sample(H264, ffmpeg=GUESSED, opencv=GUESSED),
    "h264.mxf": Sample(H264, ffmpeg=GUESSED, opencv=GUESSED),
    "h264.h264": Sample(H264, opencv=NO_TIMES),
    "fragments.mp4": Sample(H264 + " -movflags frag_keyframe+empty_moov"),
    "open_gop.mkv": Sample("-c:v libx264 -x264-params open-gop=1:keyint=12:bframes=3"),
    "intra_refresh.mkv": Sample("-c:v libx264 -x264-params intra-refresh=1:keyint=20"),
    "interlaced.ts": Sample(H264 + " -flags +ilme+ildct -x264-params tff=1", opencv=FIELDS),
    "ten_bits.mkv": Sample(H264 + " -pix_fmt yuv420p10le"),
    "full_range.mp4": Sample(H264 + " -pix_fmt yuvj420p -color_range pc"),
    "odd_size.mkv": Sample("-vf scale=97:65 -c:v libx264 -pix_fmt yuv444p"),
    "anamorphic.mp4": Sample(H264 + " -vf setsar=4/3"),
    "rgb.mkv": Sample("-c:v libx264rgb -preset ultrafast"),
    "hevc.mp4": Sample(HEVC),
    "hevc.mkv": Sample(HEVC),
    "hevc.ts": Sample(HEVC),
    "hevc.hevc": Sample(HEVC, opencv=NO_TIMES),
    "vp8.webm": Sample("-c:v libvpx -auto-alt-ref 1 -lag-in-frames 16 -b:v 300k -cpu-used 8"),
    "vp9.webm": Sample(VP9),
    "vp9.mp4": Sample(VP9),
    "vp9.ivf": Sample(VP9),
    "av1.mp4": Sample(AV1, opencv=NO_AV1),
    "av1.webm": Sample(AV1, opencv=NO_AV1),
    "mpeg4.mp4": Sample(MPEG4),
    "mpeg4.avi": Sample(MPEG4, ffmpeg=GUESSED, opencv=GUESSED),
    "mpeg4.m4v": Sample("-c:v mpeg4 -g 12 -q:v 3 -f m4v"),
    "mpeg2.mpg": Sample(MPEG2, opencv=LAST_TIME),
    "mpeg2.vob": Sample(MPEG2, opencv=LAST_TIME),
    "mpeg2.ts": Sample(MPEG2),
    "mpeg2.mxf": Sample(MPEG2),
    "mpeg2.m2v": Sample(MPEG2 + " -f mpeg2video", ffmpeg=BARE, opencv=BARE),
    "mpeg2_interlaced.ts": Sample(MPEG2 + " -flags +ilme+ildct", opencv=FIELDS),
    "mpeg1.mpg": Sample("-c:v mpeg1video -bf 2 -g 12 -q:v 3", opencv=LAST_TIME),
    "mjpeg.avi": Sample("-c:v mjpeg -q:v 3"),
    "mjpeg.mov": Sample("-c:v mjpeg -q:v 3"),
    "flv1.flv": Sample("-c:v flv1 -q:v 3"),
    "wmv2.wmv": Sample("-c:v wmv2 -q:v 3"),
    "msmpeg4.avi": Sample("-c:v msmpeg4 -q:v 3"),
    "theora.ogv": Sample("-c:v libtheora -q:v 7"),
    "prores.mov": Sample("-c:v prores"),
    "ffv1.mkv": Sample("-c:v ffv1"),
    "huffyuv.avi": Sample("-c:v huffyuv -pix_fmt yuv422p"),
    "raw.avi": Sample("-c:v rawvideo -pix_fmt yuv420p"),
    "png.mov": Sample("-c:v png"),
    "gif.gif": Sample("-c:v gif -r 25"),
    "apng.apng": Sample("-c:v apng -f apng"),
    "h263.3gp": Sample("-vf scale=176:144 -c:v h263 -q:v 3"),
    "y4m.y4m": Sample("-pix_fmt yuv420p"),
    "dv.avi": Sample(DV, opencv=FIELDS),
    "pause.mp4": Sample(H264 + PAUSE),
    "pause.mkv": Sample(H264 + PAUSE),
    "pause.webm": Sample(VP9 + PAUSE),
    "pause.ts": Sample(H264 + PAUSE),
    "late.mkv": Sample(H264 + " -output_ts_offset 5"),
    "late.ts": Sample(H264 + " -output_ts_offset 95442"),
    "ntsc.avi": Sample(H264 + " -r 30000/1001", ffmpeg=GUESSED, opencv=GUESSED, numbers=False),
    "ntsc.mp4": Sample(H264 + " -r 30000/1001", numbers=False),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    if FFMPEG is None:
        assert os.environ.get(REQUIRED) != "1", f"{REQUIRED}=1, and there is no ffmpeg"
        pytest.skip("needs the ffmpeg command")
    path = tmp_path_factory.mktemp("differential") / "source.mkv"
    options = {"crf": "4"}
    return write_video(path, frames=FRAMES, size=SIZE, b_frames=0, codec_options=options)


def _ffmpeg(*arguments: str | Path) -> bytes:
    command = [FFMPEG or "ffmpeg", "-nostdin", "-v", "error", "-threads", "1", *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


def _by_ffmpeg(path: Path) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint8]]:
    """Return times and luma [n, 64, 96] as the command reads a file."""
    stamps = path.with_suffix(".stamps")
    passed = ("-map", "0:v:0", "-fps_mode", "passthrough")
    luma = _ffmpeg(
        "-y", "-i", path,
        *passed, "-enc_time_base", "1:90000", "-f", "framecrc", stamps,
        *passed, "-vf", f"scale={SIZE[0]}:{SIZE[1]}", "-pix_fmt", "gray", "-f", "rawvideo", "-",
    )  # fmt: skip
    lines = [line for line in stamps.read_text().splitlines() if not line.startswith("#")]
    times = np.array([int(line.split(",")[2]) / 90_000 for line in lines])
    return times, np.frombuffer(luma, np.uint8).reshape(-1, *SIZE[::-1])


def _by_opencv(path: Path) -> tuple[list[float], list[npt.NDArray[np.uint8]]]:
    """Return times and luma [64, 96] as OpenCV reads a file."""
    reader = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    times, pictures = [], []
    while True:
        good, picture = reader.read()
        if not good:
            break
        times.append(reader.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        pictures.append(cv2.resize(grey, SIZE, interpolation=cv2.INTER_AREA))
    return times, pictures


def _far(ours: npt.NDArray[np.uint8], theirs: npt.NDArray[np.uint8]) -> float:
    return float(np.abs(ours.astype(np.int16) - theirs).mean())


@pytest.mark.parametrize("name", SAMPLES)
def test_decode_agrees_with_ffmpeg(source, name):
    sample = SAMPLES[name]
    path = source.with_name(name)
    _ffmpeg("-i", source, *sample.arguments.split(), path)
    info = probe(path)
    assert info.truncated is None
    frames = list(decode(path, size=SIZE, grey=True, info=info))
    numbers = [read_number(frame.pixels) for frame in frames]
    if sample.numbers:
        assert numbers == list(range(FRAMES))
    indices = [7, 29, 31, info.frames - 1]
    singles = decode(path, indices, size=SIZE, grey=True, info=info)
    assert [read_number(frame.pixels) for frame in singles] == [numbers[k] for k in indices]
    assert info.duration == pytest.approx(info.times[-1] + np.median(np.diff(info.times)), abs=2e-3)

    times, luma = _by_ffmpeg(path)
    assert len(times) == info.frames
    same = bool(np.abs(times - info.times).max() < 1.1e-3)
    assert same == (sample.ffmpeg is None), sample.ffmpeg or (info.times[:4], times[:4])
    assert max(_far(a.pixels, b) for a, b in zip(frames, luma, strict=True)) < 2

    seen, pictures = _by_opencv(path)
    agrees = len(pictures) == info.frames
    if agrees:
        agrees = max(_far(a.pixels, b) for a, b in zip(frames, pictures, strict=True)) < 6
        off = np.abs(np.array(seen) - info.times).max()
        agrees = agrees and bool(off < 2e-3)
    # The formats that OpenCV's wheel can read depend on its release.
    if not (agrees and sample.opencv in (FIELDS, NO_AV1)):
        assert agrees == (sample.opencv is None), sample.opencv or (len(pictures), seen[:4])
