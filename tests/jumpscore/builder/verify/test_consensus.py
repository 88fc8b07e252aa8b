from __future__ import annotations

import random
import sys
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.builder.verify import TOLERANCE, Cluster, consensus
from jumpscore.builder.verify.consensus import LARGEST
from jumpscore.errors import UsageError

ticks = st.lists(st.integers(0, 60).map(lambda tick: tick / 40), max_size=8)
marks_of_people = st.dictionaries(st.sampled_from("abcd"), ticks, min_size=1, max_size=4)


def as_times(clusters: tuple[Cluster, ...]) -> list[list[tuple[float, str]]]:
    return [[(member.time, member.annotator) for member in cluster.members] for cluster in clusters]


def test_consensus_of_two_is_optimal_matching():
    # Joining the nearest marks first, 1.00 with 0.95, would leave 0.86 and 1.09 alone.
    result = consensus({"a": [0.86, 1.00], "b": [0.95, 1.09]})
    assert as_times(result.agreed) == [[(0.86, "a"), (0.95, "b")], [(1.0, "a"), (1.09, "b")]]
    assert result.disputed == ()


def test_consensus_of_one_agrees():
    assert [cluster.time for cluster in consensus({"a": [2.0, 1.0]}).agreed] == [1.0, 2.0]


def test_consensus_of_three_needs_two():
    result = consensus({"a": [1.0, 2.0], "b": [1.02, 3.0], "c": [1.08, 2.05]})
    assert as_times(result.agreed) == [
        [(1.0, "a"), (1.02, "b"), (1.08, "c")],
        [(2.0, "a"), (2.05, "c")],
    ]
    assert [cluster.time for cluster in result.agreed] == [1.02, pytest.approx(2.025)]
    assert as_times(result.disputed) == [[(3.0, "b")]]


def test_consensus_of_four_needs_three():
    result = consensus({"a": [1.0], "b": [1.0], "c": [], "d": []})
    assert (len(result.agreed), len(result.disputed)) == (0, 1)
    assert len(consensus({"a": [1.0], "b": [1.0], "c": [1.1], "d": []}).agreed) == 1


def test_consensus_keeps_rapid_jumps_apart():
    # Speed steps 0.12 s apart: neighbouring marks are closer than the tolerance throughout.
    beats = [0.12 * k for k in range(100)]
    marks = {"a": beats, "b": [t + 0.03 for t in beats], "c": [t - 0.02 for t in beats]}
    result = consensus(marks)
    assert (len(result.agreed), len(result.disputed)) == (100, 0)


def test_consensus_of_long_runs_is_cut_between_events():
    count = LARGEST  # three times as many marks as are clustered at once
    beats = [0.13 * k for k in range(count)]
    marks = {
        name: [t + shift for t in beats] for name, shift in zip("abc", (0, 0.02, 0.05), strict=True)
    }
    result = consensus(marks)
    assert {len(cluster.members) for cluster in result.agreed} == {3}
    assert (len(result.agreed), result.disputed) == (count, ())


def test_consensus_of_three_needs_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    with pytest.raises(UsageError, match=r"pip install 'jumpscore\[builder\]'"):
        consensus({"a": [1.0, 1.08], "b": [1.0], "c": []})
    assert len(consensus({"a": [1.0], "b": [1.0]}).agreed) == 1


@pytest.mark.parametrize("people", [3, 4, 5])
@pytest.mark.parametrize("seed", range(5))
def test_consensus_agrees_with_slow_clustering(people, seed):
    draw = random.Random(seed)
    marks = {name: [draw.uniform(0, 3) for _ in range(12)] for name in "abcde"[:people]}
    result = consensus(marks)
    clusters = {cluster.members for cluster in result.agreed + result.disputed}
    assert {frozenset(member[:2] for member in members) for members in clusters} == slow(marks)


def slow(marks: dict[str, list[float]]) -> set[frozenset[tuple[float, str]]]:
    """Join the two clusters with the least span again and again."""
    clusters = [frozenset([(time, name)]) for name, times in marks.items() for time in times]
    while True:
        joined = [
            (max(a | b)[0] - min(a | b)[0], a, b)
            for a, b in combinations(clusters, 2)
            if len({name for _, name in a | b}) == len(a | b)
        ]
        span, a, b = min(joined, key=lambda item: item[0])
        if span > TOLERANCE:
            return set(clusters)
        clusters = [cluster for cluster in clusters if cluster not in (a, b)] + [a | b]


@given(marks_of_people)
def test_consensus_puts_every_mark_into_one_cluster(marks):
    result = consensus(marks)
    members = [m for cluster in result.agreed + result.disputed for m in cluster.members]
    assert sorted((m.annotator, m.place, m.time) for m in members) == [
        (name, index, time) for name in sorted(marks) for index, time in enumerate(marks[name])
    ]


@given(marks_of_people)
def test_consensus_clusters_are_narrow_and_of_different_people(marks):
    result = consensus(marks)
    for cluster in result.agreed + result.disputed:
        times, names = [m.time for m in cluster.members], [m.annotator for m in cluster.members]
        assert max(times) - min(times) <= TOLERANCE + 2e-9
        assert len(set(names)) == len(names)
    assert all(2 * len(cluster.members) > len(marks) for cluster in result.agreed)
    assert all(2 * len(cluster.members) <= len(marks) for cluster in result.disputed)


@given(marks_of_people, st.randoms(use_true_random=False))
def test_consensus_does_not_depend_on_order(marks, draw):
    names = draw.sample(sorted(marks), len(marks))
    shuffled = {name: draw.sample(marks[name], len(marks[name])) for name in names}
    one, other = consensus(marks), consensus(shuffled)
    assert as_times(one.agreed) == as_times(other.agreed)
    assert as_times(one.disputed) == as_times(other.disputed)
