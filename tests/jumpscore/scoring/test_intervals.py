from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jumpscore.scoring import Ratio, bootstrap, compare
from jumpscore.scoring.intervals import LEVEL, ExactSums, _interval


def normal(n: int, *, seed: int = 0, mean: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1.0, n)


def test_bootstrap_mean_matches_textbook_interval():
    values = normal(400)
    estimate = bootstrap({"m": Ratio.mean(values)}, seed=3)["m"]
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert estimate.mean == pytest.approx(values.mean())
    assert estimate.stderr == pytest.approx(error, rel=0.08)
    assert estimate.ci_low == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)
    assert estimate.ci_high == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)
    assert estimate.n == 400


def test_bootstrap_interval_coverage():
    covered = 0
    for seed in range(200):
        values = normal(60, seed=seed, mean=2.0)
        estimate = bootstrap({"m": Ratio.mean(values)}, seed=seed, resamples=400)["m"]
        covered += estimate.ci_low <= 2.0 <= estimate.ci_high
    assert 180 <= covered <= 200


def test_bootstrap_seeds():
    values = Ratio.mean(normal(50))
    first, again = (bootstrap({"m": values}, seed=7)["m"] for _ in range(2))
    assert first == again
    assert bootstrap({"m": values}, seed=8)["m"].ci_low != first.ci_low


def test_bootstrap_leaves_global_generator():
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    bootstrap({"m": Ratio.mean([0.0, 1.0])})
    assert (np.random.get_state()[1] == before).all()


def test_bootstrap_rate_is_ratio_of_sums():
    rate = Ratio(np.array([1.0, 0.0]), np.array([1.0, 9.0]))
    assert bootstrap({"r": rate})["r"].mean == pytest.approx(0.1)


def test_bootstrap_ignores_undefined_values():
    estimate = bootstrap({"m": Ratio.mean([1.0, np.nan, 0.0])})["m"]
    assert (estimate.mean, estimate.n) == (0.5, 2)
    nothing = bootstrap({"m": Ratio.mean([np.nan, np.nan])})["m"]
    assert (nothing.mean, nothing.ci_low, nothing.n) == (None, None, 0)


def test_bootstrap_one_video():
    estimate = bootstrap({"m": Ratio.mean([0.7])})["m"]
    assert (estimate.mean, estimate.ci_low, estimate.stderr) == (0.7, None, None)


def test_bootstrap_no_videos():
    assert bootstrap({"m": Ratio.mean([])})["m"].mean is None
    assert bootstrap({}) == {}


def test_compare_pairing_detects_small_differences():
    base = normal(100, mean=5.0)
    better = base + 0.1 + 0.02 * normal(100, seed=1)
    compared = compare({"m": Ratio.mean(better)}, {"m": Ratio.mean(base)})["m"]
    assert compared.verdict == "a"
    assert compared.difference == pytest.approx(0.1, abs=0.01)
    alone = bootstrap({"m": Ratio.mean(base)})["m"]
    assert compared.ci_high - compared.ci_low < 0.1 * (alone.ci_high - alone.ci_low)


def test_compare_ties_and_symmetry():
    values = Ratio.mean(normal(30))
    assert compare({"m": values}, {"m": values})["m"].verdict == "too_few"
    worse = Ratio.mean(normal(30) - 3)
    assert compare({"m": worse}, {"m": values})["m"].verdict == "b"
    assert compare({"m": values}, {"m": worse})["m"].verdict == "a"


def test_compare_means_use_shared_videos():
    a = Ratio.mean([1.0, 1.0, np.nan, np.nan, 0.5, 0.5])
    b = Ratio.mean([1.0, 1.0, 0.0, 0.0, 0.5, 0.5])
    compared = compare({"m": a}, {"m": b})["m"]
    assert (compared.difference, compared.n, compared.verdict) == (0.0, 4, "too_few")
    with pytest.raises(ValueError, match="metrics differ"):
        compare({"m": a}, {"x": b})


def test_compare_refuses_different_videos():
    with pytest.raises(ValueError, match="same videos"):
        compare({"m": Ratio.mean([1.0])}, {"m": Ratio.mean([1.0, 2.0])})


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e300, 1e300)))
def test_interval_equals_numpy(samples):
    tail = (1 - LEVEL) / 2
    with np.errstate(over="ignore", invalid="ignore"):
        expected = np.quantile(samples, [tail, 1 - tail])
        np.testing.assert_array_equal(_interval(samples), expected)


def test_bootstrap_clusters_are_one_unit():
    """40 videos of 25 questions that all end alike are 40 pieces of evidence, not 1,000."""
    videos = normal(40, seed=4)
    values = Ratio.mean(np.repeat(videos, 25))
    names = [f"video{number}" for number in range(40) for _ in range(25)]
    apart = bootstrap({"m": Ratio.mean(videos)}, seed=1)["m"]
    together = bootstrap({"m": values}, seed=1, clusters=names)["m"]
    careless = bootstrap({"m": values}, seed=1)["m"]
    assert together.mean == pytest.approx(apart.mean)
    assert together.n == 1000
    assert together.stderr == pytest.approx(apart.stderr, rel=0.1)
    assert careless.stderr < 0.3 * together.stderr


def test_bootstrap_one_cluster_has_no_interval():
    estimate = bootstrap({"m": Ratio.mean(normal(50))}, clusters=["v"] * 50)["m"]
    assert estimate.n == 50
    assert estimate.ci_low is estimate.ci_high is estimate.stderr is None
    both = {"m": Ratio.mean(normal(50))}
    assert compare(both, both, clusters=["v"] * 50)["m"].verdict == "too_few"


def test_compare_clusters():
    videos = normal(40, seed=4)
    a = {"m": Ratio.mean(np.repeat(videos + 0.2, 25))}
    b = {"m": Ratio.mean(np.repeat(normal(40, seed=5), 25))}
    names = [f"video{number}" for number in range(40) for _ in range(25)]
    careless, honest = compare(a, b)["m"], compare(a, b, clusters=names)["m"]
    assert honest.difference == careless.difference
    assert honest.ci_high - honest.ci_low > 3 * (careless.ci_high - careless.ci_low)


def test_compare_roots():
    generator = np.random.default_rng(0)
    one, other = generator.integers(0, 5, (2, 40)) ** 2.0
    squares = [Ratio.mean(values) for values in (one, other)]
    of_squares = compare({"mse": squares[0]}, {"mse": squares[1]})["mse"]
    roots = [replace(ratio, is_root=True) for ratio in squares]
    of_roots = compare({"rmse": roots[0]}, {"rmse": roots[1]})["rmse"]
    assert of_roots.difference == pytest.approx(one.mean() ** 0.5 - other.mean() ** 0.5)
    assert (of_roots.p_value, of_roots.verdict) == (of_squares.p_value, of_squares.verdict)
    both = one.mean() ** 0.5 + other.mean() ** 0.5
    assert of_roots.ci_low == pytest.approx(of_squares.ci_low / both)
    without_errors = Ratio(np.zeros(40), np.ones(40), is_mean=True, is_root=True)
    assert compare({"rmse": without_errors}, {"rmse": without_errors})["rmse"].difference == 0


def test_bootstrap_clusters_must_match_entries():
    with pytest.raises(ValueError, match="2 clusters are named for 3 entries"):
        bootstrap({"m": Ratio.mean([1.0, 2.0, 3.0])}, clusters=["a", "b"])


MACHINES = (
    {"OPENBLAS_NUM_THREADS": "1"},
    {"OPENBLAS_NUM_THREADS": "2"},
    {"OPENBLAS_NUM_THREADS": "8", "OMP_NUM_THREADS": "8"},
    {"OPENBLAS_CORETYPE": "Prescott"},
    {"OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": "all"},
)
"""Environments in which NumPy adds as on another machine."""

DIGEST = """
import hashlib, json
from dataclasses import asdict
import numpy as np
from evaluators.base import grouped_ratio
from evaluators.traces.camera import OrientedBox
from evaluators.traces.paths import discrete_frechet
from jumpscore.scoring import Ratio, bootstrap, compare
made = np.random.default_rng(0)
for n in (7, 1000):
    cells = [("ab"[i % 2], "cde"[i % 3]) for i in range(n)]
    runs = [
        {f"m{i}": Ratio.mean(made.random(n) * made.random(n)) for i in range(9)}
        | {"rate": Ratio(made.random(n), made.integers(1, 20, n).astype(float))}
        | {"grouped": grouped_ratio(made.random(n), cells)}
        for _ in range(2)
    ]
    out = [asdict(one) for run in runs for one in bootstrap(run, resamples=500).values()]
    out += [asdict(one) for one in compare(*runs).values()]
    print(n, hashlib.sha256(json.dumps(out).encode()).hexdigest())
turn = np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]])
box = OrientedBox(center=made.random(3), extent=made.random(3), rotation=turn)
print(box.distances(made.normal(size=(999, 3))).tobytes().hex()[-64:])
print(discrete_frechet(made.random((50, 2)), made.random((60, 2))))
"""


def digests(**environment: str) -> str:
    if environment.get("NPY_DISABLE_CPU_FEATURES") == "all":
        core = getattr(np, "_core", None) or np.core
        features = core._multiarray_umath.__cpu_features__
        dispatched = core._multiarray_umath.__cpu_dispatch__
        environment["NPY_DISABLE_CPU_FEATURES"] = " ".join(f for f in dispatched if features.get(f))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DIGEST],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_bootstrap_is_bit_identical_on_all_processors():
    assert len({digests(**machine) for machine in MACHINES}) == 1


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 30), st.integers(1, 3)),
        elements=st.floats(-1e12, 1e12) | st.floats(-1, 1) | st.integers(-9, 9).map(float),
    ),
    st.integers(0, 99),
)
def test_sums_equal_exact_arithmetic(columns, seed):
    n = len(columns)
    drawn = np.random.default_rng(seed).integers(0, n, size=(4, n))
    weights = np.stack([np.bincount(row, minlength=n) for row in drawn]).astype(float)
    sums = ExactSums(list(columns.T)).under(weights)
    for row, counts in enumerate(weights):
        for column in range(columns.shape[1]):
            exact = sum(
                (
                    Fraction(value) * int(count)
                    for value, count in zip(columns[:, column], counts, strict=True)
                ),
                Fraction(0),
            )
            # Relative to the largest value: what cancels leaves no more digits than it had.
            largest = float(np.abs(columns[:, column]).max())
            assert sums[row, column] == pytest.approx(
                float(exact), rel=1e-15, abs=1e-17 * largest + 1e-270
            )


def test_sums_of_values_that_are_not_finite():
    columns = np.array([[1.0, 2.0], [np.inf, 3.0], [4.0, 5.0]])
    sums = ExactSums(list(columns.T)).under(np.array([[3.0, 0.0, 0.0], [1.0, 1.0, 1.0]]))
    assert sums[0].tolist() == [3.0, 6.0]
    assert np.isnan(sums[1, 0])
    assert sums[1, 1] == 10.0
