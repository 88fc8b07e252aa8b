from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.spatial import (
    in_mask,
    mask_fraction,
    parse_points,
    right_count,
)
from evaluators.spatial.lmms_points import TUPLES
from evaluators.spatial.roborefer import roborefer_accuracy

GOLDEN = json.loads((Path(__file__).parents[2] / "data" / "spatial_golden.json").read_text())
CONVENTIONS = {"absolute": "pixel", "relative_1000": "relative_1000", "relative_1": "unit"}


def golden_mask(family: str) -> np.ndarray:
    spec = GOLDEN[family]["spec"]
    mask = np.zeros((spec["H"], spec["W"]), dtype=np.uint8)
    mask[slice(*spec["mask_rows"]), slice(*spec["mask_cols"])] = spec["mask_value"]
    return mask


def fraction(points, mask, convention) -> float:
    return mask_fraction(in_mask(points, mask, convention=convention))


@pytest.mark.parametrize("case", GOLDEN["w2p_refspatial"]["cases"], ids=lambda case: case["text"])
def test_reference_points_equal_the_public_code(case):
    mask = golden_mask("w2p_refspatial")
    points = TUPLES.read(case["text"], (200, 100)) or []
    for name in ("where2place", "refspatial"):
        assert fraction(points, mask, "pixel") == pytest.approx(case[name], abs=1e-9)
    official = roborefer_accuracy(case["text"], mask)
    assert official == pytest.approx(case["official_roborefer_text2pts_rel"], abs=1e-9)


@pytest.mark.parametrize(
    ("text", "convention", "expected"),
    [
        ("[(0.3, 0.4)]", "unit", 1.0),
        ("[(0.3,0.4),(1.0,1.0)]", "unit", 0.5),
        ("( 0.3 , 0.4 )", "unit", 1.0),
        ("[(.3, .4)]", "unit", 1.0),
        ("[[0.3, 0.4]]", "unit", 1.0),
        ("[(-0.1, 0.4)]", "unit", 0.0),
        ("(0.3, 0.4, 0.5)", "unit", 0.0),
        ("[(300, 400)]", "unit", 0.0),
        ("[(300, 400)]", "relative_1000", 1.0),
        ("[(60, 40)]", "relative_1000", 0.0),
        ("[(60, 40)]", "pixel", 1.0),
        ("(1, 1)", "unit", 0.0),
        ("none", "unit", 0.0),
        ('```json\n[{"point_2d": [300, 400]},{"point_2d": [900, 900]}]\n```', "relative_1000", 0.5),
    ],
)
def test_parse_points_reads_every_form(text, convention, expected):
    points = parse_points(text, convention=convention).points
    assert fraction(points, golden_mask("w2p_refspatial"), convention) == expected


@pytest.mark.parametrize(
    "case", GOLDEN["crosspoint"]["cases"], ids=lambda case: f"{case['fmt']} {case['text']}"
)
def test_in_mask_of_crosspoint_equals_the_public_code(case):
    convention = CONVENTIONS[case["fmt"]]
    points = parse_points(case["text"], convention=convention).points
    assert (list(points[0]) if points else None) == case["coords"]
    inside = in_mask(points[:1], golden_mask("crosspoint"), convention=convention)
    assert mask_fraction(inside) == case["hit"]


def test_parse_points_prefers_fences_and_ignores_reasoning():
    text = "<think>(1, 1)</think>Near (2, 2):\n```json\n[[3, 4]]\n```"
    assert parse_points(text, convention="pixel").points == ((3.0, 4.0),)


@pytest.mark.parametrize(
    ("text", "status", "rejected"),
    [
        ("[]", "empty", 0),
        ("nowhere", "unparseable", 0),
        ("[1, 2, 3, 4]", "unparseable", 1),
        ("(nan, inf)", "unparseable", 1),
        ("(one, two)", "unparseable", 0),
        ("1, 2 and 3", "unparseable", 0),
        ("(" + "9" * 5000 + ", 1)", "unparseable", 1),
    ],
)
def test_parse_points_status_without_points(text, status, rejected):
    result = parse_points(text, convention="pixel")
    assert (result.status, result.points, result.rejected) == (status, (), rejected)


def test_parse_points_of_a_cut_off_answer():
    result = parse_points("[(1, 2), (3, 4", convention="pixel", finish_reason="length")
    assert (result.status, result.points) == ("partial", ((1.0, 2.0),))
    assert parse_points("x: 1, y: 2", convention="pixel", finish_reason="length").points == ()


@pytest.mark.parametrize("nowhere", ["nan, nan", "-inf, 5", "12345678901234567890, 5", "NaN, 1"])
def test_parse_points_keeps_points_that_are_not_finite(nowhere):
    result = parse_points(f"[(1, 1), ({nowhere})]", convention="pixel")
    assert len(result.points) == 2
    inside = in_mask(result.points, np.ones((4, 4)), convention="pixel")
    assert mask_fraction(inside) == 0.5
    assert not right_count(inside, 2)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("[(0.3, 0.4), (0.5", 1),
        ("[(0.3, 0.4), (0.5, 0.2)", 2),
        ("[(500, 5", 0),
        ("[", 0),
        ('{"point_2d": [0.3, 0.', 0),
        ('{"x": 0.3, "y": 0.', 0),
        ("```json\n[[0.1, 0.2], [68", 1),
    ],
)
def test_parse_points_of_an_unclosed_list(text, count):
    """The finish reason of a stored answer is unknown; an unclosed list shows the cut."""
    result = parse_points(text, convention="unit")
    assert len(result.points) == count
    whole = text == "[(0.3, 0.4), (0.5, 0.2)"
    assert result.status == ("ok" if whole else "partial")


def test_parse_points_of_infinite_coordinates():
    result = parse_points("[(1e999, 1), (1, 1)]", convention="pixel")
    assert result.points == ((np.inf, 1.0), (1.0, 1.0))


def test_right_count_requires_the_number():
    assert right_count(np.array([True, True]), 2)
    assert not right_count(np.array([True, True]), 3)
    assert not right_count(np.array([True, False]), 2)
    assert right_count(np.zeros(0, dtype=bool), 0)


def test_parse_points_refuses_an_unknown_convention():
    with pytest.raises(ValueError, match="convention 'percent' is not one of unit"):
        parse_points("(1, 2)", convention="percent")


@pytest.mark.parametrize("piece", ["(1, 2), ", "(", "(1,", "x: 1, ", "1", "1.", "[[", " ", "```"])
def test_parse_points_takes_linear_time(piece):
    text = piece * (80_000 // len(piece))
    before = time.process_time()
    parse_points(text, convention="pixel")
    roborefer_accuracy(text, np.ones((480, 640)))
    assert time.process_time() - before < 2


@given(st.lists(st.tuples(st.integers(-99, 2000), st.floats(0, 1e6)), max_size=20))
def test_parse_points_reads_any_written_points(points):
    for written in (json.dumps(points), str(points)):
        assert parse_points(written, convention="pixel").points == tuple(points)


@given(st.text(st.sampled_from("0123456789.,-+e()[]{}:xy\"'<> \n`"), max_size=60))
def test_parse_points_accepts_any_text(text):
    mask = np.ones((4, 4))
    points = parse_points(text, convention="unit").points
    assert 0.0 <= fraction(points, mask, "unit") <= 1.0
    TUPLES.read(text, (4, 4))
