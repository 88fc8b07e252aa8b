from __future__ import annotations

import json
import time
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.traces import (
    discrete_frechet,
    hausdorff,
    mae,
    path_errors,
    resample,
    rmse,
    vabench_errors,
)

GOLDEN = json.loads((Path(__file__).parents[2] / "data" / "traces_golden.json").read_text())
PATHS = {name: np.array(GOLDEN["path_units"][name]) for name in ("P", "Q", "Q2", "Z")}
NAMES = {
    "dfd": "average_discrete_frechet_distance",
    "hd": "average_hausdorff_distance",
    "rmse": "average_root_mean_square_error",
    "mae": "average_mean_absolute_error",
}
COORDINATE = st.floats(-100, 100, allow_nan=False)
PATH = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=1, max_size=8)


def slow_frechet(a, b) -> float:
    """Straight from the definition, by recursion."""

    @cache
    def leash(i: int, j: int) -> float:
        here = float(np.linalg.norm(np.subtract(a[i], b[j])))
        steps = [(i - 1, j), (i, j - 1), (i - 1, j - 1)]
        before = [leash(*step) for step in steps if min(step) >= 0]
        return max(here, min(before)) if before else here

    return leash(len(a) - 1, len(b) - 1)


@pytest.mark.parametrize("pair", ["P_Q", "P_Q2", "Z_P"])
def test_path_errors_equal_the_public_code(pair):
    a, b = (PATHS[name] for name in pair.split("_"))
    expected = GOLDEN["path_units"][pair]
    # Z has lengths that float32, in which the public code computes, does not hold.
    close = partial(pytest.approx, abs=1e-6 if "Z" in pair else 1e-7)
    assert discrete_frechet(a, b) == close(expected["dfd"])
    assert hausdorff(a, b) == close(expected["hd"])
    if "rmse" in expected:
        assert rmse(a, b) == close(expected["rmse"])
        assert mae(a, b) == close(expected["mae"])
    result = path_errors(a, b)
    for name, theirs in NAMES.items():
        assert getattr(result, name) == close(expected["interp100"][theirs])


def test_distances_equal_embodied_r1():
    expected = GOLDEN["embodied_r1_rewards"]
    assert discrete_frechet(PATHS["P"], PATHS["Q2"]) == pytest.approx(expected["dfd_P_Q2"])


@pytest.mark.parametrize("case", GOLDEN["vabench_visual_trace"], ids=lambda case: case["text"])
def test_vabench_errors_equal_the_public_code(case):
    result = vabench_errors(case["pred"], case["ans"], size=case["wh"])
    if case["rmse_mae"][0] is None:
        assert result is None
    else:
        assert result == pytest.approx(case["rmse_mae"], abs=1e-9)


@given(PATH, PATH)
def test_discrete_frechet_equals_its_definition(a, b):
    assert discrete_frechet(a, b) == pytest.approx(slow_frechet(a, b), abs=1e-9)


@given(PATH, PATH)
def test_distances_are_ordered_and_symmetric(a, b):
    assert hausdorff(a, b) <= discrete_frechet(a, b) + 1e-9
    assert discrete_frechet(a, b) == pytest.approx(discrete_frechet(b, a))
    assert hausdorff(a, b) == pytest.approx(hausdorff(b, a))
    assert discrete_frechet(a, a) == hausdorff(a, a) == 0
    pairs = np.linalg.norm(
        np.subtract.outer(np.array(a), np.array(b))[:, [0, 1], :, [0, 1]], axis=0
    )
    assert hausdorff(a, b) == pytest.approx(max(pairs.min(axis=0).max(), pairs.min(axis=1).max()))


@given(PATH, st.integers(2, 50))
def test_resample_stays_on_the_path(path, n):
    result = resample(path, n)
    assert result.shape == (n, 2)
    assert result[0] == pytest.approx(path[0], abs=1e-6)
    assert result[-1] == pytest.approx(path[-1], abs=1e-6)
    assert np.abs(result).max() <= np.abs(path).max() + 1e-9


def test_resample_repeats_a_single_point():
    assert resample([[1, 2]], 3).tolist() == [[1, 2]] * 3
    assert resample([[1, 2], [1, 2]], 3).tolist() == [[1, 2]] * 3


@pytest.mark.parametrize("metric", [discrete_frechet, hausdorff, rmse, mae])
@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([], [[1, 2]], r"a has shape \(0,\)"),
        ([[1, 2]], [[1, float("nan")]], r"b\[0\] = \[1.0, nan\] is not finite"),
        ([[1, float("inf")]], [[1, 2]], r"a\[0\] = \[1.0, inf\]"),
        ([[1, 2]], [[1, 2, 3]], "a has 2 dimensions and b has 3"),
    ],
)
def test_checked_path_names_value_and_field(metric, a, b, message):
    with pytest.raises(ValueError, match=message):
        metric(a, b)


def test_invalid_arguments_are_named():
    with pytest.raises(ValueError, match="a has 1 points and b has 2"):
        rmse([[1, 2]], [[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="n 0 must"):
        resample([[1, 2]], 0)
    with pytest.raises(ValueError, match=r"size \(0, 4\)"):
        vabench_errors([[1, 2]], [[1, 2]], size=(0, 4))


def test_path_errors_of_ten_thousand_points():
    walk = np.cumsum(np.random.default_rng(0).normal(size=(10_000, 3)), axis=0)
    before = time.process_time()
    path_errors(walk, walk[::-1])
    hausdorff(walk, walk + 1)
    assert discrete_frechet(walk, walk[:100]) > 0
    assert time.process_time() - before < 3


def test_distances_of_long_paths():
    """Beyond a size they are found in trees and in several strips."""
    generator = np.random.default_rng(0)
    a, b = generator.uniform(size=(300, 2)), generator.uniform(size=(400, 2))
    apart = np.linalg.norm(a[:, None] - b[None], axis=-1)
    assert hausdorff(a, b) == pytest.approx(max(apart.min(0).max(), apart.min(1).max()), abs=1e-12)
    line = np.stack([np.arange(500.0), np.zeros(500)], axis=1)
    assert discrete_frechet(line, line + np.array([0, 3])) == 3.0
    assert discrete_frechet(line[:3], line) == discrete_frechet(line, line[:3]) == 497.0
