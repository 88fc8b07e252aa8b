from __future__ import annotations

import math
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jumpscore.scoring import Pair, count_pairs, match_events, matching
from tests.jumpscore.scoring.slow import table_matching
from tests.support import slow_matching

COARSE = st.integers(0, 12).map(lambda k: round(k * 0.1, 1))
FINE = st.floats(0, 1.5, allow_nan=False)
TIMES = st.one_of(st.lists(COARSE, max_size=6), st.lists(FINE, max_size=6))


@given(TIMES, TIMES.map(lambda times: times[:5]), st.sampled_from([0.1, 0.2, 0.3]))
@example([0.0, 0.0, 2e-35], [0.1], 0.1)  # different times, equal distances
@example([0.25, 0.19549921191864433], [0.375, 0.27368888141915887], 0.2)
def test_match_events_equals_exhaustive_search(predictions, truth, tolerance):
    assert match_events(predictions, truth, tolerance) == slow_matching(
        predictions, truth, tolerance
    )


@given(TIMES, TIMES, st.sampled_from([0.1, 0.2, 0.3]))
def test_count_pairs_equals_match_events(predictions, truth, tolerance):
    assert count_pairs(predictions, truth, tolerance) == len(
        match_events(predictions, truth, tolerance)
    )


@given(st.lists(FINE, max_size=60), st.lists(FINE, max_size=30))
def test_match_events_has_most_pairs(predictions, truth):
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import maximum_bipartite_matching

    pairs = match_events(predictions, truth, 0.1)
    if predictions and truth:
        within = [[abs(p - g) <= 0.1 + 1e-9 for g in truth] for p in predictions]
        most = int((maximum_bipartite_matching(csr_matrix(within)) >= 0).sum())
        assert len(pairs) == most
    assert len({pair.truth for pair in pairs}) == len(pairs)
    assert len({pair.prediction for pair in pairs}) == len(pairs)
    assert all(abs(predictions[b] - truth[a]) <= 0.1 + 1e-9 for a, b in pairs)


@given(st.lists(FINE, min_size=1, max_size=12), st.lists(FINE, min_size=1, max_size=12))
def test_match_events_has_least_distance(predictions, truth):
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    distance = np.abs(np.subtract.outer(predictions, truth))
    # A pair out of reach costs more than all pairs within it together.
    cost = np.where(distance <= 0.3 + 1e-9, distance, 100.0)
    rows, columns = linear_sum_assignment(cost)
    best = [cost[i, j] for i, j in zip(rows, columns, strict=True) if cost[i, j] < 100]
    distances = [abs(predictions[b] - truth[a]) for a, b in match_events(predictions, truth, 0.3)]
    assert len(distances) == len(best)
    assert sum(distances) == pytest.approx(sum(best), abs=1e-7)


MANY = st.one_of(st.lists(COARSE, max_size=40), st.lists(FINE, max_size=40)).map(sorted)


@pytest.mark.parametrize("narrow", [0, matching._NARROW])
@given(MANY, MANY, st.sampled_from([0.1, 0.3, 5.0]))
def test_match_events_equals_full_table(narrow, predictions, truth, tolerance):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "_NARROW", narrow)  # 0: all rows in NumPy
        pairs = match_events(predictions, truth, tolerance)
    assert pairs == table_matching(predictions, truth, tolerance)


@pytest.mark.parametrize("size", [150, 200, 250, 500])
def test_match_events_of_a_dense_answer_equals_full_table(size):
    generator = random.Random(size)
    predictions = sorted(round(generator.uniform(0, 0.6), 3) for _ in range(size))
    truth = sorted(round(generator.uniform(0, 0.3), 3) for _ in range(200))
    assert match_events(predictions, truth, 0.3) == table_matching(predictions, truth, 0.3)


def test_match_events_beats_greedy_matching():
    assert match_events([1.11, 1.3], [1.0, 1.2], 0.2) == [Pair(0, 0), Pair(1, 1)]


def test_match_events_includes_edge_of_tolerance():
    assert match_events([1.1], [1.0], 0.1)
    assert not match_events([1.1 + 1e-6], [1.0], 0.1)


def test_match_events_indices_of_unsorted_lists():
    assert match_events([5.0, 1.0], [1.02, 9.0, 5.01], 0.1) == [Pair(0, 1), Pair(2, 0)]


def test_match_events_ignores_values_not_finite():
    assert match_events([math.nan, math.inf, 1.0], [1.0, math.nan], 0.3) == [Pair(0, 2)]


def test_match_events_million_predictions():
    generator = random.Random(0)
    answers = [generator.uniform(0, 24) for _ in range(100_000)]
    truth = [0.4 * k for k in range(60)]
    assert len(match_events(answers, truth, 0.3)) == 60
    assert len(match_events([1.0] * 100_000, truth, 0.3)) == 2  # 0.8 and 1.2
