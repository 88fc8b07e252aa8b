from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.temporal import Span, parse_span, score_span, temporal_iou

GOLDEN = json.loads((Path(__file__).parents[2] / "data" / "temporal_golden.json").read_text())
CASES = [pytest.param(case, id=case["text"][:40]) for case in GOLDEN["cases"]]
TRUTH = tuple(GOLDEN["gt"])
POLICIES = ("strict", "reference_lmms", "reference_official")
SECONDS = st.floats(0, 9999, allow_nan=False).map(lambda value: round(value, 2))


@pytest.mark.parametrize("case", CASES)
def test_parse_span_reference_lmms_equals_the_public_code(case):
    result = score_span(case["text"], TRUTH, policy="reference_lmms")
    spans = [tuple(span) for span in case["lmms_spans"]]
    assert result.parsed.span == (spans[0] if spans else None)
    assert result.parsed.count == len(spans)
    assert result.iou == pytest.approx(case["lmms_iou"], abs=1e-9)
    official = score_span(case["text"], TRUTH, policy="reference_official")
    assert official.iou == pytest.approx(case["official_iou_rounded_1s"], abs=1e-9)


@pytest.mark.parametrize("case", GOLDEN["official_1s_rounding"], ids=lambda case: case["text"])
def test_parse_span_reference_official_rounds_to_seconds(case):
    official = score_span(case["text"], case["gt"], policy="reference_official")
    assert official.parsed.span == tuple(case["official_rounded"])
    assert official.iou == pytest.approx(case["iou_official"], abs=1e-9)
    for policy in ("strict", "reference_lmms"):
        result = score_span(case["text"], case["gt"], policy=policy)
        assert result.parsed.span == tuple(case["span"])
        assert result.iou == pytest.approx(case["iou_lmms"], abs=1e-9)


def test_score_span_gives_the_means_of_the_public_code():
    rows = GOLDEN["aggregate"]["docs"]
    scores = [
        score_span(text, json.loads(row["span"])[0], policy="reference_lmms") for row, text in rows
    ]
    expected = GOLDEN["aggregate"]["metrics"]
    mean = sum(score.iou for score in scores) / len(scores)
    assert 100 * mean == pytest.approx(expected["mIOU"], abs=1e-9)
    for place in (3, 5, 7):
        share = sum(score.recalls[place / 10] for score in scores) / len(scores)
        assert 100 * share == pytest.approx(expected[f"IOU@{place}"])


READ = [
    ("The event happens in 18.5 - 23.0 seconds.", (18.5, 23.0)),
    ("The event happens in <10.2s - 15.7s> seconds", (10.2, 15.7)),
    ("10.24s to 20.5s", (10.24, 20.5)),
    ("from 00:10 to 01:05.5", (10.0, 65.5)),
    ("01:00:00 - 01:00:10", (3600.0, 3610.0)),
    ("Starting time: 0.8 seconds. Ending time: 1.1 seconds", (0.8, 1.1)),
    ('{"start": 0.8, "end": 1.1}', (0.8, 1.1)),
    ('{"start_time": 0.8, "end_time": 1.1}', (0.8, 1.1)),
    ("between 3 and 4.5 seconds", (3.0, 4.5)),
    ("[3.5, 4.5]", (3.5, 4.5)),
    ("[100,200]", (100.0, 200.0)),
    ("1,200 - 1,300.5 seconds", (1200.0, 1300.5)),
    ("1.5 - 2 minutes", (90.0, 120.0)),
    ("1 min 5 s to 2m10s", (65.0, 130.0)),
    ("500 ms - 1500 ms", (0.5, 1.5)),
    ("-5 - 10 seconds", (-5.0, 10.0)),
    ("frame 3: 4-8", (4.0, 8.0)),
    ("2.0–7.0s", (2.0, 7.0)),
    ("<think>1 - 2</think>3 - 4 s", (3.0, 4.0)),
    ("In 0 - 30 s of video, the event happens in 3 - 4 seconds.", (3.0, 4.0)),
    ("3 - 4 seconds, so: 3.0 - 4.0 seconds", (3.0, 4.0)),
]


@pytest.mark.parametrize(("text", "span"), READ, ids=[text for text, _ in READ])
def test_parse_span_reads_one_span(text, span):
    assert parse_span(text).status == "ok"
    assert parse_span(text).span == pytest.approx(span)


NOT_READ = [
    ("1. 3.0 - 4.0 2. 6.0 - 9.0", "ambiguous"),
    ("1 - 2 - 3 seconds", "ambiguous"),
    ("no idea", "unparseable"),
    ("12 seconds", "unparseable"),
    ("nan - inf seconds", "unparseable"),
    ("frames 4 - 8 frames", "unparseable"),
    ("10% - 20%", "unparseable"),
    ("1e999 - 2e999", "unparseable"),
    ("1.2.3 - 4.5.6", "unparseable"),
    ("9" * 400 + " - " + "9" * 400, "unparseable"),
    ("", "unparseable"),
]


@pytest.mark.parametrize(("text", "status"), NOT_READ, ids=[text[:30] for text, _ in NOT_READ])
def test_parse_span_does_not_guess(text, status):
    assert (parse_span(text).status, parse_span(text).span) == (status, None)
    assert score_span(text, (0.0, 1.0)).iou == 0.0


def test_score_span_of_an_inverted_span_is_zero():
    result = score_span("23.0 - 18.5 seconds", (18.0, 24.0))
    assert (result.parsed.status, result.parsed.span, result.iou) == ("inverted", (23.0, 18.5), 0.0)


def test_parse_span_of_a_cut_off_answer():
    assert parse_span("in 3.0 - 4.", finish_reason="length").span is None
    assert parse_span("in 3.0 - 4.", finish_reason="length").status == "partial"
    whole = parse_span("in 3.0 - 4.5 sec", finish_reason="length")
    assert (whole.status, whole.span) == ("partial", None)
    whole = parse_span("in 3.0 - 4.5 seconds. The", finish_reason="length")
    assert (whole.status, whole.span) == ("partial", (3.0, 4.5))


def test_parse_span_reference_of_huge_numbers():
    text = "9" * 400 + " - " + "9" * 400
    for policy in POLICIES[1:]:
        assert parse_span(text, policy=policy).status == "not_finite"


def test_invalid_arguments_are_named():
    with pytest.raises(ValueError, match=r"truth \(4.0, nan\)"):
        temporal_iou((1.0, 2.0), (4.0, float("nan")))
    with pytest.raises(ValueError, match=r"span .*inf"):
        temporal_iou((1.0, float("inf")), (4.0, 5.0))
    with pytest.raises(ValueError, match=r"truth \(5.0, 4.0\) ends before it starts"):
        temporal_iou((1.0, 2.0), (5.0, 4.0))
    with pytest.raises(ValueError, match="policy 'guess' is not one of strict"):
        parse_span("1 - 2", policy="guess")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    "piece", ["1", "1 ", "1 - ", "1:", "1,", "1.", "-", "[1,", "start 1 ", " ", "1m ", "1 to", "１"]
)
def test_parse_span_takes_linear_time(policy, piece):
    text = piece * (50_000 // len(piece))
    before = time.process_time()
    parse_span(text, policy=policy)
    assert time.process_time() - before < 2


@given(SECONDS, SECONDS, st.sampled_from(["{} - {} seconds", "from {}s to {}s", "[{}, {}]"]))
def test_parse_span_reads_any_written_span(start, end, form):
    assert parse_span(form.format(start, end)).span == Span(start, end)


@given(st.text(st.sampled_from("0123456789.:,-–[]() \nsmtoend<>٣½"), max_size=60))
def test_parse_span_accepts_any_text(text):
    for policy in POLICIES:
        result = parse_span(text, policy=policy)
        assert (result.span is not None) or result.status not in ("ok", "inverted")
        assert 0.0 <= score_span(text, (1.0, 2.0), policy=policy).iou <= 1.0


@given(SECONDS, SECONDS, SECONDS, SECONDS)
def test_temporal_iou_is_symmetric_and_a_fraction(a, b, c, d):
    first, second = tuple(sorted((a, b))), tuple(sorted((c, d)))
    value = temporal_iou(first, second)
    assert 0.0 <= value <= 1.0
    assert value == temporal_iou(second, first)
    assert temporal_iou(first, first) == (1.0 if a != b else 0.0)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("The event happens between 10 seconds and 15 seconds.", (10, 15)),
        ("between 10s and 15s", (10, 15)),
        ("between 1 minute and 2 minutes", (60, 120)),
        ("between 1 minute and 5 seconds and 2 minutes", (65, 120)),
        ("The event happens in 1 minute 5 seconds - 1 minute 10 seconds.", (65, 70)),
    ],
)
def test_parse_span_joins_only_smaller_units(text, span):
    assert parse_span(text).span == span
