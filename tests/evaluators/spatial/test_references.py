"""Scores of the public code next to ours."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

import numpy as np
import pytest

from evaluators.spatial import mean_relative_accuracy, parse_number
from evaluators.spatial.benchmarks import BENCHMARKS
from evaluators.spatial.references import (
    OFFICIAL,
    REFERENCES,
    ScoredQuestion,
    reference_mra,
)
from evaluators.spatial.rows import SpatialTruth
from evaluators.spatial.task import Spatial, SpatialOptions
from jumpscore.data.layout import rows_checksum
from jumpscore.scoring import ReferenceCrashError
from tests.evaluators.spatial.made import (
    GOLDEN,
    HIGH,
    WIDE,
    WORDS,
    mask,
    row,
    score,
    write_set,
)

NAMES = {
    ("points_in_mask", "_reference_lmms", "points"): "where2place",
    ("points_in_mask", "_reference_official", "points"): "official_roborefer_text2pts_rel",
    ("pointbench", "_reference_lmms", "first_point"): "pointbench_binary_noncount",
    ("pointbench", "_reference_lmms", "count"): "pointbench_binary_count1",
}


@pytest.mark.parametrize("case", GOLDEN["w2p_refspatial"]["cases"], ids=lambda case: case["text"])
def test_references_of_points_equal_the_public_code(case):
    for (name, suffix, rule), key in NAMES.items():
        query = ScoredQuestion(SpatialTruth(rule, number=1), mask() > 0)
        result = REFERENCES[name].scores[suffix](case["text"], query)
        assert result == pytest.approx(case[key], abs=1e-9), key
    query = ScoredQuestion(SpatialTruth("points"), mask() > 0)
    points = case["robospatial_json2pts"]
    hit = any(0 <= x < WIDE and 0 <= y < HIGH and mask()[y, x] > 0 for x, y in points)
    assert REFERENCES["robospatial"].scores["_reference_lmms"](case["text"], query) == float(hit)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Answer: yes", 1.0),
        ("no way\nyes", 1.0),
        ("yes\nAnswer: no", 0.0),
        ("yes, I know", 0.0),  # "know" contains "no"
        ("<think>no</think>yes", 1.0),
    ],
)
def test_reference_of_robospatial_finds_yes_inside_words(text, value):
    query = ScoredQuestion(SpatialTruth("word", letter="A", options=WORDS))
    assert REFERENCES["robospatial"].scores["_reference_lmms"](text, query) == value


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("two1,200", 2.0),
        ("two (two)", 4.0),
        ("two(300, 400)", 2.0),
        ("ten and a half", 10.0),
        ("one million", 1.0),
        ("twothree 7", 7.0),
        ("five thousand and twenty", 5020.0),
    ],
)
def test_reference_numbers_equal_lmms_eval(text, number):
    """Values of lmms-eval 0.7.3's ``extract_number``, run on these texts."""
    assert parse_number(text, policy="reference_lmms").value == number


def test_reference_of_robospatial_with_an_empty_answer_tag():
    query = ScoredQuestion(SpatialTruth("word", letter="B", options=WORDS))
    text = "<answer></answer> no"
    assert REFERENCES["robospatial"].scores["_reference_lmms"](text, query) == 0.0


def test_reference_mra_has_rounding_errors():
    # |4 - 5| / 5 = 0.2, and 1 - 0.8 = 0.19999999999999996.
    assert reference_mra(4, 5) == 0.6
    assert mean_relative_accuracy(4, 5) == 0.7
    assert reference_mra(3, 0) == reference_mra(None, 3) == 0.0
    for case in GOLDEN["vsi"]["mra"]:
        if case["target"]:
            assert reference_mra(case["pred"], case["target"]) == pytest.approx(case["mra"])


def test_score_reports_ours_and_the_public_code(tmp_path):
    rows = [row("number", reference="vsibench", answer="1200"), row("choice", reference="vsibench")]
    task = Spatial(SpatialOptions(data=str(write_set(tmp_path, rows))))
    number, choice = (sample.truth for sample in task.load())
    result = score(task, number, "about 1,200 m").values
    assert result["score"] == 1.0
    assert result["score_reference_lmms"] == result["score_reference_official"] == 0.0
    result = score(task, choice, "(B)").values
    assert (result["score"], result["score_reference_lmms"]) == (1.0, 0.0)


def test_score_of_many_boxes_differs_from_the_reference(tmp_path):
    root = write_set(tmp_path, [row("box", reference="refcoco")])
    task = Spatial(SpatialOptions(data=str(root)))
    [sample] = task.load()
    result = score(task, sample.truth, "[0,0,9,9] [50, 20, 120, 60]", convention="relative_1000")
    assert (result.values["acc@0.5"], result.values["miou"]) == (0.0, 0.0)
    assert result.values["acc@0.5_reference_lmms"] == result.values["miou_reference_lmms"] == 1.0


def test_score_blind_baseline_of_every_rule(tmp_path):
    """The middle (100, 50) is in the mask; the box has 0.14 of the image; 4 of 3, 4, 8, 9 is the
    lower median."""
    numbers = [row("number", id=str(n), answer=str(n), group="n") for n in (9, 3, 8, 4)]
    rows = [row("first_point"), row("count"), row("box"), row("choice"), *numbers]
    task = Spatial(SpatialOptions(data=str(write_set(tmp_path, rows))))
    blind = {
        s.question.id: score(task, s.truth, "", convention="unit").values["content_free_score"]
        for s in task.load()
    }
    assert [blind[name] for name in ("first_point", "count", "box", "choice")] == [1, 0, 0, 0.25]
    assert (blind["4"], blind["8"]) == (1.0, 0.1)
    assert next(m for m in task.metrics if m.name == "content_free_score").better is None


@pytest.mark.parametrize(
    ("reference", "text", "value"),
    [
        ("cv_bench", "(b) table", 1.0),
        ("cv_bench", "The answer is B", 0.0),  # T
        ("embspatial", " B", 1.0),
        ("blink", "The correct answer is (B).", 1.0),
        ("erqa", "A is wrong, so it is B.", 0.0),  # it starts with A
        ("mmsi_bench", "``B``", 1.0),
        ("mmsi_bench", "``B table``", 0.0),  # a letter with a word behind it
        ("sat", "It is the table", 1.0),
        ("sat", "<think>chair?</think> B", 0.0),  # its filter looks before tags are taken off
        ("metavqa", "B.", 1.0),
        ("metavqa", "B because", 1.0),
        ("crpe", "B because", 0.0),
        ("crpe", "<think>chair?</think> B", 1.0),
        ("crosspoint", "Therefore the table is nearest", 0.0),  # the first letter behind it: A
        ("crosspoint", "\\boxed{B}", 1.0),
        ("vsibench", " B", 1.0),
    ],
)
def test_references_of_choices_equal_lmms_eval(tmp_path, reference, text, value):
    options = ("chair", "table", "lamp", "sofa")
    listing = "\n".join(f"{a}. {b}" for a, b in zip("ABCD", options, strict=True))
    rows = [row("choice", reference=reference, options=options, listing=listing)]
    task = Spatial(SpatialOptions(data=str(write_set(tmp_path, rows))))
    [sample] = task.load()
    assert score(task, sample.truth, text).values["accuracy_reference_lmms"] == value


def test_score_reasoning_tags_option(tmp_path):
    root = write_set(tmp_path, [row("number", reference="vsibench", answer="5")])
    text = "<think>I see 2 and 3.</think>5"
    for tags, value in (("lmms_eval", 1.0), ("none", 0.0)):
        task = Spatial(SpatialOptions(data=str(root), reasoning_tags=tags))
        [sample] = task.load()
        assert score(task, sample.truth, text).values["mra_reference_lmms"] == value


@pytest.mark.parametrize(
    ("rule", "more", "text"),
    [
        ("points", {"reference": "robospatial"}, "```json\n[400, 300]\n```"),
        ("points", {"reference": "points_in_mask"}, f"({'1' * 400}, 2)"),
        ("first_point", {"reference": "pointbench"}, "(12345678901, 2)"),
        ("first_point", {"reference": "crosspoint"}, "Well..., 5"),
        ("box", {"reference": "refcoco"}, f"[{'1' * 400}, 2, 3, 4]"),
        ("number", {"reference": "vsibench", "answer": "0"}, "3"),
    ],
)
def test_score_counts_answers_that_crash_the_public_code(tmp_path, rule, more, text):
    task = Spatial(SpatialOptions(data=str(write_set(tmp_path, [row(rule, **more)]))))
    [sample] = task.load()
    result = score(task, sample.truth, text, convention="unit")
    assert result.values[f"{task.main.name}_reference_lmms"] == 0.0
    assert result.notes["answers that crash lmms-eval"] == 1


def test_rows_checksum_ignores_an_empty_new_field(tmp_path):
    old = row("choice")
    assert rows_checksum([old]) != rows_checksum([row("choice", listing="A. chair")])
    known = {name: value for name, value in asdict(old).items() if name != "listing"}
    line = json.dumps(known, sort_keys=True)
    assert rows_checksum([old]) == hashlib.sha256(line.encode()).hexdigest()


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda benchmark: benchmark.name)
def test_benchmarks_have_a_public_scorer_of_their_rules(benchmark):
    scorer = REFERENCES[benchmark.reference]
    for questions in benchmark.by_kind.values():
        assert questions.rule in scorer.rules
        # Filters that read the answer first look for options in the question as published.
        assert bool(questions.listing) == scorer.filtered_first


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # RoboRefer d97a995; the mask is true in columns 50 to 119 of rows 20 to 59.
        ("(0.25, 0.2, 0.6, 0.6)", 1.0),
        ("(0.25, 0.2, 0.6, 0.6) or (0.0, 0.0)", 2800 / 2801),
        ("(60, 40)", 1.0),
        ("(60, 40, 90, 50)", 0.0),
        ("(0.3, 0.4, 0.5)", 0.0),
        ("[0.3, 0.4]", 0.0),
    ],
)
def test_reference_official_of_points_equals_the_public_code(text, expected):
    pixels = np.zeros((100, 200), dtype=bool)
    pixels[20:60, 50:120] = True
    read = REFERENCES["points_in_mask"].scores[OFFICIAL]
    assert read(text, ScoredQuestion(SpatialTruth("points"), pixels)) == pytest.approx(
        expected, abs=1e-12
    )


@pytest.mark.parametrize("text", ["(0.6, 0.6, 0.25, 0.2)", f"({'9' * 400}.0, 1)", f"({10**30}, 5)"])
def test_reference_official_of_points_crashes(text):
    pixels = np.ones((100, 200), dtype=bool)
    with pytest.raises(ReferenceCrashError):
        REFERENCES["points_in_mask"].scores[OFFICIAL](
            text, ScoredQuestion(SpatialTruth("points"), pixels)
        )
