from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import spearmanr

from jumpscore.scoring import Ratio, compare, rank
from jumpscore.scoring.ranking import _centred_ranks, holm_rejections

VIDEOS = 60


def scores(*means: float, seed: int = 0, noise: float = 0.2) -> dict[str, Ratio]:
    generator = np.random.default_rng(seed)
    hard = generator.normal(0, 0.3, VIDEOS)
    return {
        f"m{number}": Ratio.mean(mean + hard + generator.normal(0, noise, VIDEOS))
        for number, mean in enumerate(means)
    }


def ranked(models, better="higher", **options):
    return rank(models, clusters=None, better=better, **options)


def test_rank_groups_against_the_anchor():
    ranking = ranked(scores(0.2, 0.9, 0.88, 0.21, 0.5))
    assert [row.name for row in ranking.rows[2:3]] == ["m4"]
    assert [row.group for row in ranking.rows] == [1, 1, 2, 3, 3]
    assert [row.verdict for row in ranking.rows] == ["best", "tied", "worse", "worse", "tied"]
    anchors = [row.anchor for row in ranking.rows]
    names = [row.name for row in ranking.rows]
    assert anchors == [None, names[0], names[0], names[2], names[3]]


def test_rank_does_not_depend_on_the_order_of_models():
    models = scores(0.5, 0.52, 0.6, 0.9)
    backwards = dict(reversed(models.items()))
    assert ranked(models) == ranked(backwards)


def test_rank_lower_is_better():
    models = scores(0.2, 0.9)
    assert [row.name for row in ranked(models, "lower").rows] == ["m0", "m1"]
    assert ranked(models, "lower").rows[1].verdict == "worse"


def test_rank_uses_the_test_of_compare():
    models = scores(0.5, 0.55)
    first, second = ranked(models).rows
    pair = compare({"m": models[first.name]}, {"m": models[second.name]})["m"]
    assert (second.comparison, second.p_value) == (pair, pair.p_value)


def test_rank_corrects_for_all_open_pairs():
    """Two close models, and two that every test separates: only one of 6 pairs is open."""
    ranking = ranked(scores(2.0, 1.96, 1.0, 0.0))
    assert (ranking.pairs, ranking.open_pairs) == (6, 1)
    ranking = ranked(scores(1.0, 1.0, 1.0, 1.0))
    assert (ranking.pairs, ranking.open_pairs) == (6, 6)
    for row in ranking.rows[1:]:
        assert row.p_value == min(1.0, 6 * row.comparison.p_value)


def test_rank_shared_videos():
    models = scores(0.5, 0.9)
    missing = np.arange(VIDEOS) < 20
    whole = models["m1"]
    models["m1"] = Ratio(
        np.where(missing, np.nan, whole.numerator), np.where(missing, np.nan, 1.0), True
    )
    first, second = ranked(models).rows
    assert (first.estimate.n, second.estimate.n, second.comparison.n) == (40, 60, 40)


def test_rank_missing_rows_of_a_rate():
    a = Ratio(np.array([1.0, np.nan] * 20), np.array([2.0, np.nan] * 20))
    b = Ratio(np.array([1.0, 9.0] * 20), np.array([2.0, 9.0] * 20))
    second = ranked({"a": a, "b": b}).rows[1]
    assert (second.comparison.difference, second.comparison.n) == (0.0, 20)


def test_rank_equal_values_have_equal_ranks():
    same = scores(0.5)["m0"]
    assert [row.rank for row in ranked({"x": same, "y": same}).rows] == [1, 1]


def test_rank_refuses_unequal_entries():
    with pytest.raises(ValueError, match="same entries"):
        ranked({"x": Ratio.mean([1.0]), "y": Ratio.mean([1.0, 2.0])})
    with pytest.raises(ValueError, match="same entries"):
        ranked({})


def test_rank_stability():
    clear, noise = ranked(scores(0.1, 1.1, 2.1)), ranked(scores(0.5, 0.5, 0.5, 0.5))
    assert clear.stability.spearman == 1.0
    assert clear.stability.keeps_order == (1.0, 1.0)
    assert abs(noise.stability.spearman) < 0.8
    assert all(0.4 < share < 1 for share in noise.stability.keeps_order)
    assert ranked(scores(0.5)).stability.spearman is None


def test_centred_ranks_equal_scipy():
    values = np.random.default_rng(1).integers(0, 5, (2, 30)).astype(float)
    one, other = _centred_ranks(values)
    correlation = (one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum())
    assert correlation == pytest.approx(spearmanr(*values).statistic)


def test_holm_rejections_by_hand():
    # 0.001 <= 0.05/5, 0.012 <= 0.05/4, 0.016 <= 0.05/3, 0.03 > 0.05/2; 0.04 is not looked at
    assert holm_rejections([0.016, 0.04, 0.001, 0.03, 0.012]) == 3
    assert holm_rejections([0.02, 0.03]) == 2
    assert holm_rejections([0.03, 0.03]) == 0
    assert holm_rejections([]) == 0


@pytest.mark.slow
def test_rank_equal_models_are_one_group():
    """The error rate is per family: 100 rankings of 6 equal models, at most about 5."""
    generator = np.random.default_rng(0)
    several = 0
    for seed in range(100):
        values = generator.integers(0, 5, (6, 40)) / 4
        models = {str(number): Ratio.mean(row) for number, row in enumerate(values)}
        rows = ranked(models, seed=seed).rows
        several += any(one.group != other.group for one, other in pairwise(rows))
    assert several <= 11
