from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.base import ratios
from evaluators.jumpscore import (
    Jumps,
    JumpScore,
    JumpScoreCount,
    JumpScoreOptions,
)
from evaluators.rows import RowTaskOptions
from jumpscore.data.events import EVENTS
from jumpscore.data.layout import QUESTION, Manifest, Row, write_set
from jumpscore.records import Metric, Response, SampleScore

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "jumpscore_golden.json").read_text())


def score(text: str, truth: tuple[float, ...], *, duration: float | None = 10.0, **facts):
    return JumpScore().score(Jumps(truth, duration), Response("a", text, **facts))


def task(folder, **options):
    return JumpScore(JumpScoreOptions(data=str(folder), **options))


def test_load_keeps_the_truth_out_of_questions(tiny_set):
    for sample in task(tiny_set).load():
        assert sample.question.prompt == QUESTION
        assert sample.question.history == ()
        assert {field.name for field in fields(sample.question)} == {
            "id",
            "media",
            "prompt",
            "history",
        }


def test_load_with_protocol_v1_reveals_the_count(tiny_set):
    v1 = task(tiny_set, protocol="v1")
    sample = v1.load()[0]
    golden = GOLDEN["legacy_two_turn_messages_2661dab5"]
    assert (
        sample.question.history[0].text
        == golden[0]["content"][1]["text"]
        == EVENTS["jump_rope"].ask_count()
    )
    assert sample.question.history[1].text == "3"
    assert sample.question.prompt == golden[2]["content"][0]["text"]
    assert v1.caveats() == ("prompt protocol v1 reveals the true count to the model",)
    assert v1.protocol == "v1"


def test_score_uses_separate_parsers_for_f1_and_map():
    # The reference reads 30.0 only; the strict parser reads the list.
    result = score("In this 30s clip: [0.5, 1.0]", (0.5, 1.0), duration=30.0)
    assert result.values["map_reference"] == 0.0
    assert result.values["f1"] == 1.0
    assert result.status == "ok"


@pytest.mark.parametrize("case", GOLDEN["score"], ids=lambda case: case["name"])
def test_score_map_reference_equals_the_public_code(case):
    result = score(case["pred"], tuple(sorted(json.loads(case["gt"]))))
    assert result.values["map_reference"] == case["result"]["map"]


def test_score_of_a_video_without_jumps():
    result = score("[1.0]", ())
    assert result.values["ap_reference@0.1"] == 0.0
    assert result.values["ap_reference_lmms@0.1"] is None
    assert score("[]", ()).values["ap_reference_lmms@0.1"] == 1.0


@pytest.mark.parametrize("text", ["many jumps", "I'm sorry, I cannot help.", "["])
@pytest.mark.parametrize("truth", [(), (1.0, 2.0)])
def test_score_of_a_failed_answer_is_zero(text, truth):
    values = score(text, truth).values
    assert values["f1"] == values["precision@0.1"] == values["recall@0.3"] == 0.0
    assert values["count_exact"] == values["count_off_by_one"] == 0.0


def test_score_of_an_empty_list():
    assert score("[]", ()).values["f1"] == 1.0
    assert score("[]", ()).status == "empty"
    assert score("[]", (1.0,)).values["f1"] == 0.0


def test_score_counts_crashes_of_the_reference_parser():
    result = score("[" + "1" * 400 + ", 1.0]", (1.0,))
    assert result.values["map_reference"] == 0.0
    assert result.notes["answers on which the reference parser crashes"] == 1
    assert result.status == "ok"
    assert result.values["f1"] == 1.0
    assert len(result.parse.rejected) == 1


def test_score_controls():
    truth = tuple(0.5 * k for k in range(1, 20))
    result = score(json.dumps(list(truth)), truth).values
    # The same answer a quarter of a second later: nothing at 0.1 and 0.2 s, nearly all at 0.3 s.
    assert result["phase_control"] == pytest.approx(1 / 3, abs=0.02)
    assert 0.2 < result["content_free_map"] < 0.5
    assert score("[1.0]", (1.0,), duration=None).values["content_free_map"] is None
    assert score("[1.0]", (1.0,)).values["phase_control"] is None


def test_score_counts_times_outside_the_video():
    result = score("[-1.0, 1.0, 99.0]", (1.0,))
    assert result.notes["answered times outside the video"] == 2
    assert result.values["precision@0.3"] == pytest.approx(1 / 3)
    assert score("[2.0, 1.0]", (1.0, 2.0)).notes == {"answers with unordered times": 1}
    assert score("[2.0, 1.0]", (1.0, 2.0)).values["f1"] == 1.0


def test_score_map_confidence_ranks_by_confidence():
    sure = score("[9.0, 1.0]", (1.0,), confidences=(0.1, 0.9)).values["map_confidence"]
    unsure = score("[9.0, 1.0]", (1.0,), confidences=(0.9, 0.1)).values["map_confidence"]
    assert (sure, unsure) == (1.0, 0.5)
    assert score("[1.0]", (1.0,)).values["map_confidence"] is None
    unfit = score("[1.0]", (1.0,), confidences=(0.5, 0.5))
    assert unfit.values["map_confidence"] == 0.0
    assert unfit.notes == {"answers with a different number of confidences and times": 1}


@given(st.text(max_size=100), st.lists(st.floats(0, 9), max_size=5).map(sorted))
def test_score_of_any_text_is_a_fraction(text, truth):
    result = score(text, tuple(truth))
    for name, value in result.values.items():
        if value is not None and ("@" in name or name in ("f1", "map_reference")):
            assert 0.0 <= value <= 1.0 + 1e-12
    assert set(result.values) >= {metric.name for metric in JumpScore.metrics if not metric.over}


def test_score_of_ten_megabytes():
    result = score("[" + "1.0, " * 2_000_000 + "2.0]", (1.0, 2.0))
    assert result.status == "ok"
    assert result.values["recall@0.1"] == 1.0
    assert result.values["count_error"] == 2_000_001 - 2


class TestUnusableRows:
    @pytest.fixture
    def broken(self, tmp_path):
        rows = [
            Row("good", "videos/a.mp4", QUESTION, "[1.0]"),
            Row("no_list", "videos/a.mp4", QUESTION, "1.0"),
            Row("late", "videos/a.mp4", QUESTION, "[99.0]"),
            Row("outside", "../a.mp4", QUESTION, "[1.0]"),
        ]
        videos = {row.id: {"duration": 4.0} for row in rows}
        write_set(tmp_path, rows, Manifest("broken", videos=videos))
        return tmp_path

    def test_load_reports_file_id_and_reason(self, broken):
        problems = {s.question.id: s.problem for s in task(broken).load()}
        assert problems["good"] is None
        assert (
            problems["no_list"]
            == f"{broken}, id no_list: the ground truth is not a JSON list: '1.0'"
        )
        assert "99.0 s, but the video ends at 4.00 s" in problems["late"]
        assert "leaves the data set's folder" in problems["outside"]

    def test_evaluate_counts_them_as_unscored(self, broken, tmp_path):
        import jumpscore

        answers = tmp_path / "answers.json"
        answers.write_text(json.dumps({"good": [1.0], "no_list": [1.0], "unknown": [2.0]}))
        run = jumpscore.evaluate(
            "replay",
            "jumpscore",
            model_options={"answers": answers},
            task_options={"data": str(broken)},
            run={"folder": tmp_path / "runs"},
        )
        assert run.result.counts["error"] == 3
        assert run.result.unscored == 3
        assert set(run.responses) == {"good"}
        assert run.result.metrics["f1"].mean == 1.0
        assert run.result.metrics["f1"].n == 1
        assert run.result.notes["answers to unknown ids"] == 1
        assert run.record.extras.unknown_ids == ["unknown"]


class TestCount:
    def test_score_by_hand(self):
        count = JumpScoreCount()
        truth = Jumps((1.0, 2.0, 3.0))
        exact = count.score(truth, Response("a", "3"))
        assert exact.values["count_exact"] == 1.0
        inexact = count.score(truth, Response("a", "4 jumps"))
        assert (inexact.values["count_exact"], inexact.values["count_off_by_one"]) == (0.0, 1.0)
        assert inexact.values["count_error"] == 1.0

    def test_score_without_a_number_is_zero(self):
        result = JumpScoreCount().score(Jumps(()), Response("a", "none"))
        assert result.status == "unparseable"
        assert result.values["count_exact"] == 0.0

    def test_load_uses_the_published_question(self, tiny_set):
        samples = JumpScoreCount(RowTaskOptions(data=str(tiny_set))).load()
        assert {sample.question.prompt for sample in samples} == {EVENTS["jump_rope"].ask_count()}


def test_ratios_ignore_undefined_samples():
    metric = Metric("rate", "a rate", over=("above", "below"))
    scores = [
        SampleScore("a", "ok", {"above": 1.0, "below": 2.0}),
        SampleScore("b", "ok", {"above": None, "below": None}),
    ]
    result = ratios([metric], scores)["rate"]
    assert result.numerator.tolist() == [1.0, 0.0]
    assert result.denominator.tolist() == [2.0, 0.0]


def test_score_map_reference_ignores_reasoning():
    text = "<think>They jump at 1.2s.</think>[0.5, 1.0]"
    assert score(text, (0.5, 1.0)).values["map_reference"] == 1.0
    bare = JumpScore(JumpScoreOptions(reasoning_tags="none"))
    result = bare.score(Jumps((0.5, 1.0), 10.0), Response("a", text))
    # Only 1.2 is read: one of two jumps, within 0.2 and 0.3 s.
    assert result.values["map_reference"] == pytest.approx(1 / 3)


def test_score_map_reference_reads_nested_lists():
    text = "```json\n[0.5, [1.2, 1.6], 2.0]\n```"
    assert score(text, (0.5, 2.0)).values["map_reference"] == 1.0
