"""Hostile answers and invalid truths."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.spatial.references import REFERENCES
from evaluators.spatial.rows import RULES
from evaluators.spatial.task import Spatial, SpatialOptions
from jumpscore.records import Response
from jumpscore.runs.lines import score_line
from tests.evaluators.spatial.made import (
    mask,
    png,
    row,
    score,
    write_set,
)
from tests.support import assert_linear, repeated


def fitting(rule: str) -> list[str]:
    return ["", *(name for name, scorer in REFERENCES.items() if rule in scorer.rules)]


HOSTILE = [
    "(nan, nan)",
    "(inf, -inf)",
    "(-5, -5)",
    "(1e308, 1e308)",
    "(1e999, 0.5)",
    f"({'9' * 400}, 1)",
    "[0.1, 0.2, 1e308, 1e308]",
    "[-1e308, -1e308, 1e308, 1e308]",
    "[nan, 0, 1, 1]",
    "-1e308",
    "1e999",
    "9" * 5000,
    '{"point_2d": [0.5, null]}',
    '```json\n[{"point_2d": [1e400, 1]}]\n```',
    "```\n[[[[[[[[",
    "answer: " * 500,
    "\x00\ud800(0.5, 0.5)",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:20])
@pytest.mark.parametrize("stated", ["unit", "relative_1000", "pixel"])
def test_score_of_numbers_of_any_size(truths, everything, text, stated):
    for rule, truth in truths.items():
        for reference in fitting(rule):
            result = score(everything, replace(truth, reference=reference), text, convention=stated)
            assert 0.0 <= result.values["score"] <= 1.0, rule
            # What is stored is JSON that others read: no NaN, no Infinity.
            json.loads(json.dumps(asdict(result)), parse_constant=pytest.fail)


@settings(max_examples=150, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=200),
        st.lists(
            st.sampled_from(
                ["(", ")", "[", "]", "0.3", ",", " ", "-", "1e9", "x=", "y:", "A", "B.", "answer",
                 " is ", "yes", "no", "{", '"point_2d":', "}", "```", "\n", "nan", "<think>",
                 "1,200", "three", "</think>", "\\boxed{", "°", "٣"]
            ),
            max_size=30,
        ).map("".join),
    ),
    stated=st.sampled_from(["unit", "relative_1000", "pixel", None]),
    size=st.sampled_from([None, (1, 1), (4000, 3)]),
    cut=st.booleans(),
    which=st.integers(0, 5),
)  # fmt: skip
def test_score_of_any_text_under_any_rule(everything, truths, text, stated, size, cut, which):
    response = Response(
        "a",
        text,
        convention=stated,
        image_size=size,
        finish_reason="length" if cut else "stop",
    )
    for rule, truth in truths.items():
        reference = fitting(rule)[which % len(fitting(rule))]
        result = everything.score(replace(truth, reference=reference), response)
        assert result.status in ("ok", "empty", "partial", "unparseable", "error")
        assert (result.status == "error") == (not result.values)
        assert all(0 <= value <= 1 for value in result.values.values())


def test_score_of_ten_thousand_points_is_short(everything, truths):
    text = "[" + ", ".join(["(0.3, 0.4)", "(0.9, 5)"] * 5000) + "]"
    result = score(everything, truths["points"], text, convention="unit")
    assert result.values["score"] == 0.5
    assert result.details["points_found"] == 10_000
    assert result.notes["points outside the image"] == 5000
    assert len(score_line(result)) < 8000


@pytest.mark.parametrize(
    "piece",
    ["(", "9", "[0.1,", "```\n", "<answer>", "<think>", "answer: ", "x: 1 ", "- ", "(1, ", "two "],
)
def test_score_takes_linear_time(everything, truths, piece):
    for rule, truth in truths.items():
        for reference in fitting(rule):
            query = replace(truth, reference=reference)
            read = partial(score, everything, query, convention="unit")
            assert_linear(read, repeated(piece, lead="("), length=12_000)


def write_bad_png(root: Path, name: str, content: bytes) -> str:
    (root / "masks").mkdir(parents=True, exist_ok=True)
    (root / "masks" / name).write_bytes(content)
    return f"masks/{name}"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"rule": "points", "mask": "masks/small.png"}, "has 100x100 pixels, the image 200x100"),
        ({"rule": "points", "mask": "masks/cut.png"}, "cannot be read as a PNG mask"),
        ({"rule": "points", "mask": "masks/text.png"}, "cannot be read as a PNG mask"),
        ({"rule": "points", "mask": "masks/flipped.png"}, "cannot be read as a PNG mask"),
        ({"rule": "points", "mask": "masks/gone.png"}, "cannot be read as a PNG mask"),
        ({"rule": "points", "mask": ""}, "mask is empty; rule points needs one"),
        ({"rule": "points", "mask": "../secret.png"}, "leaves the data set's folder"),
        ({"rule": "count", "answer": "2.5"}, "answer '2.5' must be a whole number"),
        ({"rule": "count", "answer": "0"}, "must be how many points are asked for"),
        ({"rule": "box", "answer": "[1, 2, 3]"}, r"must be [left, top, right, bottom]"),
        ({"rule": "box", "answer": "[9, 2, 3, 4]"}, "left < right and top < bottom"),
        ({"rule": "box", "answer": "[300, 2, 400, 4]"}, "is outside the 200x100 pixels"),
        ({"rule": "box", "answer": "[NaN, 2, 3, 4]"}, r"must be [left, top, right, bottom]"),
        ({"rule": "box", "images": ("images/gone.png",)}, "cannot be read as an image"),
        ({"rule": "box", "about": 3}, "about 3 must be the index of one of 1 images"),
        ({"rule": "number", "answer": "many"}, "answer 'many' is not valid JSON"),
        ({"rule": "number", "answer": "1e999"}, "answer '1e999' must be a number"),
        ({"rule": "number", "answer": "true"}, "must be a number"),
        ({"rule": "choice", "answer": '"E"'}, "must be one of the letters A, B, C, D"),
        ({"rule": "choice", "answer": "[]"}, "must be one of the letters A, B, C, D"),
        ({"rule": "choice", "options": ()}, "options: got 0; a choice needs 2 to 26"),
        ({"rule": "word", "options": ("", "no")}, "rule word needs the words of every option"),
        ({"rule": "smell"}, "rule 'smell' is not one of points, first_point"),
        ({"rule": "points", "convention": "feet"}, "convention 'feet' is not one of"),
        ({"rule": "number", "reference": "x"}, "'x' does not score rule number; these do: vsi"),
        ({"rule": "box", "reference": "revsi"}, "does not score rule box; these do: refcoco"),
        ({"rule": "number", "images": ()}, "needs images or a video"),
    ],
)  # fmt: skip
def test_load_reports_a_broken_truth_and_keeps_the_others(tmp_path, bad, message):
    flipped = bytearray(png(mask()))
    flipped[40] ^= 0xFF
    write_bad_png(tmp_path, "small.png", png(mask()[:, :100]))
    write_bad_png(tmp_path, "cut.png", png(mask())[:-20])
    write_bad_png(tmp_path, "text.png", b"no picture")
    write_bad_png(tmp_path, "flipped.png", bytes(flipped))
    known = bad["rule"] if bad["rule"] in RULES else "points"
    broken = replace(row(known, id="bad"), **bad)
    root = write_set(tmp_path, [broken, row("points", id="good")])
    result, good = Spatial(SpatialOptions(data=str(root))).load()
    assert good.problem is None
    assert f"{root}, id bad: " in result.problem
    assert message in result.problem
