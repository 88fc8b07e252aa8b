from __future__ import annotations

import dataclasses
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.errors import UsageError
from jumpscore.records import SampleScore, TimelineView
from jumpscore.studies.agreement import Agreement, agreements, entries_of
from tests.jumpscore.report.runs import made_up_run
from tests.support import slow_matching

TIMES = st.lists(st.integers(0, 30).map(lambda tick: tick / 20), max_size=5).map(sorted)


def answered(truth, times) -> SampleScore:
    return SampleScore("clip", "ok", view=TimelineView(tuple(truth), tuple(times)))


def test_agreements_by_hand():
    truth = [1.0, 2.0, 3.0, 4.0]
    a, b = answered(truth, [1.0, 2.15, 3.05]), answered(truth, [1.05, 2.0])
    narrow, middle, wide = agreements([a, b])
    assert narrow == Agreement(0.1, 4, (frozenset({0, 2}), frozenset({0, 1})))
    assert narrow.by_all == {0}
    assert narrow.parted == {1, 2}
    assert (narrow.by_only(0), narrow.by_only(1)) == ({2}, {1})
    assert (middle.by_all, middle.parted) == ({0, 1}, {2})
    assert wide.matched == middle.matched


def test_agreements_leave_out_unscored_runs():
    a, failed = answered([1.0, 2.0], [1.0]), SampleScore("clip", "error")
    for scores in ([a, failed], [a, None]):
        narrow = agreements(scores)[0]
        assert narrow.matched == (frozenset({0}), None)
        assert narrow.by_all == {0}
        assert not narrow.parted
    assert agreements([failed, None]) == ()


@given(TIMES, st.lists(TIMES, min_size=2, max_size=3))
def test_agreements_divide_the_true_events(truth, answers):
    for one in agreements([answered(truth, times) for times in answers]):
        matched = [{i for i, _ in slow_matching(times, truth, one.tolerance)} for times in answers]
        assert list(one.matched) == matched
        counts = [sum(i in places for places in matched) for i in range(len(truth))]
        assert one.by_all == {i for i, n in enumerate(counts) if n == len(answers)}
        assert one.parted == {i for i, n in enumerate(counts) if 0 < n < len(answers)}
        only = [one.by_only(run) for run in range(len(answers))]
        assert sorted(chain(*only)) == [i for i, n in enumerate(counts) if n == 1]


def test_entries_of_equal_models_are_named_by_folder(tmp_path):
    runs = [made_up_run(tmp_path / name, []) for name in ("first", "second")]
    assert [(e.letter, e.name) for e in entries_of(runs)] == [("A", "first"), ("B", "second")]
    other = dataclasses.replace(runs[1].result, model="another")
    runs[1] = dataclasses.replace(runs[1], result=other)
    assert [entry.name for entry in entries_of(runs)] == ["made up", "another"]


@pytest.mark.parametrize("count", [1, 21])
def test_entries_of_wrong_number_are_refused(tmp_path, count):
    with pytest.raises(UsageError, match="2 to 20"):
        entries_of([made_up_run(tmp_path, [])] * count)
