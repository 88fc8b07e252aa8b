"""Splits: no group in two of them, every video in one, and videos stay where they were."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jumpscore.builder.release.splits import assign_splits, check_shares
from jumpscore.errors import UsageError

SHARES = st.sampled_from(
    [{"test": 1.0}, {"test": 0.8, "train": 0.2}, {"train": 0.7, "val": 0.15, "test": 0.15}]
)


@st.composite
def grouped(draw):
    """Videos in groups of uneven sizes."""
    sizes = draw(st.lists(st.integers(1, 9), min_size=3, max_size=14))
    return {f"v{g}-{k}": f"g{g}" for g, size in enumerate(sizes) for k in range(size)}


def splits_of_groups(groups, by_video) -> dict[str, set[str]]:
    splits = defaultdict(set)
    for video, group in groups.items():
        splits[group].add(by_video[video])
    return splits


@settings(max_examples=25)
@given(groups=grouped(), shares=SHARES, seed=st.integers(0, 5))
def test_assign_splits_no_group_is_divided(groups, shares, seed):
    splits = assign_splits(groups, shares, seed=seed)
    assert splits.by_video.keys() == groups.keys()
    assert set(splits.by_video.values()) == set(shares)
    assert all(len(names) == 1 for names in splits_of_groups(groups, splits.by_video).values())
    groups, shares = dict(reversed(groups.items())), dict(reversed(shares.items()))
    assert splits.by_video == assign_splits(groups, shares, seed=seed).by_video


@settings(max_examples=25)
@given(first=grouped(), added=grouped(), shares=SHARES)
def test_assign_splits_next_version_is_stable(first, added, shares):
    """Later videos may be in old groups; removed ones do not matter."""
    before = assign_splits(first, shares).by_video
    later = {**first, **{f"new-{video}": group for video, group in added.items()}}
    gone = next(iter(first))
    later.pop(gone)
    assume({before[video] for video in first if video != gone} == set(shares))
    after = assign_splits(later, shares, seed=3, before=before).by_video
    assert all(after[video] == before[video] for video in first if video != gone)
    assert all(len(names) == 1 for names in splits_of_groups(later, after).values())


def test_assign_splits_equal_groups_meet_the_shares():
    groups = {f"v{number}": f"g{number}" for number in range(40)}
    splits = assign_splits(groups, {"test": 0.8, "train": 0.2})
    assert Counter(splits.by_video.values()) == {"test": 32, "train": 8}
    assert splits.notes == ()
    other = assign_splits(groups, {"test": 0.8, "train": 0.2}, seed=1)
    assert other.by_video != splits.by_video


def test_assign_splits_uneven_groups_come_close():
    """10 + 9 singles: 10 of 19 videos are met by the large group, or by 9 singles and none."""
    groups = {f"v{number}": "large" if number < 10 else f"g{number}" for number in range(20)}
    splits = assign_splits(groups, {"test": 0.5, "train": 0.5})
    assert Counter(splits.by_video.values()) == {"test": 10, "train": 10}


def test_assign_splits_share_that_groups_cannot_meet():
    groups = {f"v{number}": "large" if number < 15 else "small" for number in range(20)}
    splits = assign_splits(groups, {"test": 0.5, "train": 0.5})
    assert sorted(Counter(splits.by_video.values()).values()) == [5, 15]
    assert [note.partition(";")[0] for note in splits.notes] in (
        [f"split {name} has {count} of 20 videos, 10 were wanted" for name, count in order]
        for order in ([("test", 5), ("train", 15)], [("test", 15), ("train", 5)])
    )


def test_assign_splits_groups_that_were_joined_later():
    before = {"a": "test", "b": "train", "c": "test"}
    groups = {"a": "g", "b": "g", "c": "g", "new": "g"}
    splits = assign_splits(groups, {"test": 0.5, "train": 0.5}, before=before)
    assert splits.by_video == {**before, "new": "test"}
    assert splits.notes[0].startswith("group 'g' is in several splits (test, train)")


def test_assign_splits_too_few_groups():
    with pytest.raises(UsageError, match="a split would be empty: 1 group of videos"):
        assign_splits({"a": "g", "b": "g"}, {"test": 0.5, "train": 0.5})


def test_assign_splits_lost_split():
    with pytest.raises(
        UsageError, match="in the split 'train', which must stay there; add --split"
    ):
        assign_splits({"a": "g"}, {"test": 1.0}, before={"a": "train"})


def test_assign_splits_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.model_selection", None)
    groups = {"a": "a", "b": "b", "c": "c"}
    assert assign_splits(groups, {"test": 1.0}).by_video == dict.fromkeys(groups, "test")
    with pytest.raises(UsageError, match=r"pip install 'jumpscore\[builder\]'"):
        assign_splits(groups, {"test": 0.5, "train": 0.5})


@pytest.mark.parametrize(
    ("shares", "problem"),
    [
        ({"test": 0.8}, r"are 0\.8; they must add up to 1"),
        ({"test": 1.2, "train": -0.2}, "its share is 1.2"),
        ({"../x": 1.0}, r"'\.\./x' is not a valid name"),
        ({"test": float("nan")}, "its share is nan"),
    ],
)
def test_check_shares_invalid(shares, problem):
    with pytest.raises(UsageError, match=problem):
        check_shares(shares)
