from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.builder.verify.checks import (
    Series,
    check_frames,
    check_gaps,
    check_range,
    length_outliers,
    rate_outliers,
)

FRAMES = np.arange(100) / 25


def series(*times: float, frames: tuple[int, ...] = (), video: str = "clip") -> Series:
    return Series(video, "ann", times, frames=frames)


def test_check_gaps_by_hand():
    times = (1.0, 1.0, 1.08, 1.6, 2.1, 2.6, 3.1, 5.0)
    findings = list(check_gaps(series(*times), least_gap=0.1))
    assert [(f.kind, f.severity, f.time) for f in findings] == [
        ("repeated", "error", 1.0),
        ("short_gap", "warning", 1.0),
        ("long_gap", "note", 3.1),
    ]
    assert findings[1].message == "0.080 s between marks at 1.000 s; at least 0.1 s expected"
    assert findings[2].message == "1.90 s without a mark after 3.100 s; the median gap is 0.50 s"
    assert findings[1].value == pytest.approx(0.08)


def test_check_gaps_of_exactly_the_least_gap():
    # 1.2 - 1.1 is below 0.1 in float64.
    assert list(check_gaps(series(1.0, 1.1, 1.2, 1.3), least_gap=0.1)) == []


def test_check_gaps_needs_a_rhythm():
    assert list(check_gaps(series(0.0, 0.5, 1.0, 9.0), least_gap=0.1)) == []


def test_check_range_of_late_start():
    findings = list(check_range(series(0.4, 0.5, 4.5, 4.6), start=0.5, end=4.5))
    assert [f.time for f in findings] == [0.4, 4.6]
    assert findings[0].message == "a mark at 0.400 s; the video lasts from 0.500 to 4.500 s"
    assert {f.severity for f in findings} == {"error"}


@pytest.mark.parametrize("shift", [0.0, 5e-7, 5e-5])
def test_check_frames_accepts_rounded_times(shift):
    times = tuple(frame / 25 + shift for frame in (0, 10, 99))
    assert list(check_frames(series(*times), FRAMES)) == []
    assert list(check_frames(series(*times, frames=(0, 10, 99)), FRAMES)) == []


def test_check_frames_of_a_replaced_file():
    marks = series(0.4, 0.8, 5.0, frames=(10, 21, 125))
    [finding] = check_frames(marks, FRAMES)
    assert (finding.kind, finding.severity, finding.time) == ("off_frame", "error", 5.0)
    assert finding.message == (
        "2 of 3 marks are not at the time of a frame; the one at 5.000 s is 1040.0 ms from its "
        "frame"
    )


def test_check_frames_without_frame_numbers():
    [finding] = check_frames(series(0.4, 0.81), FRAMES)
    assert (finding.severity, finding.time, finding.value) == ("warning", 0.81, pytest.approx(0.01))
    assert list(check_frames(series(0.4, 0.81), FRAMES, tolerance=0.0101)) == []


@given(st.lists(st.floats(0, 5), min_size=1, max_size=20).map(sorted))
def test_check_frames_distance_is_that_of_the_nearest(times):
    findings = list(check_frames(series(*times), FRAMES))
    worst = max(min(abs(time - frame) for frame in FRAMES) for time in times)
    assert [f.value for f in findings] == ([pytest.approx(worst)] if worst > 1e-4 else [])


def test_rate_outliers_by_label():
    # Nine videos with 20 marks, one with 8, all of 10 s; squats are slower but among themselves.
    rows = [(series(*range(20), video=f"clip{k}"), 10.0) for k in range(9)]
    rows.append((series(*range(8), video="few"), 10.0))
    rows += [(Series(f"squat{k}", "", tuple(range(3)), "squat"), 10.0) for k in range(10)]
    [finding] = rate_outliers(rows)
    assert (finding.video, finding.value) == ("few", 0.8)
    assert finding.message == "0.80 marks per second; the median of the set is 2.00"
    assert list(rate_outliers(rows[1:])) == []  # nine videos are too few
    assert list(rate_outliers(rows[1:] + rows[1:2])) == []


def test_rate_outliers_leave_out_empty_videos():
    rows = [(series(*range(20), video=f"clip{k}"), 10.0) for k in range(10)]
    rows.append((series(video="empty"), 10.0))
    assert list(rate_outliers(rows)) == []


def test_length_outliers_modified_z_score():
    # Logarithms to base 2 are 0..10 but one: median 5, median deviation 3, so the limit is a
    # distance of 3.5 * 1.4826 * 3 = 15.6.
    lengths = {f"clip{k}": 2.0**k for k in range(10)} | {"long": 2.0**21}
    assert [f.video for f in length_outliers(lengths)] == ["long"]
    assert list(length_outliers(lengths | {"long": 2.0**20})) == []
