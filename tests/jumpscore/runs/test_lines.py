"""Lines of answers and scores: whatever is stored reads back, whatever is damaged is an error."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.records import (
    CountView,
    Drawing,
    OverlayView,
    ParseSummary,
    SampleScore,
    Shape,
    SpanView,
    TimelineView,
)
from jumpscore.runs.lines import parse_scores, score_line

TIMES = st.lists(st.floats(allow_nan=False), max_size=5).map(tuple)
POINT = st.tuples(st.floats(allow_nan=False), st.floats(allow_nan=False))
SHAPES = st.builds(
    Shape,
    st.sampled_from(["truth", "answer"]),
    st.sampled_from(["points", "path", "area"]),
    st.lists(POINT, max_size=3).map(tuple),
)
DRAWINGS = st.builds(
    Drawing,
    st.integers(),
    st.none() | st.floats(allow_nan=False),
    st.text(),
    st.lists(SHAPES, max_size=3).map(tuple),
)
VIEWS = (
    st.none()
    | st.builds(
        TimelineView,
        TIMES,
        TIMES,
        st.lists(st.tuples(st.integers(), st.integers()), max_size=3).map(tuple),
        st.none() | st.floats(allow_nan=False),
    )
    | st.builds(CountView, st.integers(), st.none() | st.integers())
    | st.builds(SpanView, POINT, st.none() | POINT)
    | st.builds(OverlayView, st.lists(DRAWINGS, max_size=2).map(tuple))
)
PARSES = st.none() | st.builds(
    ParseSummary,
    st.text(),
    st.lists(st.text(), max_size=2).map(tuple),
    st.sampled_from(["none", "closed", "unclosed"]),
)
SCORE = SampleScore("a", "ok", {"f1": 0.5, "bias": None}, {"convention": "unit"}, {"odd": 2}, "m",
                    "video", ("group", "subgroup"))  # fmt: skip


@given(VIEWS, PARSES)
def test_score_line_reads_back_as_it_was(view, parse):
    score = replace(SCORE, view=view, parse=parse)
    assert parse_scores(score_line(score).encode()) == (score,)


def older(**details) -> SampleScore:
    """The score of a line of format 2."""
    line = json.dumps({"id": "a", "status": "ok", "values": {}, "details": details})
    [score] = parse_scores(line.encode())
    assert score.details == details
    return score


SHAPE = {"of": "truth", "form": "points", "xy": [[0.5, 0.25]]}


def test_parse_scores_of_format_2():
    times = {"truth": [1.0, 2.0], "prediction": [1.1], "pairs": [[0, 0]], "duration": 9.0}
    score = older(**times, parser="list", rejected=["NaN"], reasoning="closed")
    assert score.view == TimelineView((1.0, 2.0), (1.1,), ((0, 0),), 9.0)
    assert score.parse == ParseSummary("list", ("NaN",), "closed")
    assert older(truth=0, prediction=None).view == CountView(0, None)
    spans = older(true_span=[1.0, 2.0], answered_span=None, spans_found=0)
    assert (spans.view, spans.parse) == (SpanView((1.0, 2.0)), None)
    box = older(parser="list", rejected=2, drawings=[{"media": 1, "time": 0.5, "shapes": [SHAPE]}])
    [drawing] = box.view.drawings
    assert drawing == Drawing(1, 0.5, "", (Shape("truth", "points", ((0.5, 0.25),)),))
    assert box.parse == ParseSummary("list")


@pytest.mark.parametrize(
    "details",
    [
        {}, {"truth": ["a"], "prediction": [1.0]}, {"truth": "a"}, {"true_span": [1.0]},
        {"true_span": ["a", 2]}, {"drawings": 3}, {"drawings": [None]}, {"drawings": [{}]},
        {"drawings": [{"shapes": [None]}]}, {"drawings": [{"shapes": [{**SHAPE, "of": "me"}]}]},
        {"drawings": [{"shapes": [{**SHAPE, "form": "blob"}]}]},
        {"drawings": [{"shapes": [{**SHAPE, "xy": [[1]]}]}]},
        {"drawings": [{"shapes": [{**SHAPE, "xy": [[1, "x"]]}]}]},
        {"target": "B", "results": {"none": {"accuracy": 1.0}}},
    ],
)  # fmt: skip
def test_parse_scores_of_format_2_without_a_view(details):
    assert older(**details).view is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("garbage", "line 2: "),
        ("[]", "line 2: "),
        ("[" * 100_000, "line 2: nested too deep"),
        (json.dumps({"id": "a", "status": "fine"}), "line 2: status: must be 'ok'"),
        (json.dumps({"id": "a", "status": "ok", "format": 4}), "has format 4, this version reads"),
        (json.dumps({"id": "a", "status": "ok", "values": {"f1": "x"}}), "values.f1"),
        (json.dumps({"format": 3, "id": "a", "status": "ok", "view": {"kind": "pie"}}), "view"),
    ],
)
def test_parse_scores_names_the_line_and_the_field(line, message):
    with pytest.raises(ValueError, match=r".") as error:
        parse_scores(score_line(SCORE).encode() + line.encode())
    assert message in str(error.value)
    assert len(str(error.value)) < 250
