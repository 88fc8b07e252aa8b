from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from jumpscore.report.thumbnails import (
    COUNT,
    moment_strip,
    picture_size,
    strip_indices,
    video_strip,
)
from tests.support import read_number, write_video


def pixels(jpeg: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


def test_video_strip_is_spread_evenly(tmp_path: Path) -> None:
    strip = video_strip(write_video(tmp_path / "a.mp4", frames=90, fps=30, gop=300))
    assert strip.problem is None
    assert strip.duration == pytest.approx(3.0, abs=0.05)
    assert [picture.time for picture in strip.pictures] == pytest.approx(
        [(part + 0.5) / 3 for part in range(COUNT)],
        abs=0.16,  # a key frame may draw a picture away from the middle of its part
    )
    assert [read_number(pixels(picture.jpeg)) for picture in strip.pictures] == [
        round(picture.time * 30) for picture in strip.pictures
    ]


def test_key_frames_are_preferred_within_their_part() -> None:
    times = np.arange(100) / 10.0
    assert strip_indices(times, np.array([0.0, 4.9, 9.9]), 10.0, 2) == [25, 75]
    assert strip_indices(times, np.array([0.0, 1.9, 8.0]), 10.0, 2) == [19, 80]


def test_video_strip_of_one_frame(tmp_path: Path) -> None:
    assert len(video_strip(write_video(tmp_path / "a.mp4", frames=1)).pictures) == 1


def test_video_strip_fits_its_budget(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mp4", frames=30)
    generous = video_strip(video, budget=1_000_000)
    strict = video_strip(video, budget=1)
    total = [sum(len(p.jpeg) for p in strip.pictures) for strip in (generous, strict)]
    assert total[1] < total[0]
    assert len(strict.pictures) == len(generous.pictures)


def test_moment_strip_shows_the_nearest_frames(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mp4", frames=50, fps=25)
    strip = moment_strip(video, [0.0, 0.41, 0.411, 1.99])
    assert [read_number(pixels(picture.jpeg)) for picture in strip.pictures] == [0, 10, 49]


def test_video_strip_of_unreadable_file(tmp_path: Path) -> None:
    assert video_strip(tmp_path / "none.mp4").problem == (
        "none.mp4: no such video file; check the path"
    )
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\x00" * 2000)
    problem = video_strip(broken).problem
    assert problem is not None
    assert str(tmp_path) not in problem


def test_video_strip_of_truncated_video(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.ts", frames=200, options={})
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    assert video_strip(video).pictures


def test_picture_size_of_portrait() -> None:
    assert picture_size(1080, 1920, tall=96) == (54, 96)
    assert picture_size(1920, 1080, tall=96) == (170, 96)
