"""Means over sub-tasks of means over difficulties, and their intervals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evaluators.base import grouped_ratio
from evaluators.spatial.task import Spatial, SpatialOptions
from jumpscore.records import Metric, SampleScore
from jumpscore.scoring import bootstrap
from tests.evaluators.spatial.made import (
    GOLDEN,
    row,
    score,
    write_set,
)


def vsi_like(seed: int, n: int = 400) -> list[tuple[tuple[str, ...], float]]:
    """Sub-tasks of very different sizes and means, one of them in three parts."""
    generator = np.random.default_rng(seed)
    cells = [("count",), ("way", "easy"), ("way", "medium"), ("way", "hard"), ("size",)]
    means = [0.9, 0.8, 0.4, 0.1, 0.5]
    selected = generator.choice(5, size=n, p=[0.6, 0.2, 0.1, 0.05, 0.05])
    return [(cells[k], float(generator.random() < means[k])) for k in selected]


def estimate_of(samples, clusters=None, seed=0):
    ratio = grouped_ratio(np.array([v for _, v in samples]), [cell for cell, _ in samples])
    return bootstrap({"overall": ratio}, seed=seed, clusters=clusters)["overall"]


@pytest.mark.parametrize("seed", range(3))
def test_grouped_ratio_is_the_nested_mean(seed):
    samples = vsi_like(seed)
    assert estimate_of(samples).mean == pytest.approx(nested_mean(samples), abs=1e-12)


def nested_mean(samples) -> float:
    """Independent implementation: the mean of dictionaries of lists."""
    tree: dict[str, dict[str, list[float]]] = {}
    for cell, value in samples:
        tree.setdefault(cell[0], {}).setdefault(cell[-1], []).append(value)
    groups = [np.mean([np.mean(v) for v in parts.values()]) for parts in tree.values()]
    return float(np.mean(groups))


@pytest.mark.parametrize("clustered", [False, True])
def test_grouped_ratio_interval_equals_resampling(clustered):
    samples = vsi_like(7, n=600)
    clusters = [str(i // 3) for i in range(600)] if clustered else [str(i) for i in range(600)]
    result = estimate_of(samples, clusters=clusters)
    members: dict[str, list[int]] = {}
    for place, name in enumerate(clusters):
        members.setdefault(name, []).append(place)
    clusters = list(members.values())
    generator = np.random.default_rng(1)
    means = []
    for _ in range(2000):
        drawn = generator.integers(0, len(clusters), size=len(clusters))
        means.append(nested_mean([samples[k] for c in drawn for k in clusters[c]]))
    assert result.stderr == pytest.approx(np.std(means), rel=0.08)
    low, high = np.quantile(means, [0.025, 0.975])
    assert result.ci_low == pytest.approx(low, abs=0.012)
    assert result.ci_high == pytest.approx(high, abs=0.012)


def test_grouped_ratio_ignores_group_sizes():
    """Two groups whose members are all alike: only their shares vary between draws."""
    samples = [(("a",), 1.0)] * 30 + [(("b",), 0.0)] * 5
    result = estimate_of(samples)
    assert (result.mean, result.ci_low, result.ci_high) == (0.5, 0.5, 0.5)


def test_grouped_ratio_ignores_undefined_samples():
    values = np.array([1.0, np.nan, 0.0, 0.0])
    ratio = grouped_ratio(values, [("a",), ("a",), ("b",), ()])
    assert ratio.denominator.tolist() == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3])
    assert ratio.numerator.sum() == pytest.approx(1 / 3)


def test_aggregate_of_revsi_equals_the_public_code(tmp_path):
    golden = GOLDEN["revsi"]
    families = ("object_counting", "object_rel_distance", "room_size_estimation")
    rows, answers = [], {}
    for place, (kind, truth, answer) in enumerate(golden["rows"]):
        family = next((name for name in families if kind.startswith(name)), kind)
        number = truth.replace(".", "").isdigit()
        facts = {"answer": truth} if number else {"answer": json.dumps(truth)}
        shared = {"group": family, "subgroup": kind, "grouped": True, "reference": "revsi"}
        rows.append(row("number" if number else "choice", id=str(place), **shared, **facts))
        answers[str(place)] = answer
    task = Spatial(SpatialOptions(data=str(write_set(tmp_path, rows))))
    scores = [score(task, s.truth, answers[s.question.id]) for s in task.load()]
    result = task.aggregate(scores).estimates
    expected = golden["sub"]["overall_acc"]
    assert result["overall_reference_lmms"].mean == pytest.approx(expected, abs=1e-9)
    for name in ("object_counting", "object_rel_distance", "route_planning"):
        assert result[f"overall/{name}"].mean == pytest.approx(golden["sub"][f"{name}_acc"])
    # "about 3" is read as a person would: 3 of 3.2 is within 10%.
    assert result["overall"].mean > expected


def test_ratios_accept_groups_from_json():
    """JSON has no tuples: groups come back as lists."""
    from evaluators.base import ratios

    scores = [
        SampleScore("a", "ok", {"m": 1.0}, group=["x"]),
        SampleScore("b", "ok", {"m": 0.0}, group=["y"]),
    ]
    ratio = ratios([Metric("m", "", grouped=True)], scores)["m"]
    assert ratio.denominator.tolist() == [0.5, 0.5]
