"""Merging answers about overlapping windows: any cut gives back the list of events."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.scoring.seams import (
    MOST_PAIRED,
    TOLERANCE_SHARE,
    TimedAnswer,
    WindowTimes,
    merge_windows,
)
from jumpscore.video.windows import window_spans
from tests.jumpscore.video.test_windows import video_of

milliseconds = st.integers(0, 40_000)
lengths = st.integers(500, 12_000)
shares = st.floats(0, 0.5)


def windows_of(duration: float, length: float, overlap: float) -> list[tuple[float, float]]:
    """The windows of a video of 25 frames per second."""
    frames = max(1, round(25 * duration))
    return list(window_spans(video_of(frames, 25.0), length=length, overlap=overlap))


def seen(events, spans, moved=lambda time: time):
    """What a model answers that sees exactly the events from the start of a window to its end."""
    last = spans[-1][1]
    return [
        WindowTimes(
            start,
            end,
            tuple(
                TimedAnswer(moved(time) - start)
                for time in events
                if start <= time < end or end == last <= time
            ),
        )
        for start, end in spans
    ]


def times(windows) -> list[float]:
    return [answer.time for answer in merge_windows(windows).answers]


@given(st.lists(milliseconds), lengths, shares)
def test_merge_exact_answers_give_back_any_list(events, length, share):
    events = sorted(time / 1000 for time in events)
    spans = windows_of(40.0, length / 1000, share * length / 1000)
    merged = merge_windows(seen(events, spans))
    assert [answer.time for answer in merged.answers] == pytest.approx(events, abs=2e-6)
    assert (merged.outside, merged.contradicted) == (0, 0)


@given(st.lists(milliseconds), lengths, st.floats(0.05, 0.5), st.integers(0, 2**32 - 1))
def test_merge_jittered_answers_give_back_the_list(events, length, share, seed):
    length /= 1000
    spans = windows_of(40.0, length, share * length)
    overlaps = [max(0.0, one[1] - other[0]) for one, other in pairwise(spans)]
    tolerance = TOLERANCE_SHARE * min(overlaps, default=0.0)
    widest = TOLERANCE_SHARE * max(overlaps, default=0.0)
    spread = []
    for time in sorted(time / 1000 for time in events):
        if not spread or time >= spread[-1] + 2 * widest + 1e-3:
            spread.append(time)
    rng = np.random.default_rng(seed)
    windows = seen(spread, spans, lambda time: time + rng.uniform(-0.49, 0.49) * tolerance)
    merged = times(windows)
    assert len(merged) == len(spread)
    assert np.abs(np.array(merged) - spread).max(initial=0.0) <= tolerance / 2


def test_merge_takes_the_time_of_the_window_that_sees_more():
    one = WindowTimes(0.0, 8.0, (TimedAnswer(7.44, 0.9), TimedAnswer(7.62, 0.8)))
    other = WindowTimes(7.0, 15.0, (TimedAnswer(0.40, 0.2), TimedAnswer(0.65, 0.3)))
    merged = merge_windows([one, other])
    assert merged.answers == (TimedAnswer(7.44, 0.9), TimedAnswer(7.65, 0.3))


def test_merge_event_seen_on_both_sides_of_the_border_counts_once():
    # Cut at 7.5, the first answers would lose it and the second would count it twice.
    for a, b in ((7.52, 0.48), (7.48, 0.52)):
        one = WindowTimes(0.0, 8.0, (TimedAnswer(a),))
        other = WindowTimes(7.0, 15.0, (TimedAnswer(b),))
        assert len(times([one, other])) == 1


def test_merge_unconfirmed_times_belong_to_their_side():
    one = WindowTimes(0.0, 8.0, (TimedAnswer(7.2), TimedAnswer(7.8)))
    other = WindowTimes(7.0, 15.0, (TimedAnswer(3.0),))
    merged = merge_windows([one, other])
    assert [answer.time for answer in merged.answers] == [7.2, 10.0]
    assert merged.contradicted == 1


def test_merge_times_outside_a_window_stay_and_are_counted():
    one = WindowTimes(0.0, 8.0, (TimedAnswer(1.0), TimedAnswer(12.0)))
    other = WindowTimes(7.0, 15.0, (TimedAnswer(5.0), TimedAnswer(-3.0)))
    merged = merge_windows([one, other])
    assert [answer.time for answer in merged.answers] == [1.0, 4.0, 12.0, 12.0]
    assert merged.outside == 2


def test_merge_dense_events_keep_their_number_if_one_is_missed():
    # Eight jumps a second; the second window misses the one at 7.25.
    beats = [round(6.0 + 0.125 * k, 3) for k in range(24)]
    windows = seen(beats, [(0.0, 8.0), (7.0, 15.0)])
    other = tuple(one for one in windows[1].answers if abs(one.time - 0.25) > 1e-6)
    assert times([windows[0], WindowTimes(7.0, 15.0, other)]) == beats


def test_merge_hostile_number_of_times_is_cut_at_the_border():
    many = tuple(TimedAnswer(7.0 + k / 10_000) for k in range(MOST_PAIRED + 10))
    merged = merge_windows([WindowTimes(0.0, 8.0, many), WindowTimes(7.0, 15.0, ())])
    assert len(merged.answers) == len(many)
    twice = tuple(TimedAnswer(k / 10_000) for k in range(MOST_PAIRED + 10))
    merged = merge_windows([WindowTimes(0.0, 8.0, many), WindowTimes(7.0, 15.0, twice)])
    assert len(merged.answers) == len(many)
    assert merged.contradicted == len(many)
