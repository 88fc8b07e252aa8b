"""Real-life videos: one file of each kind that was once read wrong, with the right values.

The files show 60 frames at 25 frames/s unless the table has other values; every frame carries its
number as two rows of four squares, the lowest bit first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from jumpscore.errors import VideoError
from jumpscore.video import decode, header_duration, probe, uniform_frames
from jumpscore.video.probe import OTHER_TRACKS
from jumpscore.video.timeline import (
    EDITED,
    JOINED,
    LEADING,
    REORDERED,
    SHIFTED,
    UNSTAMPED,
    WRAPPED,
)

FILES = Path(__file__).parents[2] / "data" / "videos"


def squares(pixels: np.ndarray) -> int:
    """Return the number in a frame of these files."""
    height, width = pixels.shape[:2]
    grey = pixels.astype(float).mean(axis=2)
    number = 0
    for bit in range(8):
        top, left = height // 4 * (1 + bit // 4), width // 4 * (bit % 4)
        square = grey[top + 4 : top + height // 4 - 4, left + 4 : left + width // 4 - 4]
        number |= int(square.mean() > 128) << bit
    return number


@dataclass(frozen=True)
class Right:
    """Expected values of a file; times run at 25 frames/s from ``first``."""

    numbers: list[int] = field(default_factory=lambda: list(range(60)))
    first: float = 0.0
    duration: float = 2.4
    track: int = 0
    notes: dict[str, int] = field(default_factory=dict)


RIGHT = {
    "offset1.mkv": Right(notes={SHIFTED: 1}),
    "joined.ts": Right(
        numbers=[*range(60), *range(60)], duration=4.8, notes={JOINED: 1, SHIFTED: 1}
    ),
    # The time line starts with the file; its first key frame is 0.24 s later.
    "live.ts": Right(
        numbers=list(range(24, 60)), first=0.24, duration=1.68, notes={LEADING: 6, SHIFTED: 1}
    ),
    "wrap.ts": Right(notes={WRAPPED: 1, SHIFTED: 1}),
    "thumb_first.mkv": Right(track=1, notes={OTHER_TRACKS: 1}),
    "h264.avi": Right(notes={REORDERED: 60}),
    "raw.h264": Right(notes={UNSTAMPED: 60}),
    "editlist.mp4": Right(numbers=list(range(8, 60)), duration=2.08, notes={EDITED: 8}),
    "stream.ts": Right(notes={SHIFTED: 1}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_probe_and_decode_read_whole_file(name):
    right = RIGHT[name]
    info = probe(FILES / name)
    assert info.truncated is None
    assert (info.width, info.height, info.track) == (160, 96, right.track)
    expected = right.first + np.arange(len(right.numbers)) / 25
    # The tolerance is below the microseconds to which a container rounds its start.
    np.testing.assert_allclose(info.times, expected, rtol=0, atol=1e-9)
    assert info.duration == pytest.approx(right.duration, abs=1e-6)
    assert info.constant_rate
    assert info.notes == right.notes
    assert len(info.bits) == info.frames
    assert (info.bits > 0).all()
    frames = list(decode(info.path, info=info))
    assert [squares(frame.pixels) for frame in frames] == right.numbers
    assert [frame.time for frame in frames] == info.times.tolist()


@pytest.mark.parametrize("name", RIGHT)
def test_decode_single_frames_equal_those_in_sequence(name):
    numbers = RIGHT[name].numbers
    for indices in ([10, 20, 30], [len(numbers) - 1], [0, 1, 25]):
        shown_numbers = [squares(frame.pixels) for frame in decode(FILES / name, indices)]
        assert shown_numbers == [numbers[index] for index in indices]


def test_probe_counts_pause_in_duration():
    info = probe(FILES / "pause.mp4")
    assert info.duration == pytest.approx(10.40, abs=1e-6)
    assert np.diff(info.times).max() == pytest.approx(8.04, abs=1e-6)
    assert not info.constant_rate
    assert info.notes == {}


def test_decode_applies_mirroring():
    info = probe(FILES / "hflip.mp4")
    assert info.mirrored
    assert info.rotation == 0
    for frame in decode(FILES / "hflip.mp4", [0, 13, 59]):
        assert squares(frame.pixels[:, ::-1]) == frame.index
    plain = next(decode(FILES / "pause.mp4", [13]))
    mirrored = next(decode(FILES / "hflip.mp4", [13]))
    assert np.abs(mirrored.pixels[:, ::-1].astype(int) - plain.pixels).mean() < 1


@pytest.mark.parametrize("name", [name for name in RIGHT if name not in ("raw.h264", "h264.avi")])
def test_header_duration_agrees_with_frames(name):
    assert header_duration(FILES / name) == pytest.approx(probe(FILES / name).duration, abs=0.03)


def test_uniform_frames_contains_notes_of_video():
    visual = uniform_frames(FILES / "joined.ts", count=8)
    assert f"{JOINED}: 1" in visual.notes


class TestDecord:
    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("decord")

    @pytest.mark.parametrize("name", ["offset1.mkv", "pause.mp4", "thumb_first.mkv"])
    def test_decode_decord_equals_pyav(self, name):
        frames = decode(FILES / name, [10, 20, 30], backend="decord")
        assert [squares(frame.pixels) for frame in frames] == [10, 20, 30]

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("editlist.mp4", "decord reads 60 frames, but the video has 52; use backend 'pyav'"),
            ("stream.ts", r"decord returned a wrong frame for frame \d+ at .*; use backend 'pyav'"),
            ("wrap.ts", r"decord returned a wrong frame for frame \d+"),
            ("hflip.mp4", r"decord returned a wrong frame for frame 10"),
            ("joined.ts", "decord does not support files with repaired time stamps"),
            ("live.ts", "decord does not support files with repaired time stamps"),
            ("h264.avi", "decord does not support files with repaired time stamps"),
        ],
    )
    def test_decode_decord_rejects_wrong_frames(self, name, message):
        with pytest.raises(VideoError, match=message):
            list(decode(FILES / name, [10, 20, 30], backend="decord"))
