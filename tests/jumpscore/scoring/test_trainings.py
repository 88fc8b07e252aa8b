"""Intervals over clips and trainings: other formulas, numbers by hand, coverage."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from jumpscore.scoring import Ratio, compare
from jumpscore.scoring.trainings import compare_trainings, estimate_trainings
from tests.benchmarks.trainings import Design, coverage, simulated


def means(cells):
    return [Ratio.mean(column) for column in np.asarray(cells).T]


class TestEstimates:
    def test_interval_by_hand(self):
        # Means of clips 1, 4 and 7, of trainings 3 and 5; rests +-1, 0, -+1. MS_clips = 18,
        # MS_trainings = 6, MS_rest = 4 / 2 = 2; variance (16 + 4 + 2) / 6.
        estimate, over = estimate_trainings(means([[1, 1], [3, 5], [5, 9]]))
        assert (estimate.mean, estimate.n) == (4.0, 3)
        assert estimate.stderr == pytest.approx(math.sqrt(22 / 6))
        free = 22**2 / (18**2 / 2 + 6**2 / 1 + 2**2 / 2)
        half = stats.t.ppf(0.975, free) * math.sqrt(22 / 6)
        assert (estimate.ci_low, estimate.ci_high) == pytest.approx((4 - half, 4 + half))
        assert over.values == (3.0, 5.0)
        assert over.share == pytest.approx(4 / 22)

    def test_degrees_of_freedom_are_not_below_those_of_a_mean_square(self):
        # All three mean squares are 1: both parts above the rest are 0, the variance is 1 / 4, and
        # Satterthwaite's formula alone would give (1 / 4)^2 / (3 (1 / 4)^2) = 1 / 3 degrees.
        estimate, _ = estimate_trainings(means([[1.5, -0.5], [-0.5, -0.5]]))
        assert (estimate.mean, estimate.stderr) == (0.0, 0.5)
        assert estimate.ci_high == pytest.approx(12.7062 * 0.5, rel=1e-5)  # t with 1 degree

    def test_variance_equals_obuchowski_rockette(self):
        cells = simulated(Design(30, 4, trainings=0.5), np.random.default_rng(1))
        estimate, _ = estimate_trainings(means(cells))
        covariances = np.cov(cells.T)
        between = covariances[~np.eye(4, dtype=bool)].mean() / 30
        variance = cells.mean(axis=0).var(ddof=1) / 4 + between
        assert estimate.stderr == pytest.approx(math.sqrt(variance))

    def test_equal_trainings_have_the_interval_of_clips(self):
        values = np.random.default_rng(2).random(25)
        estimate, over = estimate_trainings(means(np.stack([values] * 3, axis=1)))
        assert over.share == 0.0
        low, high = stats.t.interval(0.95, 24, values.mean(), stats.sem(values))
        assert (estimate.ci_low, estimate.ci_high) == pytest.approx((low, high))

    def test_rates_and_roots_have_the_variance_of_the_jackknife(self):
        generator = np.random.default_rng(3)
        below = generator.poisson(20, (60, 2)).astype(float) + 1
        above = generator.binomial(below.astype(int), generator.beta(4, 2, (60, 1))).astype(float)
        for root in (False, True):
            value = np.sqrt if root else np.asarray
            ratios = [Ratio(a, b, is_root=root) for a, b in zip(above.T, below.T, strict=True)]
            estimate, over = estimate_trainings(ratios)
            whole = value(above.sum(0) / below.sum(0))
            left_out = value((above.sum(0) - above) / (below.sum(0) - below))
            jackknife, _ = estimate_trainings(means(60 * whole - 59 * left_out))
            assert over.values == pytest.approx(whole)
            assert estimate.stderr == pytest.approx(jackknife.stderr, rel=0.02)

    def test_clusters_count_as_clips(self):
        cells = np.array([[1.0, 0.5], [0.0, 0.5], [0.5, 0.0], [1.0, 1.0], [0.0, 0.0], [0.5, 0.5]])
        clusters = ["a", "a", "b", "b", "c", "c"]
        grouped = estimate_trainings(means(cells), clusters=clusters)[0]
        by_hand = estimate_trainings(means(cells.reshape(3, 2, 2).mean(axis=1)))[0]
        assert grouped == replace(by_hand, n=6)

    @pytest.mark.parametrize(
        "cells", [[[0.5], [1.0]], [[0.5, 1.0]], [[math.nan, 0.5], [math.nan, 1.0]]]
    )
    def test_too_little_for_an_interval(self, cells):
        estimate, over = estimate_trainings(means(cells))
        assert (estimate.stderr, estimate.ci_low, over.share) == (None, None, None)

    def test_undefined_clips_are_left_out(self):
        nan = math.nan
        with_it, _ = estimate_trainings(means([[0.5, 0.7], [nan, nan], [0.9, 1.0]]))
        assert with_it == estimate_trainings(means([[0.5, 0.7], [0.9, 1.0]]))[0]

    def test_trainings_of_other_clips_are_refused(self):
        with pytest.raises(ValueError, match=r"same clips in the same order, got \[1, 2\]"):
            estimate_trainings([Ratio.mean([1.0]), Ratio.mean([1.0, 0.0])])
        with pytest.raises(ValueError, match="must be paired"):
            compare_trainings(means([[1.0]]), means([[1.0, 0.0]]))


class TestComparisons:
    def test_pairs_remove_what_both_arms_share(self):
        cells = simulated(Design(30, 3, trainings=2.0), np.random.default_rng(4))
        apart = 0.3 + 0.1 * np.random.default_rng(5).normal(size=cells.shape)
        comparison, over = compare_trainings(means(cells + apart), means(cells))
        alone, _ = estimate_trainings(means(apart))
        assert comparison.difference == pytest.approx(apart.mean())
        assert comparison.ci_low == pytest.approx(alone.ci_low)
        assert over.values == pytest.approx(apart.mean(axis=0))
        assert (comparison.verdict, comparison.differ, comparison.n) == ("a", 30, 30)
        other, _ = compare_trainings(means(cells), means(cells + apart))
        assert (other.verdict, other.ci_high) == ("b", pytest.approx(-comparison.ci_low))

    def test_one_training_that_differs_decides_nothing(self):
        generator = np.random.default_rng(6)
        cells = generator.random((40, 3))
        better = cells + [0.5, 0.0, 0.0] + 0.05 * generator.normal(size=cells.shape)
        # Over clips alone, all trainings together would be better.
        pooled = [Ratio.mean(part.mean(axis=1)) for part in (better, cells)]
        assert compare({"f1": pooled[0]}, {"f1": pooled[1]})["f1"].verdict == "a"
        comparison, over = compare_trainings(means(better), means(cells))
        assert comparison.verdict == "tied"
        assert over.share > 0.9

    def test_few_differing_clips_give_no_verdict(self):
        cells = np.zeros((30, 2))
        other = cells.copy()
        other[:11] = 1.0
        assert compare_trainings(means(other), means(cells))[0].verdict == "too_few"
        other[11] = 1.0
        assert compare_trainings(means(other), means(cells))[0].verdict == "a"

    def test_equal_arms_are_too_few(self):
        cells = np.random.default_rng(7).random((20, 2))
        comparison, _ = compare_trainings(means(cells), means(cells))
        assert (comparison.difference, comparison.p_value, comparison.verdict) == (0, 1, "too_few")


def test_intervals_cover_the_truth_over_clips_and_trainings():
    design = Design(20, 3, trainings=0.4)
    both, clips, _ = coverage(design, replicates=250)
    assert 0.92 <= both <= 0.99
    assert clips < 0.85
