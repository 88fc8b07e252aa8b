"""The counting field's metrics, and the task of any repeated action."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from evaluators.base import explained, ratios
from evaluators.jumpscore import COUNT_METRICS, JumpScoreCount, Repetitions
from jumpscore.data.events import EVENTS
from jumpscore.data.layout import Manifest, Row, write_set
from jumpscore.harness.repeats import mean_ratios
from jumpscore.records import Response, SampleScore
from jumpscore.scoring import bootstrap, compare
from jumpscore.scoring.events import count_scores

COUNTS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=20)


def scored(pairs) -> list[SampleScore]:
    return [
        SampleScore(str(place), "ok", count_scores(predicted, true) | {"true": float(true)})
        for place, (predicted, true) in enumerate(pairs)
    ]


def means(pairs) -> dict[str, float | None]:
    estimates = bootstrap(ratios(COUNT_METRICS, scored(pairs)), resamples=50)
    return {name: estimate.mean for name, estimate in estimates.items()}


@given(pairs=COUNTS)
def test_count_metrics_equal_scikit_learn(pairs):
    predicted, true = np.array(pairs).T
    values = means(pairs)
    assert values["count_rmse"] == pytest.approx(root_mean_squared_error(true, predicted))
    assert values["count_mae"] == pytest.approx(mean_absolute_error(true, predicted))
    if len(set(true)) > 1:
        assert values["count_r2"] == pytest.approx(r2_score(true, predicted))
    else:
        assert values["count_r2"] is None
    counted = true > 0
    if counted.any():
        shares = np.abs(predicted - true)[counted] / true[counted]
        assert values["count_nmae"] == pytest.approx(shares.mean())


def test_count_metrics_by_hand():
    # Errors -1, 2, 0 of 4, 10, 7: squares 1, 4, 0; deviations from 7 squared 9, 9, 0.
    values = means([(3, 4), (12, 10), (7, 7)])
    assert values["count_rmse"] == pytest.approx(math.sqrt(5 / 3))
    assert values["count_r2"] == pytest.approx(1 - 5 / 18)
    assert values["count_nmae"] == pytest.approx((1 / 4 + 2 / 10) / 3)
    assert values["count_off_by_one"] == pytest.approx(2 / 3)


def test_explained_ignores_samples_without_values():
    values = explained(np.array([1.0, np.nan, 0.0]), np.array([3.0, 100.0, 5.0]))
    assert values.tolist()[::2] == [0.0, 1.0]
    assert np.isnan(values[1])
    assert np.isnan(explained(np.array([]), np.array([]))).all()


def test_root_interval_is_the_root_of_the_interval():
    squares = bootstrap(ratios(COUNT_METRICS, scored([(k, 3 * k % 7) for k in range(9)])))
    rmse = squares["count_rmse"]
    assert rmse.ci_low <= rmse.mean <= rmse.ci_high
    assert rmse.n == 9


def test_root_of_repeats_and_comparison():
    one, other = scored([(3, 4), (9, 5)]), scored([(4, 4), (5, 5)])
    names = ["0", "1"]
    ratio = mean_ratios(COUNT_METRICS, [one, other], names)
    estimates = bootstrap(ratio, resamples=50)
    assert estimates["count_rmse"].mean == pytest.approx(math.sqrt((1 / 2 + 16 / 2) / 2))
    a, b = (mean_ratios(COUNT_METRICS, [scores], names) for scores in (one, other))
    difference = compare(a, b)["count_rmse"]
    assert difference.difference == pytest.approx(math.sqrt(17 / 2))


@pytest.fixture
def squats(tmp_path):
    event = EVENTS["repetition"]
    row = Row("a", "videos/a.mp4", event.ask("squat"), json.dumps([0.5, 1.5, 2.5]))
    facts = {"duration": 4.0, "label": "squat"}
    write_set(tmp_path, [row], Manifest("squats", videos={"a": facts}, event=event))
    return {"data": str(tmp_path)}


def test_repetitions_score(squats):
    task = Repetitions(Repetitions.Options(**squats))
    [sample] = task.load()
    assert "each squat the main character does" in sample.question.prompt
    score = task.score(sample.truth, Response("a", "[0.5, 1.5]"))
    assert score.values["f1@0.1"] == pytest.approx(0.8)
    assert score.values["count_nmae"] == pytest.approx(1 / 3)
    texts = [metric.title for metric in task.metrics]
    texts += [text for pair in task.explanations.values() for text in pair]
    assert not any("jump" in text for text in texts)


def test_count_question_is_that_of_the_data_set(squats):
    [sample] = JumpScoreCount(JumpScoreCount.Options(**squats)).load()
    assert sample.question.prompt == "How many squat did the person in the video do in total?"
    task = Repetitions(Repetitions.Options(**squats, protocol="v1"))
    assert task.load()[0].question.history[0].text == sample.question.prompt
