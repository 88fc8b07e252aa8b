from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jumpscore
from evaluators.temporal.spans import Span
from evaluators.temporal.task import (
    PROMPT,
    SpanTruth,
    TimeLens,
    TimeLensOptions,
    parse_true_span,
)
from jumpscore.data.layout import Manifest, Row, write_set
from jumpscore.records import Response
from tests.support import write_video

ROWS = (
    Row("one", "videos/a.mp4", "A person picks up a rope", "[1.0, 3.0]"),
    Row("again", "videos/a.mp4", "A person picks up a rope", "[1.0, 3.0]"),
    Row("other", "videos/a.mp4", "A dog's tail wags", "[0, 2]"),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("timelens")
    (root / "videos").mkdir()
    write_video(root / "videos" / "a.mp4", frames=100, fps=25, size=(112, 84))
    write_set(root, ROWS, Manifest("spans", synthetic=True))
    return root


TRUTH = Span(1.0, 3.0)


def score(text, truth=TRUTH, **facts):
    task = TimeLens(TimeLensOptions(data="none"))
    return task.score(SpanTruth(truth, "v", 20.0), Response("a", text, **facts))


def test_load_uses_the_published_prompt(data):
    samples = TimeLens(TimeLensOptions(data=str(data))).load()
    assert [sample.problem for sample in samples] == [None] * 3
    assert samples[2].truth == SpanTruth(Span(0.0, 2.0), "videos/a.mp4", 4.0)
    assert samples[2].question.prompt == (
        "Please find the visual event described by the sentence 'A dog's tail wags', determining "
        "its starting and ending times. The format should be: 'The event happens in <start time> "
        "- <end time> seconds'."
    )
    assert PROMPT.count("{query}") == 1


def test_score_by_hand():
    # 2 to 4 against 1 to 3: 1 s shared of 3.
    result = score("The event happens in 2.0 - 4.0 seconds.")
    assert result.status == "ok"
    assert result.values["miou"] == pytest.approx(1 / 3)
    assert [result.values[f"r1@{at}"] for at in (0.3, 0.5, 0.7)] == [1.0, 0.0, 0.0]
    assert result.view.answered == (2.0, 4.0)


def test_score_of_each_policy():
    # Units that touch their numbers: the references read (10, 15).
    result = score("10.2s - 15.7s", Span(10.2, 15.7)).values
    assert result["miou"] == 1.0
    assert result["miou_reference_lmms"] == pytest.approx((15 - 10.2) / (15.7 - 10))
    # The benchmark's script rounds: 4 to 10 of 4 to 10.
    rounded = score("4.2 - 9.6", Span(4.0, 10.0)).values
    assert rounded["miou_reference_official"] == 1.0
    assert rounded["miou"] == rounded["miou_reference_lmms"] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("text", "status", "note"),
    [
        ("5 - 2 seconds", "ok", "answers that end before they start"),
        ("1 - 2 seconds or 3 - 4 seconds", "unparseable", "answers with more than one span"),
        ("I cannot tell.", "unparseable", None),
        ("", "unparseable", None),
    ],
)
def test_score_without_a_span_is_zero_and_counted(text, status, note):
    result = score(text)
    assert result.status == status
    assert result.values["miou"] == result.values["r1@0.3"] == 0.0
    assert result.notes == ({note: 1} if note else {})


@given(st.text(max_size=200))
def test_score_of_any_text(text):
    result = score(text)
    assert result.status in ("ok", "unparseable")
    assert all(0 <= value <= 1 for value in result.values.values())


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("[1]", "not a list of two times"),
        ("[1, 2, 3]", "not a list of two times"),
        ('["a", 2]', "not a list of two times"),
        ("[true, 2]", "not a list of two times"),
        ("[1, NaN]", "not a list of two times"),
        ("[-1, 2]", "not a list of two times"),
        ("1 - 2", "not a list of two times"),
        ("[3, 1]", "ends before it starts"),
        ("[1, 50]", "the video at 4.00 s"),
    ],
)
def test_parse_true_span_reports_invalid_truths(data, tmp_path, answer, message):
    span, problem = parse_true_span(answer, duration=4.0)
    assert span == (0.0, 0.0)
    assert message in problem


def test_evaluate_counts_unusable_rows(data, tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").write_bytes((data / "videos" / "a.mp4").read_bytes())
    rows = [*ROWS, Row("bad", "videos/a.mp4", "?", "[3, 1]"), Row("out", "../x", "?", "[0, 1]")]
    write_set(tmp_path, rows, Manifest("spans", synthetic=True))
    problems = [s.problem for s in TimeLens(TimeLensOptions(data=str(tmp_path))).load()]
    assert problems[:3] == [None] * 3
    assert "id bad: the true span [3, 1] ends before it starts" in problems[3]
    assert "leaves the data set's folder" in problems[4]


def test_evaluate_and_report(data, tmp_path):
    """Two rows of one video and query are two samples; the public code keys by text."""
    answers = tmp_path / "answers.jsonl"
    texts = {"one": "1 - 3 seconds", "again": "The event happens in 2 - 3 seconds", "other": "?"}
    answers.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in texts.items()))
    run = jumpscore.evaluate(
        "replay",
        "timelens",
        model_options={"answers": str(answers)},
        task_options={"data": str(data)},
        run={"folder": str(tmp_path / "runs")},
    )
    # (1 + 1/2 + 0) / 3
    assert run.result.metrics["miou"].mean == pytest.approx(0.5)
    assert run.result.metrics["r1@0.5"].mean == pytest.approx(2 / 3)
    assert run.result.counts["unparseable"] == 1
    # All three are about one video, so the variance between videos is unknown.
    assert run.result.metrics["miou"].n == 3
    assert run.result.metrics["miou"].ci_low is None
    from jumpscore.report.html import write_report

    page = write_report(run).read_text()
    assert "miou_reference_lmms" in page
    assert "timelens" in page


def test_score_blind_baseline_is_the_whole_video():
    # 1 to 3 s of 20 s.
    assert score("?").values["content_free_miou"] == pytest.approx(0.1)
    task = TimeLens(TimeLensOptions(data="none"))
    unknown = task.score(SpanTruth(TRUTH, "v"), Response("a", "1 - 3"))
    assert unknown.values["content_free_miou"] is None


def test_answer_scores_one():
    truth = SpanTruth(Span(1.25, 3.5), "v", 20.0)
    assert score(truth.answer("unit"), truth.span).values["miou"] == 1.0


def test_score_reference_lmms_removes_reasoning_tags():
    text = "<think>At 1 - 2 it stops.</think>The event happens in 1.0 - 3.0 seconds."
    assert score(text).values["miou_reference_lmms"] == 1.0
    bare = TimeLens(TimeLensOptions(data="none", reasoning_tags="none"))
    result = bare.score(SpanTruth(TRUTH, "v", 20.0), Response("a", text))
    assert result.values["miou_reference_lmms"] == 0.5
    # The benchmark's own script takes off nothing.
    assert score(text).values["miou_reference_official"] == 0.5
