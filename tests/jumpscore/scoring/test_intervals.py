from __future__ import annotations

import numpy as np
import pytest

from jumpscore.scoring import Ratio, bootstrap, compare


def normal(n: int, *, seed: int = 0, mean: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1.0, n)


def test_the_interval_of_a_mean_is_the_textbook_one():
    values = normal(400)
    found = bootstrap({"m": Ratio.mean(values)}, seed=3)["m"]
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert found.mean == pytest.approx(values.mean())
    assert found.stderr == pytest.approx(error, rel=0.08)
    assert found.ci_low == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)
    assert found.ci_high == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)
    assert found.n == 400


def test_95_percent_intervals_hold_the_truth_about_95_times_in_100():
    held = 0
    for seed in range(200):
        values = normal(60, seed=seed, mean=2.0)
        found = bootstrap({"m": Ratio.mean(values)}, seed=seed, resamples=400)["m"]
        held += found.ci_low <= 2.0 <= found.ci_high
    assert 180 <= held <= 200


def test_equal_seeds_give_equal_intervals_and_other_seeds_others():
    values = Ratio.mean(normal(50))
    first, again = (bootstrap({"m": values}, seed=7)["m"] for _ in range(2))
    assert first == again
    assert bootstrap({"m": values}, seed=8)["m"].ci_low != first.ci_low


def test_the_global_generator_is_left_alone():
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    bootstrap({"m": Ratio.mean([0.0, 1.0])})
    assert (np.random.get_state()[1] == before).all()


def test_a_rate_is_a_ratio_of_sums_not_a_mean_of_rates():
    rate = Ratio(np.array([1.0, 0.0]), np.array([1.0, 9.0]))
    assert bootstrap({"r": rate})["r"].mean == pytest.approx(0.1)


def test_undefined_values_do_not_take_part():
    found = bootstrap({"m": Ratio.mean([1.0, np.nan, 0.0])})["m"]
    assert (found.mean, found.n) == (0.5, 2)
    nothing = bootstrap({"m": Ratio.mean([np.nan, np.nan])})["m"]
    assert (nothing.mean, nothing.ci_low, nothing.n) == (None, None, 0)


def test_one_video_has_no_interval():
    found = bootstrap({"m": Ratio.mean([0.7])})["m"]
    assert (found.mean, found.ci_low, found.stderr) == (0.7, None, None)


def test_no_videos():
    assert bootstrap({"m": Ratio.mean([])})["m"].mean is None
    assert bootstrap({}) == {}


def test_pairing_finds_a_small_difference_that_unpaired_intervals_hide():
    base = normal(100, mean=5.0)
    better = base + 0.1 + 0.02 * normal(100, seed=1)
    found = compare({"m": Ratio.mean(better)}, {"m": Ratio.mean(base)})["m"]
    assert found.verdict == "a"
    assert found.difference == pytest.approx(0.1, abs=0.01)
    alone = bootstrap({"m": Ratio.mean(base)})["m"]
    assert found.ci_high - found.ci_low < 0.1 * (alone.ci_high - alone.ci_low)


def test_equal_runs_are_tied_and_sides_can_be_swapped():
    values = Ratio.mean(normal(30))
    assert compare({"m": values}, {"m": values})["m"].verdict == "tied"
    worse = Ratio.mean(normal(30) - 3)
    assert compare({"m": worse}, {"m": values})["m"].verdict == "b"
    assert compare({"m": values}, {"m": worse})["m"].verdict == "a"


def test_a_mean_is_compared_over_the_videos_that_define_it_on_both_sides():
    a = Ratio.mean([1.0, 1.0, np.nan, np.nan, 0.5, 0.5])
    b = Ratio.mean([1.0, 1.0, 0.0, 0.0, 0.5, 0.5])
    found = compare({"m": a}, {"m": b})["m"]
    assert (found.difference, found.n, found.verdict) == (0.0, 4, "tied")
    with pytest.raises(ValueError, match="metrics differ"):
        compare({"m": a}, {"x": b})


def test_runs_over_different_videos_are_refused():
    with pytest.raises(ValueError, match="same videos"):
        compare({"m": Ratio.mean([1.0])}, {"m": Ratio.mean([1.0, 2.0])})
