from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test

from jumpscore.scoring import Ratio, compare
from jumpscore.scoring.paired import FEWEST, gaussian_bound
from tests.null_models import SCENARIOS, error_rate


def compared(a, b, **options):
    return compare({"m": a}, {"m": b}, **options)["m"]


def test_compare_p_value_equals_scipy():
    generator = np.random.default_rng(2)
    a, b = generator.normal(0.15, 1, 60), generator.normal(0, 1, 60)
    independent = permutation_test(
        (a, b), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=9_999, rng=1
    )
    p_value = compared(Ratio.mean(a), Ratio.mean(b)).p_value
    assert p_value == pytest.approx(independent.pvalue, abs=0.02)


def test_compare_p_value_and_interval_equal_enumeration():
    """All 4,096 swaps of 12 clusters of unequal size; the interval by trying differences."""
    generator = np.random.default_rng(3)
    names = [f"video{number:02d}" for number in range(12) for _ in range(1 + number % 4)]
    a, b = generator.normal(0.4, 1, len(names)), generator.normal(0, 1, len(names))
    result = compared(Ratio.mean(a), Ratio.mean(b), clusters=names)
    places = np.unique(names, return_inverse=True)[1]
    signs = np.array(list(product((-1, 1), repeat=12)))

    def p_value(shift: float) -> float:
        sums = np.abs(signs @ np.bincount(places, a - b - shift))
        return float(np.mean(sums >= sums[-1] - 1e-12))

    assert result.p_value == pytest.approx(p_value(0.0), abs=0.015)
    assert p_value(result.ci_low) == pytest.approx(0.05, abs=0.01)
    assert p_value(result.ci_high) == pytest.approx(0.05, abs=0.01)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 0.25, 0.5, 1]), st.sampled_from([0, 0.5, 1])),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 3),
)
def test_compare_interval_agrees_with_verdict(pairs, rows):
    a, b = np.array(pairs).T
    names = [str(place // rows) for place in range(len(a))]
    result = compared(Ratio.mean(a), Ratio.mean(b), clusters=names)
    mirrored = compared(Ratio.mean(b), Ratio.mean(a), clusters=names)
    assert (mirrored.p_value, mirrored.differ) == (result.p_value, result.differ)
    assert (result.verdict == "too_few") == (result.differ < FEWEST)
    if result.ci_low is not None:
        assert (result.ci_low > 0 or result.ci_high < 0) == (result.p_value <= 0.05)
        assert result.ci_low <= result.difference <= result.ci_high


@pytest.mark.parametrize(("videos", "verdict"), [(11, "too_few"), (12, "a")])
def test_compare_needs_twelve_videos_that_differ(videos, verdict):
    a = np.concatenate([np.ones(videos), np.zeros(30)])
    assert compared(Ratio.mean(a), Ratio.mean(np.zeros(len(a)))).verdict == verdict


def test_compare_few_videos_have_no_interval():
    result = compared(Ratio.mean([1.0] * 4), Ratio.mean([0.0] * 4))
    assert (result.difference, result.ci_low, result.ci_high) == (1.0, None, None)


def test_compare_ignores_rounding_of_repeats():
    a = np.full(20, 0.1 + 0.2)
    assert compared(Ratio.mean(a), Ratio.mean(np.full(20, 0.3))).differ == 0


def test_compare_groups_swap_plain_values():
    """The centred numerator of a mean over groups repeats the difference in every sample."""
    from evaluators.base import grouped_ratio

    cells = [(f"group{number}",) for number in range(40)]
    a, b = np.zeros(40), np.zeros(40)
    a[:16], b[16:30] = 1.0, 1.0
    result = compared(grouped_ratio(a, cells), grouped_ratio(b, cells))
    assert (result.differ, result.verdict) == (30, "tied")
    assert result.difference == pytest.approx(2 / 40)


def test_gaussian_bound_is_at_least_the_exact_p_value():
    signs = np.array(list(product((-1, 1), repeat=10)))
    generator = np.random.default_rng(5)
    for _ in range(50):
        values = generator.exponential(1, 10) * generator.choice((-1, 1), 10, p=(0.1, 0.9))
        exact = np.mean(np.abs(signs @ values) >= abs(values.sum()) - 1e-12)
        assert gaussian_bound(values[:, None])[0] >= exact


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "videos"),
    [(name, 40) for name in SCENARIOS if "84%" not in name]
    + [("scores with five levels, 84% equal", 160)],
)
def test_compare_errors_of_equal_models(name, videos):
    """600 replicates: a rate of 5% has a standard error of 0.9%; the seeds are fixed."""
    wrong, decided = error_rate(SCENARIOS[name], videos, replicates=600)
    assert decided > 0.8
    assert 0.025 <= wrong <= 0.075
