"""The model content_free and the blind baseline next to a metric are one definition."""

from __future__ import annotations

import pytest

import jumpscore
from jumpscore.harness.blind_baseline import blind_answers, blind_baseline
from jumpscore.harness.factory import make_task
from jumpscore.records import Question, Sample
from tests.support import render_mini


@pytest.fixture
def evaluate_set(rendered_sets, monkeypatch, tmp_path):
    monkeypatch.setenv("JUMPSCORE_CACHE", str(rendered_sets))

    def evaluate_set(name, task):
        return jumpscore.evaluate(
            "content_free", task, task_options={"data": name}, run={"folder": tmp_path / "runs"}
        )

    return evaluate_set


@pytest.mark.parametrize(
    ("name", "task", "metrics"),
    [
        ("mini_timelens", "timelens", ["miou"]),
        ("mini_traces", "traces", ["success", "start_2d", "end_2d", "rmse_2d", "rmse_999_all"]),
        ("mini_tracking", "tracking", ["point_f1"]),
    ],
)
def test_content_free_scores_the_blind_baseline(evaluate_set, name, task, metrics):
    run = evaluate_set(name, task)
    assert run.result.unscored == 0
    compared = 0
    for metric in metrics:
        for score in run.scores:
            baseline = score.values.get(f"content_free_{metric}")
            if baseline is not None:
                assert score.values[metric] == pytest.approx(baseline, abs=1e-3), score
                compared += 1
        assert blind_baseline(run.result, metric) is not None
    assert compared >= len(run.scores) / 2


def test_content_free_scores_the_blind_baseline_of_spatial_questions(evaluate_set):
    run = evaluate_set("mini_spatial", "spatial")
    assert run.result.unscored == 0
    [main] = [name.removeprefix("content_free_") for name in run.result.metrics
              if name.startswith("content_free_")]  # fmt: skip
    by_chance = 0
    for score in run.scores:
        baseline = score.values[f"content_free_{main}"]
        if 0 < baseline <= 0.5 and score.values[main] in (0.0, 1.0):
            by_chance += 1  # an option at random, against its probability
        else:
            assert score.values[main] == pytest.approx(baseline), score
    assert 0 < by_chance < len(run.scores)


def test_blind_answers_of_choices_are_spread_over_the_options(tmp_path):
    render_mini("mini_spatial", tmp_path)
    samples = [s for s in make_task("spatial", {"data": str(tmp_path)}).load() if s.truth.options]
    truth = samples[0].truth
    texts = {truth.blind_answer("unit", salt=str(i)) for i in range(50)}
    assert len(texts) == len(truth.options)
    assert blind_answers(samples) == blind_answers(samples)


def test_blind_answers_leave_out_a_truth_that_fails(caplog):
    class Truth:
        def blind_answer(self, convention, *, salt):
            if salt == "bad":
                raise ZeroDivisionError("no options")
            return "[1.0]"

    samples = [Sample(Question(name, (), "?"), Truth()) for name in ("bad", "good")]
    assert list(blind_answers(samples)) == ["good"]
    assert "bad: no blind answer: ZeroDivisionError" in caplog.text
