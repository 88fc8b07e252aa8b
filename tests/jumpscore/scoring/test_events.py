from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.scoring import event_scores, grid_times, half_period, ranked_ap, reference_map
from jumpscore.scoring.events import timing_scores
from tests.jumpscore.scoring.slow import curve_of_ranked_answers

ANY_TIME = st.integers(0, 12).map(lambda k: round(k * 0.1, 1)) | st.floats(0, 2) | st.just(1e-30)
TIMES = st.lists(st.floats(0, 5, allow_nan=False), max_size=20)


def test_event_scores_by_hand():
    # truth 1, 2, 3; answers: 0.05 late, 0.25 late, none, and one out of nowhere
    scores = event_scores([1.05, 2.25, 8.0], [1.0, 2.0, 3.0])
    values = scores.values
    assert (values["precision@0.1"], values["recall@0.1"]) == (1 / 3, 1 / 3)
    assert (values["precision@0.3"], values["recall@0.3"]) == (2 / 3, 2 / 3)
    assert values["f1"] == pytest.approx((1 / 3 + 1 / 3 + 2 / 3) / 3)
    assert values["timing_bias"] == pytest.approx(0.15)
    assert values["timing_spread"] == pytest.approx(0.1)
    assert values["count_error"] == 0
    assert values["count_exact"] == 1
    assert scores.extras == (2,)
    assert scores.misses == (2,)


def test_count_scores_by_hand():
    values = event_scores([1.0], [1.0, 2.0, 3.0]).values
    assert values["count_error"] == -2
    assert values["count_mae"] == 2
    assert values["count_off_by_one"] == 0


def test_event_scores_empty():
    assert event_scores([], []).values["f1"] == 1.0
    assert event_scores([], [1.0]).values["f1"] == 0.0
    assert event_scores([1.0], []).values["f1"] == 0.0
    assert event_scores([], [1.0]).values["timing_bias"] is None


@given(TIMES, TIMES)
def test_event_scores_rise_with_tolerance(predictions, truth):
    values = event_scores(predictions, truth).values
    assert values["f1@0.1"] <= values["f1@0.2"] <= values["f1@0.3"] <= 1.0


@given(TIMES)
def test_event_scores_of_truth_are_one(truth):
    values = event_scores(list(reversed(truth)), truth).values
    assert values["f1@0.1"] == 1.0
    assert values["count_exact"] == 1.0
    assert values["timing_bias"] in (None, 0.0)


def test_event_scores_late_extras_cost():
    truth = [1.0, 2.0, 3.0]
    assert reference_map([*truth, 9.0], truth) == pytest.approx(1.0)
    assert event_scores([*truth, 9.0], truth).values["f1"] == pytest.approx(6 / 7)


def test_timing_scores_by_hand():
    assert timing_scores([0.1, 0.2, 0.9]) == {"timing_bias": 0.2, "timing_spread": 0.1}


class TestRankedAp:
    def test_ranked_ap_perfect_order(self):
        assert ranked_ap([1.0, 2.0], [0.9, 0.8], [1.0, 2.0], 0.1) == 1.0

    def test_ranked_ap_confident_false_positive(self):
        # ranks: wrong, right, right -> precision 1/2 and 2/3 at recall 1/2 and 1; envelope 2/3
        precision = ranked_ap([9.0, 1.0, 2.0], [0.9, 0.8, 0.7], [1.0, 2.0], 0.1)
        assert precision == pytest.approx(2 / 3)

    def test_ranked_ap_doubtful_false_positive(self):
        assert ranked_ap([9.0, 1.0, 2.0], [0.1, 0.8, 0.7], [1.0, 2.0], 0.1) == 1.0

    def test_ranked_ap_miss(self):
        assert ranked_ap([1.0], [0.9], [1.0, 2.0], 0.1) == 0.5

    def test_ranked_ap_without_events(self):
        assert ranked_ap([1.0], [0.5], [], 0.1) is None

    def test_ranked_ap_requires_confidences(self):
        with pytest.raises(ValueError, match="1 predictions with 2"):
            ranked_ap([1.0], [0.5, 0.5], [1.0], 0.1)

    @given(
        st.lists(st.tuples(st.floats(0, 3), st.sampled_from([0.1, 0.5, 0.9])), max_size=12),
        st.lists(st.floats(0, 3), min_size=1, max_size=8),
    )
    def test_ranked_ap_equals_area_under_envelope(self, answers, truth):
        predictions = [time for time, _ in answers]
        confidences = [confidence for _, confidence in answers]
        precision = ranked_ap(predictions, confidences, truth, 0.2)
        ranked = sorted(answers, key=lambda answer: (-answer[1], answer[0]))
        free, hits = list(truth), []
        for time, _ in ranked:
            nearest = sorted((abs(time - g), g) for g in free)
            hit = bool(nearest) and nearest[0][0] <= 0.2 + 1e-9
            hits.append(hit)
            if hit:
                free.remove(nearest[0][1])
        area = 0.0
        for needed in range(1, len(truth) + 1):
            best = [
                sum(hits[:rank]) / rank
                for rank in range(1, len(hits) + 1)
                if sum(hits[:rank]) >= needed
            ]
            area += max(best, default=0.0) / len(truth)
        assert precision == pytest.approx(area)

    @given(
        st.lists(st.tuples(ANY_TIME, st.sampled_from([0.1, 0.5, 0.9])), max_size=30),
        st.lists(ANY_TIME, min_size=1, max_size=30),
        st.sampled_from([0.1, 0.3]),
    )
    def test_ranked_ap_equals_comparing_all(self, answers, truth, tolerance):
        predictions = [time for time, _ in answers]
        confidences = [confidence for _, confidence in answers]
        curve = curve_of_ranked_answers(predictions, confidences, truth, tolerance)
        area = highest = 0.0
        for place in range(len(curve) - 1, -1, -1):
            highest = max(highest, curve[place][1])
            area += highest * (curve[place][0] - (curve[place - 1][0] if place else 0.0))
        assert ranked_ap(predictions, confidences, truth, tolerance) == area


def test_grid_times():
    assert grid_times(1.6) == [0.25, 0.75, 1.25]
    assert grid_times(0.2) == []
    assert len(grid_times(60.0, period=0.5)) == 120
    with pytest.raises(ValueError, match="above 0"):
        grid_times(1.0, period=0.0)


def test_grid_times_scores():
    truth = [k * 0.5 for k in range(1, 121)]
    dense = [k * 0.1 for k in range(1, 601)]
    assert reference_map(dense, truth) == pytest.approx(0.22, abs=0.02)


def test_half_period():
    assert half_period([3.0, 1.0, 2.0]) == 0.5
    assert half_period([1.0]) is None
