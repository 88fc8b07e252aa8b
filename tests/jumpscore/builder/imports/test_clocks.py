from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.builder.imports.clocks import ClockOptions, TrackTimes, place_marks
from jumpscore.builder.imports.recordings import (
    Frames,
    Mark,
    Recording,
    Seconds,
    Stamps,
    Stated,
)
from jumpscore.errors import DataError, UsageError

VIDEOS = Path(__file__).parents[3] / "data/videos"
NUMBERS = (8, 19, 30, 41, 52, 71, 90, 90, 117)
"""Numbers of the marked frames, from 0; one frame is marked twice."""
ALL = ("clip.mp4", "film.mp4", "fast.mp4", "matroska.mkv", "late.mp4", "vfr.mp4")


def recorded(values, clock, **facts) -> Recording:
    return Recording("rec", (), tuple(Mark(float(value)) for value in values), clock, **facts)


def truth(track) -> list[float]:
    return [round(float(track.info.times[number]), 6) for number in NUMBERS]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("base", [0, 1])
def test_place_marks_frames_are_presentation_times(track, name, base):
    marks = recorded([number + base for number in NUMBERS], Frames(base))
    placed = place_marks(marks, track(name))
    assert list(placed.times) == truth(track(name))
    assert placed.difference == 0


@pytest.mark.parametrize("name", ALL)
def test_place_marks_milliseconds_become_frames(track, name):
    cut = [int(time * 1000) / 1000 for time in truth(track(name))]
    placed = place_marks(recorded(cut, Seconds()), track(name))
    assert list(placed.times) == truth(track(name))
    assert placed.difference < 0.0011  # cut to 1 ms


@pytest.mark.parametrize("name", ALL)
def test_place_marks_own_stamps(track, name):
    line = track(name)
    raw = [(time + line.info.clock.offset) / float(line.ticks) for time in truth(line)]
    placed = place_marks(recorded(np.round(raw), Stamps()), line)
    assert placed.times == pytest.approx(truth(line), abs=1e-6)
    assert placed.difference < 1e-6


def test_place_marks_between_frames_become_the_frame_on_screen(track):
    line = track("film.mp4")
    marks = [0.051, 0.271, 1.013, 1.999, 2.517, 3.111]  # set during playback
    placed = place_marks(recorded(marks, Seconds()), line)
    assert placed.times == (0.04, 0.24, 1.0, 2.0, 2.48, 3.08)
    assert placed.difference == pytest.approx(0.037)
    assert "5 of 6 marks are between two frames" in placed.notes


def test_place_marks_exact_seconds_are_unchanged(track):
    marks = [0.051, 0.279, 0.279, 1.013]
    placed = place_marks(recorded(marks, Seconds(is_exact=True)), track("film.mp4"))
    assert list(placed.times) == marks


def test_place_marks_keeps_the_number_of_marks(track):
    assert place_marks(recorded([], Seconds()), track("film.mp4")).times == ()
    assert len(place_marks(recorded([1.0] * 5, Seconds()), track("film.mp4")).times) == 5


@given(numbers=st.lists(st.integers(0, 119), max_size=30), base=st.sampled_from([0, 1]))
def test_place_marks_any_frames_in_any_order(film, numbers, base):
    placed = place_marks(recorded([number + base for number in numbers], Frames(base)), film)
    assert list(placed.times) == sorted(round(float(film.info.times[n]), 6) for n in numbers)


@pytest.fixture(scope="module")
def film(track):
    return track("film.mp4")


@pytest.mark.parametrize(
    ("base", "values", "fix"),
    [(1, [0, 5, 9], "--frame-base 0"), (0, [1, 60, 120], "--frame-base 1")],
)
def test_place_marks_wrong_base_is_refused(film, base, values, fix):
    with pytest.raises(DataError, match=f"frames are counted from {1 - base}: add {fix}"):
        place_marks(recorded(values, Frames(base)), film)
    options = ClockOptions(base=1 - base)
    assert len(place_marks(recorded(values, Frames(base)), film, options).times) == 3


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("clip.mp4", 30), ("clip.mp4", 25), ("film.mp4", 30), ("film.mp4", Fraction(30000, 1001)),
        ("fast.mp4", 60), ("matroska.mkv", 30), ("vfr.mp4", 30),
    ],
)  # fmt: skip
def test_place_marks_wrong_rate_is_refused(track, name, counted):
    """The tool divided frame numbers by a rate that the video does not have."""
    line = track(name)
    times = [round(number / float(counted), 3) for number in NUMBERS]
    with pytest.raises(DataError, match=rf"--fps {counted}"):
        place_marks(recorded(times, Seconds()), line)
    placed = place_marks(recorded(times, Seconds()), line, ClockOptions(rate=Fraction(counted)))
    assert list(placed.times) == truth(line)


def test_place_marks_stated_rate_that_times_contradict(film):
    with pytest.raises(DataError, match=r"0\.04 s is not a multiple of 1/30 s"):
        place_marks(recorded([0.04], Seconds()), film, ClockOptions(rate=Fraction(30)))


def delayed(line: TrackTimes, start: float) -> TrackTimes:
    """The same video behind a sound track: its first frame is shown later."""
    info = replace(line.info, times=line.info.times + start, duration=line.info.duration + start)
    return replace(line, info=info)


def test_place_marks_counted_from_a_late_first_frame_is_refused(film):
    late = delayed(film, 0.513)
    counted = [number / 25 for number in NUMBERS]
    with pytest.raises(DataError, match=r"starts late .*0\.513 s.*add --shift 0\.513"):
        place_marks(recorded(counted, Seconds()), late)
    placed = place_marks(recorded(counted, Seconds()), late, ClockOptions(shift=0.513))
    assert list(placed.times) == truth(late)
    assert "the video's first frame is at 0.513 s; times count from the file's start" in (
        placed.notes
    )


@pytest.mark.parametrize("name", ["stream.ts", "offset1.mkv", "wrap.ts"])
def test_place_marks_offset_of_time_stamps_is_named(name):
    line = TrackTimes.read(VIDEOS / name)
    info = line.info
    numbers = [3, 11, 20, 29, 38, 47, 56, 59]
    raw = [round(float(info.times[n]) + info.clock.offset, 3) for n in numbers]
    right = place_marks(recorded([info.times[n] for n in numbers], Seconds()), line)
    assert any("time stamps begin at" in note for note in right.notes)
    # Counted in raw time stamps, the last marks are after the end, or all are between frames.
    with pytest.raises(DataError, match="--shift"):
        place_marks(recorded(raw, Seconds()), line)


def test_place_marks_edit_list_is_named():
    line = TrackTimes.read(VIDEOS / "editlist.mp4")
    placed = place_marks(recorded([3, 9, 51], Frames(0)), line)
    assert any("edit list: 8; a tool that counts them" in note for note in placed.notes)
    with pytest.raises(DataError, match="a video of 60 frames, but this one has 52"):
        place_marks(recorded([3], Frames(0), stated=Stated(frames=60)), line)


def test_place_marks_after_the_end_without_an_explanation(film):
    with pytest.raises(DataError, match=r"the mark 300 is outside of film\.mp4.*another video"):
        place_marks(recorded([300], Frames(0)), film)
    with pytest.raises(DataError, match=r"the mark 77\.7 is outside"):
        place_marks(recorded([77.7], Seconds(is_exact=True)), film)


def test_place_marks_stated_duration(film):
    other = Stated(duration=6.0)  # the same frames at 20 per second
    with pytest.raises(DataError, match=r"a video of 6\.00 s, but this one has 4\.80 s"):
        place_marks(recorded([1], Seconds(), stated=other), film)
    near = Stated(duration=4.84, fps=30)
    assert place_marks(recorded([1], Seconds(), stated=near), film).notes == (
        "the tool counted 30 frames per second, the video has 25",
    )


def test_place_marks_frame_numbers_next_to_times(film):
    marks = Recording("rec", (), (Mark(2.0, frame=50), Mark(4.0, frame=101)), Seconds())
    assert place_marks(marks, film).notes == ()
    marks = Recording("rec", (), (Mark(2.0, frame=60), Mark(3.0, frame=90)), Seconds())
    [note] = place_marks(marks, film).notes
    assert note.startswith("its frame numbers disagree with its times: frame 90 is not at 3 s")


def test_place_marks_tool_rate(film):
    clock = Frames(base=1, counted_by="tool")
    with pytest.raises(UsageError, match="add --fps"):
        place_marks(recorded([1, 31], clock), film)
    placed = place_marks(recorded([1, 31], clock), film, ClockOptions(rate=Fraction(30)))
    assert placed.times == (0.0, 1.0)
    assert placed.notes == ("the tool counted 30 frames per second, the video has 25",)


def test_place_marks_stamps_of_another_version(film):
    """The video was written again with another time base."""
    stamps = [512 * number for number in NUMBERS]  # 25 fps at 1/12800
    assert film.ticks == Fraction(1, 12800)
    line = replace(film, ticks=Fraction(1, 90000))
    clock = Stamps(per_frame=512, first=0)
    with pytest.raises(DataError, match=r"written again.*512 units per frame.*3600"):
        place_marks(recorded(stamps, clock), line)


def test_place_marks_options_that_do_not_apply(film):
    with pytest.raises(UsageError, match="--frame-base cannot be used"):
        place_marks(recorded([1], Seconds()), film, ClockOptions(base=1))
    with pytest.raises(UsageError, match="--fps cannot be used"):
        place_marks(recorded([1], Stamps()), film, ClockOptions(rate=Fraction(25)))
    with pytest.raises(UsageError, match="--frame-base 0 or --frame-base 1"):
        place_marks(recorded([1], Frames(None)), film)
