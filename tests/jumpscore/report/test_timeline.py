from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.records import CountView, TimelineView
from jumpscore.report.timeline import (
    MOST_ANSWERS,
    Events,
    axis_times,
    events_of,
    left_out,
    place,
    summary,
    timeline,
)

EVENTS = Events(
    truth=(1.0, 2.0, 3.0, 9.0), answers=(1.05, 2.15, 3.3, 5.0), pairs=((0, 0), (1, 1), (2, 2)),
    duration=10.0,
)  # fmt: skip


def group(drawing: str, name: str) -> ElementTree.Element:
    element = ElementTree.fromstring(drawing).find(f".//g[@class='{name}']")
    assert element is not None
    return element


def test_timeline_places_marks() -> None:
    drawing = timeline(EVENTS)
    hits = group(drawing, "hits").findall("line")
    assert [line.get("x1") for line in hits] == ["10%", "20%", "30%"]
    missed = group(drawing, "misses").findall("circle")
    assert [ring.get("cx") for ring in missed] == ["90%"]
    dots = group(drawing, "dots").findall("circle")
    assert [dot.get("cx") for dot in dots] == ["10.5%", "21.5%", "33%"]
    assert [box.get("x") for box in group(drawing, "extras").findall("rect")] == ["50%"]


def test_timeline_joins_pairs_by_distance() -> None:
    joins = group(timeline(EVENTS), "joins").findall("line")
    assert [join.get("class") for join in joins] == ["close", "near", "far"]
    assert [(join.get("x1"), join.get("x2")) for join in joins][1] == ("20%", "21.5%")


def test_summary_counts() -> None:
    assert summary(EVENTS) == (
        "4 true jumps, 4 answered, 3 matched within 0.3 s, 1 missed, 1 extra"
    )
    assert left_out(EVENTS) == []


def test_left_out_counts_times_outside_the_video() -> None:
    events = Events((1.0,), (-2.0, 1.0, 10.5, 1e300, math.inf, math.nan), ((0, 1),), 10.0)
    drawing = timeline(events)
    assert len(group(drawing, "dots")) == 1
    assert len(group(drawing, "extras")) == 0
    assert 'data-answers="1" data-pairs="0:0"' in drawing
    assert left_out(events)[0].startswith("5 answered times outside the video, not drawn: -2.00 s")


def test_timeline_prefers_matched_answers() -> None:
    answers = tuple(i / 1000 for i in range(5000))
    events = Events((4.999,), answers, ((0, 4999),), 10.0)
    drawing = timeline(events)
    assert len(group(drawing, "dots")) == 1
    assert len(group(drawing, "dots")) + len(group(drawing, "extras")) == MOST_ANSWERS
    assert left_out(events) == ["3,500 more answered times inside the video, not drawn"]


def test_timeline_data_numbers_visible_pairs() -> None:
    events = Events((1.0, 2.0), (-5.0, 1.0, 2.0), ((0, 1), (1, 2)), 10.0)
    assert 'data-answers="1 2" data-pairs="0:0 1:1"' in timeline(events)


@pytest.mark.parametrize(
    ("events", "end"),
    [
        (Events((1.0,), (50.0,), (), 10.0), 10.0),
        (Events((10.2,), (), (), 10.0), 10.2),  # an annotation past the end of a rounded header
        (Events((5.0,), (50.0,), (), None), 5.1),
        (Events(None, (10.0, 1e9), (), None), 10.2),
        (Events((), (), (), None), 0.1),
        (Events((), (), (), 0.0), 0.1),
        (Events((), (), (), math.nan), 0.1),
    ],
)
def test_events_end(events: Events, end: float) -> None:
    assert events.end == pytest.approx(end)


@given(st.floats(min_value=0.01, max_value=1e7))
def test_axis_times_are_few(end: float) -> None:
    times = axis_times(end)
    assert 1 <= len(times) <= 14
    assert times[0] == 0
    assert times[-1] <= end * (1 + 1e-6)


@given(
    st.lists(st.floats(min_value=0, max_value=1e9), max_size=20),
    st.lists(st.floats(), max_size=20),
    st.lists(st.tuples(st.integers(-2, 25), st.integers(-2, 25)), max_size=20),
    st.one_of(st.none(), st.floats()),
)
def test_timeline_of_any_numbers(
    truth: list[float], answers: list[float], pairs: list[tuple[int, int]], duration: float | None
) -> None:
    events = events_of(TimelineView(tuple(truth), tuple(answers), tuple(pairs), duration))
    assert events is not None
    drawing = timeline(events)
    ElementTree.fromstring(drawing)
    assert not re.search(r'"[^"]*(nan|inf)[^"]*%"', drawing)


@pytest.mark.parametrize("time", [-1.0, 1e300, math.nan])
def test_events_of_absurd_truth(time: float) -> None:
    assert events_of(TimelineView((time,), (1.0,))) is None


def test_events_of_other_views() -> None:
    assert events_of(None) is None
    assert events_of(CountView(4, 5)) is None


def test_place_stays_on_the_axis() -> None:
    assert [place(time, 8.0) for time in (0, 1, 8, 9, -1)] == ["0%", "12.5%", "100%", "100%", "0%"]


def test_timeline_escapes_its_label() -> None:
    drawing = timeline(EVENTS, label='"><script>')
    assert "<script>" not in drawing
    assert ElementTree.fromstring(drawing).get("aria-label", "").startswith('"><script>: 4 true')
