from __future__ import annotations

import json
import math
import os
import random
from pathlib import Path
from types import ModuleType
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.scoring import (
    TOLERANCES,
    Ratio,
    ReferenceCrashError,
    bootstrap,
    parse_reference,
    reference,
    reference_ap,
    reference_map,
)
from tests.support import lmms_eval_scorer, slow_reference_ap

GOLDEN = json.loads((Path(__file__).parents[2] / "data" / "jumpscore_golden.json").read_text())

ON_A_GRID = st.lists(st.integers(0, 80).map(lambda k: round(k * 0.04, 2)), max_size=25)
ANYWHERE = st.lists(st.floats(0, 3, allow_nan=False), max_size=15)
TOKENS = st.sampled_from(
    [
        "[",
        "]",
        ",",
        " ",
        "\n",
        "1",
        "2.5",
        "0.04",
        "s",
        " s",
        "S",
        "sec",
        '"',
        '"1s5"',
        '"inf"',
        '"nan"',
        "null",
        "true",
        "True",
        "{",
        "}",
        '"a":',
        "-",
        "+",
        ".",
        "_",
        "e",
        "1e2",
        "00:12",
        "٣",
        "½",
        "²",
        "x",
        ".5",
        "5.",
        "1e400",
        "İ",
        "ſ",
        "K",
        "\t",
        "\xa0",
        "\\",
        "NaN",
    ]
)


@pytest.mark.parametrize("case", GOLDEN["parse"], ids=lambda case: case["text"][:30])
def test_parse_reference_golden_values(case):
    assert parse_reference(case["text"]) == case["pred"]


@pytest.mark.parametrize("case", GOLDEN["score"], ids=lambda case: case["name"])
def test_reference_map_golden_values(case):
    truth = json.loads(case["gt"])
    predictions = parse_reference(case["pred"])
    assert reference_map(predictions, truth) == case["result"]["map"]
    for tolerance, ap in case["result"]["ap_per_tolerance"].items():
        assert reference_ap(predictions, truth)[float(tolerance)] == ap


def test_reference_map_golden_mean():
    maps = [
        reference_map(parse_reference(case["pred"]), json.loads(case["gt"]))
        for case in GOLDEN["score"]
    ]
    assert bootstrap({"map": Ratio.mean(maps)})["map"].mean == GOLDEN["aggregate"]


@given(st.one_of(ON_A_GRID, ANYWHERE), st.one_of(ON_A_GRID, ANYWHERE))
def test_reference_ap_equals_slow_implementation(predictions, truth):
    values = reference_ap(predictions, truth)
    for tolerance in TOLERANCES:
        if predictions and truth:
            assert values[tolerance] == slow_reference_ap(predictions, truth, tolerance)
        else:
            assert values[tolerance] == float(not predictions and not truth)


def one_by_one(predictions: list[float], truth: list[float]) -> dict[float, float]:
    """Return the same with a walk over both lists per tolerance."""
    with mock.patch.object(reference, "MOST_CONTESTED", 0):
        return reference_ap(predictions, truth)


@given(
    st.lists(st.floats(0, 4, allow_nan=False), max_size=40),
    st.lists(st.integers(0, 400), max_size=40, unique=True),
)
def test_reference_ap_equals_three_walks(predictions, truth):
    events = sorted(round(0.01 * k, 2) for k in truth)
    assert reference_ap(predictions, events) == one_by_one(predictions, events)


def test_reference_ap_of_dense_times_equals_three_walks():
    chance = random.Random(3)
    truth = sorted({round(chance.uniform(0, 2), 3) for _ in range(800)})
    predictions = [round(chance.uniform(0, 2), 3) for _ in range(1200)]
    assert reference_ap(predictions, truth) == one_by_one(predictions, truth)


def test_reference_map_reproduces_faults():
    assert reference_map([1, 2, 3] + [9.0] * 5000, [1, 2, 3]) == pytest.approx(1.0)
    assert round(reference_map([0.0, 1, 2, 3], [1, 2, 3]), 3) == 0.639
    assert set(reference_ap([1.11, 1.3], [1.0, 1.2]).values()) == {0.5}
    assert reference_ap([1.1], [1.0])[0.1] == 0.0
    assert reference_ap([10.1], [10.0])[0.1] == 1.0


@pytest.mark.parametrize(
    ("period", "expected"), [(0.35, 0.66), (0.5, 0.33), (0.6, 0.17), (0.8, 0.0)]
)
def test_reference_map_of_worst_phase(period, expected):
    # Rounded, as answers are: at 0.6 s half of the pairs fall to float64's side of 0.3 s.
    truth = [round(k * period, 3) for k in range(1, 101)]
    shifted = [round(time + period / 2, 3) for time in truth]
    assert reference_map(shifted, truth) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    "text",
    ["[" + "1" * 400 + "]", "[" + "1" * 5000 + "]", "[" * 200_000 + "0.5]"],
    ids=["beyond float64", "too many digits", "nesting"],
)
def test_parse_reference_crashes(text):
    with pytest.raises(ReferenceCrashError, match="crashes"):
        parse_reference(text)


def test_parse_reference_open_brackets_are_linear():
    assert parse_reference("[" * 1_000_000) == []


def test_reference_map_requires_tolerances():
    with pytest.raises(ValueError, match="no tolerance"):
        reference_map([1.0], [1.0], tolerances=())


@pytest.fixture(scope="module")
def lmms_eval() -> ModuleType:
    scorer = lmms_eval_scorer()
    if scorer is None:
        assert not os.environ.get("CI"), "CI must compare with the real lmms-eval"
        pytest.skip("lmms-eval is not installed; `make test` installs it")
    return scorer


def test_parse_reference_equals_lmms_eval(lmms_eval):
    @given(st.one_of(st.lists(TOKENS, max_size=16).map("".join), st.text(max_size=60)))
    def check(text: str) -> None:
        # repr, because NaN equals nothing
        assert repr(parse_reference(text)) == repr(lmms_eval.extract_start_times(text))

    check()


def test_reference_map_equals_lmms_eval(lmms_eval):
    odd = st.sampled_from([math.nan, math.inf, -1.0, 1e15, 1e300])

    @given(
        st.lists(st.one_of(odd, st.integers(0, 80).map(lambda k: k * 0.05)), max_size=20),
        st.one_of(ON_A_GRID, ANYWHERE).filter(bool),
    )
    def check(predictions: list[float], truth: list[float]) -> None:
        tolerances = list(TOLERANCES)
        mean, facts = lmms_eval.calculate_map_for_start_times(predictions, truth, tolerances)
        assert reference_map(predictions, truth) == mean
        assert reference_ap(predictions, truth) == facts["ap_per_tolerance"]

    check()


def test_reference_samples_equal_lmms_eval(lmms_eval):
    for case in GOLDEN["score"]:
        document = {"id": case["name"], "answer": case["gt"], "video_path": "", "question": ""}
        [expected] = {
            value["map"]
            for value in lmms_eval.jumpscore_process_results(document, [case["pred"]]).values()
        }
        assert reference_map(parse_reference(case["pred"]), json.loads(case["gt"])) == expected
