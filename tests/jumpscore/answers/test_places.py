"""Offsets and rejected groups of the parsers of places, and hostile texts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jumpscore.answers.choices import parse_choice, parse_word
from jumpscore.answers.numbers import read_number
from jumpscore.answers.places.boxes import parse_box
from jumpscore.answers.places.points import ParsedPoints, parse_points
from jumpscore.answers.places.traces import parse_trace
from jumpscore.records import FinishReason
from tests.support import assert_linear, repeated

OPTIONS = {"A": "the chair", "B": "table", "C": "", "D": "a lamp"}
READERS: dict[str, Callable[[str], Any]] = {
    "points": lambda text: parse_points(text, convention="unit"),
    "box": lambda text: parse_box(text, convention="unit"),
    "number": read_number,
    "choice": lambda text: parse_choice(text, OPTIONS),
    "word": lambda text: parse_word(text, {"A": "yes", "B": "no"}),
    "trace": parse_trace,
}


def points(text: str, finish_reason: FinishReason | None = None) -> ParsedPoints:
    return parse_points(text, convention="pixel", finish_reason=finish_reason)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<think>(1, 2)</think>at (0.3, 0.4), then [5, 6]", ["(0.3, 0.4)", "[5, 6]"]),
        ("（５３３，３１０）", ["（５３３，３１０）"]),
        ("x: 533, y: 310", ["533, y: 310"]),
        ("1. 533, 310\n2. 20 40", ["533, 310", "20 40"]),
        ('a <point x="1" y="2"> b', ['<point x="1" y="2">']),
        ("\\boxed{(1, 2)}", ["(1, 2)"]),
    ],
)
def test_parse_points_spans(text, written):
    assert [text[low:high] for low, high in points(text).spans] == written


def test_parsers_of_places_spans():
    text = "<think>[9, 9, 9, 9]</think>The box is [1, 2, 3, 4]."
    assert text[slice(*parse_box(text, convention="pixel").span)] == "[1, 2, 3, 4]"
    text = "Two walls and １,200.5 m² of floor. Answer: １,200.5 m²"
    assert text[slice(*read_number(text).span)] == "１,200.5"
    text = "from (5, 5): [(1, 2), (3, 4)]"
    assert [text[low:high] for low, high in parse_trace(text).spans] == ["(1, 2)", "(3, 4)"]


@pytest.mark.parametrize(
    ("text", "read", "rejected"),
    [
        ("Near (2, 2):\n```json\n[[3, 4]]\n```", 1, 1),
        ("[(1, 2), (3, 4, 5), (6, 7)]", 2, 1),
        ('<points coords="1 1 533 310; 2 1 4">cups</points>', 1, 1),
        ('{"point_2d": [1, 2], "bbox_2d": [0, 0, 9, 9]}', 1, 1),
        ("(1, 2) and [0.5, null]", 1, 1),
        ("(1%, 2%) or (3, 4)", 1, 1),
        ("Not (1, 2). Answer: (3, 4)", 1, 1),
        ("I see (1, 2). <answer>(3, 4)</answer>", 1, 1),
        ("The point is at x=1, y=2: (1, 2)", 1, 0),
    ],
)
def test_parse_points_counts_rejected_groups(text, read, rejected):
    parsed = points(text)
    assert (len(parsed.points), parsed.rejected) == (read, rejected)


def test_parse_box_and_read_number_count_rejected_groups():
    parsed = parse_box("[1, 2, 3, 4] around (2, 3), not [1, 2, 3]", convention="pixel")
    assert (parsed.box, parsed.rejected) == ((1, 2, 3, 4), 2)
    loose = parse_box("<loc0010><loc0020><loc0110><loc0220> cup", convention="pixel")
    assert (loose.status, loose.rejected) == ("unparseable", 1)
    reading = read_number("2 m and 3 m, so the answer is 5 m")
    assert (reading.value, reading.rejected) == (5, 2)


@pytest.mark.parametrize(
    ("text", "finish_reason", "read"),
    [
        ('<points coords="1 1 533 310 2 20 4', None, 1),
        ('<points coords="1 1 533 310 2 20 40">cups</points>', "length", 2),
        ("<point>533 31", None, 0),
        ("533, 310\n20, 4", "length", 1),
        ("x=533, y=310; x=20, y=4", "length", 1),
        ("The cup is at 533, 31", "length", 0),
        ('{"points": [[533, 310], [20, 4', None, 1),
    ],
)
def test_parse_points_drops_incomplete_points(text, finish_reason, read):
    parsed = points(text, finish_reason)
    assert (parsed.status, len(parsed.points)) == ("partial", read)


def test_parse_points_images():
    parsed = points('<points coords="1 1 533 310 2 5 6; 2 1 20 40">cups</points>')
    assert parsed.images == (1, 1, 2)
    assert points("(1, 2)").images == ()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "piece",
    [
        "(", "[[1,", "(1, 2) or ", "1. (1, 2)\n", "<point>", '<points coords="', "x=1, y=2 ",
        "A. chair\n", "yes, ", "| 1 | 2 |\n", '{"x": ', "'", "选", "1,200,", "twenty ", "} ] ",
    ],
)  # fmt: skip
def test_parsers_of_places_are_linear(reader, piece):
    assert_linear(READERS[reader], repeated(piece), length=16_000)


PIECES = st.lists(
    st.sampled_from(
        ["(", ")", "[", "]", "{", "}", "1", "0.5", "310", ", ", " ", "\n", "x", "=", ": ", '"',
         "'", "<point>", "</point>", '<points coords="', '">', "point_2d", "w", "|", "-", "->",
         "A", "B.", "answer is ", "yes", "no", "not ", "or ", "```", "\\boxed{", "<think>",
         "</think>", "nan", "1,200", "three", "½", "，", "。", "答案", "null", "%", "px", "^2", "·",
         "and ", "label"]
    ),
    max_size=30,
).map("".join)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(text=st.one_of(st.text(max_size=60), PIECES), cut=st.booleans())
def test_parsers_of_places_accept_any_text(text, cut):
    reason: FinishReason = "length" if cut else "stop"
    parsed = points(text, reason)
    assert len(parsed.points) == len(parsed.spans)
    assert all(0 <= low < high <= len(text) for low, high in parsed.spans)
    assert parsed.status == "partial" if cut else parsed.status != "ok" or parsed.points
    box = parse_box(text, convention="pixel", finish_reason=reason)
    assert (box.box is None) == (box.span is None)
    reading = read_number(text, finish_reason=reason)
    assert reading.value is None or math.isfinite(reading.value)
    trace = parse_trace(text, finish_reason=reason)
    assert all(len(waypoint) in (2, 3) for waypoint in trace.waypoints)
    assert parse_choice(text, OPTIONS).letter in (None, *OPTIONS)
    assert parse_word(text, {"A": "yes", "B": "no"}).letter in (None, "A", "B")
