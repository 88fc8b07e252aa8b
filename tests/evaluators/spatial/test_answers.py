from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import fmean as mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.spatial import (
    box_iou,
    mean_relative_accuracy,
    parse_box,
    parse_choice,
    parse_number,
    reference_box_iou,
)
from evaluators.spatial.lmms_numbers import LETTER
from tests.support import assert_linear, repeated

GOLDEN = json.loads((Path(__file__).parents[2] / "data" / "spatial_golden.json").read_text())
VSI = GOLDEN["vsi"]
X, Y, WIDE, HIGH = GOLDEN["refcoco"]["gt_bbox_xywh"]
TRUE_BOX = (X, Y, X + WIDE, Y + HIGH)
LETTERS = dict.fromkeys("ABCD", "")


@pytest.mark.parametrize("case", GOLDEN["refcoco"]["cases"], ids=lambda case: case["text"][:40])
def test_reference_box_iou_equals_the_public_code(case):
    result = reference_box_iou(case["text"], TRUE_BOX, size=GOLDEN["refcoco"]["image_wh"])
    assert result == pytest.approx(case["iou"], abs=1e-9)


@pytest.mark.parametrize(
    ("text", "status", "box"),
    [
        ("[100,120,300,280]", "ok", (100.0, 120.0, 300.0, 280.0)),
        ('```json\n[{"bbox_2d": [156, 250, 469, 583]}]\n```', "ok", (156.0, 250.0, 469.0, 583.0)),
        ("<box>(156,250),(469,583)</box>", "ok", (156.0, 250.0, 469.0, 583.0)),
        ("100 120 300 280", "ok", (100.0, 120.0, 300.0, 280.0)),
        ("[1,2,3,4], again [1, 2, 3, 4]", "ok", (1.0, 2.0, 3.0, 4.0)),
        ("[300,280,100,120]", "inverted", (300.0, 280.0, 100.0, 120.0)),
        ("[[0,0,10,10],[100,120,300,280]]", "ambiguous", None),
        ("[1, 2, 3]", "unparseable", None),
        ("no box", "unparseable", None),
    ],
)
def test_parse_box_reads_one_box(text, status, box):
    result = parse_box(text, convention="pixel")
    assert (result.status, result.box) == (status, box)


def test_box_iou_by_hand():
    assert box_iou((90, 110, 310, 290), TRUE_BOX) == pytest.approx(0.8080808080808081, abs=1e-9)
    assert box_iou((300, 280, 100, 120), TRUE_BOX) == 0.0
    assert box_iou((0, 0, 0, 0), TRUE_BOX) == 0.0
    cut = parse_box("[1, 2, 3, 4] or [5", convention="pixel", finish_reason="length")
    assert (cut.status, cut.box) == ("partial", (1.0, 2.0, 3.0, 4.0))
    with pytest.raises(ValueError, match=r"truth \(3, 0, 1, 1\) must be"):
        box_iou((0, 0, 1, 1), (3, 0, 1, 1))
    with pytest.raises(ValueError, match=r"box \(nan, 0, 1, 1\) must be four finite"):
        box_iou((math.nan, 0, 1, 1), TRUE_BOX)


@pytest.mark.parametrize("case", VSI["mra"], ids=str)
def test_mean_relative_accuracy_equals_the_public_code(case):
    result = mean_relative_accuracy(case["pred"], case["target"])
    assert result == pytest.approx(case["mra"], abs=1e-9)


def test_mean_relative_accuracy_at_its_thresholds():
    assert mean_relative_accuracy(0, 0) == 1.0
    assert mean_relative_accuracy(1e-9, 0) == 0.0
    assert mean_relative_accuracy(None, 4) == mean_relative_accuracy(math.inf, 4) == 0.0
    assert mean_relative_accuracy(math.nan, 4) == 0.0
    with pytest.raises(ValueError, match="truth nan"):
        mean_relative_accuracy(1, math.nan)


@pytest.mark.parametrize("case", VSI["extract_number"], ids=lambda case: case["text"][:30])
def test_parse_number_reference_equals_the_public_code(case):
    assert parse_number(case["text"], policy="reference_lmms").value == case["num"]
    try:
        fuzzy = float(case["fuzzy"])
    except ValueError:
        fuzzy = None
    assert parse_number(case["text"], policy="reference_official").value == fuzzy


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3.0),
        ("There are 3 boxes", 3.0),
        ("three", 3.0),
        ("Twenty-one", 21.0),
        ("three hundred and twenty-one", 321.0),
        ("two thousand and five", 2005.0),
        ("a hundred", 100.0),
        ("-2.5", -2.5),
        ("1,200", 1200.0),
        ("1,200.5 m", 1200.5),
        ("about 2.5m", 2.5),
        ("ten point five", 10.5),
        ("3 boxes, so three.", 3.0),
        ("2 m and 3 m, so the answer is 5 m", 5.0),
        ("<think>7</think>8", 8.0),
        ("$\\boxed{4}$", 4.0),
    ],
)
def test_parse_number_reads_one_number(text, value):
    assert (parse_number(text).status, parse_number(text).value) == ("ok", value)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("one apple, room 2", "ambiguous"),
        ("1/2", "ambiguous"),
        ("between 2 and 3", "ambiguous"),
        ("1.2.3", "unparseable"),
        ("none", "unparseable"),
        ("phone", "unparseable"),
        ("", "unparseable"),
        ("nan", "unparseable"),
        ("9" * 5000, "not_finite"),
        ("1e999", "not_finite"),
    ],
)
def test_parse_number_does_not_guess(text, status):
    assert (parse_number(text).status, parse_number(text).value) == (status, None)


def test_parse_number_of_a_cut_off_answer():
    assert parse_number("about 12", finish_reason="length").value is None
    assert parse_number("about 12 m", finish_reason="length").value == 12.0


def score_vsi(row, policy) -> tuple[str, float]:
    task, truth, answer = row
    if truth in LETTERS:
        strict = policy == "strict"
        letter = parse_choice(answer, LETTERS).letter if strict else LETTER.read(answer, LETTERS)
        return task, float(letter == truth)
    return task, mean_relative_accuracy(parse_number(answer, policy=policy).value, float(truth))


def grouped_means(scores, groups):
    """Return the mean of every group of sub-tasks, and the mean over groups."""
    by_task, by_group = {}, {}
    for task, score in scores:
        by_task.setdefault(task, []).append(score)
    for task, values in by_task.items():
        by_group.setdefault(groups.get(task, task), []).append(mean(values))
    means = {group: mean(values) for group, values in by_group.items()}
    return means, mean(means.values())


def test_parse_number_and_choice_give_the_published_means_of_vsibench():
    rows = [score_vsi(row, "reference_lmms") for row in VSI["aggregate"]["rows"]]
    direction = {
        f"object_rel_direction_{level}": "object_rel_direction"
        for level in ("easy", "medium", "hard")
    }
    means, overall = grouped_means(rows, direction)
    published = VSI["aggregate"]["sub"]
    assert overall == pytest.approx(published.pop("overall"), abs=1e-9)
    named = {name.rsplit("_", 1)[0]: value for name, value in published.items()}
    assert means == pytest.approx(named, abs=1e-9)


def test_parse_number_reference_official_reads_the_first_word():
    rows = [score_vsi(row, "reference_official") for row in GOLDEN["revsi"]["rows"]]
    halves = ("_single", "_multiple", "_closest", "_farthest")
    groups = {task: task.rsplit("_", 1)[0] for task, _ in rows if task.endswith(halves)}
    means, overall = grouped_means(rows, groups)
    published = GOLDEN["revsi"]["sub"]
    assert overall == pytest.approx(published["overall_acc"], abs=1e-9)
    assert means["object_abs_distance"] == 0.0
    strict = dict(score_vsi(row, "strict") for row in GOLDEN["revsi"]["rows"])
    assert strict["object_abs_distance"] > 0


@pytest.mark.parametrize("case", GOLDEN["crosspoint"]["mcq"], ids=lambda case: case["text"])
def test_reference_choice_equals_the_public_code(case):
    assert parse_choice(case["text"], LETTERS).letter == case["letter"]


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("**A**", "A"),
        ("A.", "A"),
        ("(b)", "B"),
        ("The answer is A", "A"),
        ("The correct answer is: **(C)**", "C"),
        ("A) the chair", "A"),
        ("the red chair", "A"),
        ("Answer: the table.", "B"),
        ("A lamp", "D"),
        ("Option B", "B"),
        ("I would say C", "C"),
        # An article is not option A.
        ("I cannot answer a question about this image.", None),
        ("The answer is a table.", "B"),
        ("The correct answer: a lamp (D)", "D"),
        ("B. The answer is a chair.", "B"),
        ("The best option a person has is B.", "B"),
        ("answer: a", "A"),
        ("The answer is a.", "A"),
        ("The answer is 'A'.", "A"),
        ("The answer is ‘B’.", "B"),
        ("“C”", "C"),
        ("It is 'C'", "C"),
        ("The answer isn’t D’s", None),
        # What is denied is not chosen.
        ("The answer is not A", None),
        ("not A", None),
        ("It isn't option A, it is B", "B"),
        ("I think it is C, not B.", "C"),
        ("The answer is C, not B.", "C"),
        ("The answer is not option A but B", "B"),
        ("The answer is B, and I am sure", "B"),
    ],
)
def test_parse_choice_reads_one_option(text, letter):
    options = {"A": "The red chair", "B": "the table", "C": "", "D": "a lamp"}
    assert parse_choice(text, options).letter == letter


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("A or B", "ambiguous"),
        ("The answer is A or B", "ambiguous"),
        ("Answer: A/B", "ambiguous"),
        ("The answer is **A**, **B**", "ambiguous"),
        ("Answer: A and (C)", "ambiguous"),
        ("The answer is A or option B.", "ambiguous"),
        ("A. chair\nB. table", "ambiguous"),
        ("The answer is A. The answer is B.", "ambiguous"),
        ("A chair stands there", "unparseable"),
        ("none of them", "unparseable"),
        ("", "unparseable"),
    ],
)
def test_parse_choice_does_not_guess(text, status):
    result = parse_choice(text, LETTERS)
    assert (result.status, result.letter) == (status, None)


def test_parse_choice_of_equal_options_is_ambiguous():
    assert parse_choice("left", {"A": "left", "B": "Left"}).status == "ambiguous"


def test_invalid_arguments_are_named():
    with pytest.raises(ValueError, match=r"options .* not \['a'\]"):
        parse_choice("A", {"a": "chair"})
    with pytest.raises(ValueError, match="policy 'guess' is not one of strict"):
        parse_number("1", policy="guess")


@pytest.mark.parametrize("piece", ["1", "1 ", "1,", "one ", "A ", "I a", "answer ", "[1,", "(1,1)"])
def test_parsers_take_linear_time(piece):
    def read(text):
        for policy in ("strict", "reference_lmms", "reference_official"):
            parse_number(text, policy=policy)
        parse_choice(text, LETTERS)
        parse_box(text, convention="pixel")
        reference_box_iou(text, TRUE_BOX, size=(640, 480))

    assert_linear(read, repeated(piece), length=32_000)


@given(st.text(st.sampled_from("0123456789.,-+e()[] \nABDanswer:iso*point"), max_size=60))
def test_parsers_accept_any_text(text):
    assert parse_choice(text, LETTERS).letter in (*LETTERS, None)
    assert 0.0 <= reference_box_iou(text, TRUE_BOX, size=(640, 480)) <= 1.0
    parse_box(text, convention="unit")
    for policy in ("strict", "reference_lmms", "reference_official"):
        value = parse_number(text, policy=policy).value
        assert 0.0 <= mean_relative_accuracy(value, 2.0) <= 1.0


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12).filter(lambda truth: abs(truth) > 1e-9))
def test_mean_relative_accuracy_falls_with_the_error(prediction, truth):
    value = mean_relative_accuracy(prediction, truth)
    assert 0.0 <= mean_relative_accuracy(2 * prediction - truth, truth) <= value <= 1.0
    assert mean_relative_accuracy(truth, truth) == 1.0


@pytest.mark.parametrize(
    "text",
    ["one and a half meters", "two and a half", "three-quarters of a meter", "two thirds", "1½ m"],
)
def test_parse_number_reads_no_part_of_a_fraction(text):
    assert parse_number(text).status == "unparseable"
    assert parse_number(f"It is {text}, so the answer is 3.").value == 3
    assert parse_number("3 half-filled cups").value == 3
