"""The audit of a version explains every difference from the last one."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from jumpscore.builder.release.audit import LARGEST_MOVE, Reasons, audit

TIMES = st.lists(st.integers(0, 100).map(lambda frame: frame / 25), max_size=12).map(sorted)


@given(before=TIMES, after=TIMES)
def test_audit_turns_one_version_into_the_next(before, after):
    lines = audit({"v": before}, {"v": after}, {"v": Reasons(("A",))})
    marks = Counter(before)
    for line in lines:
        if line.before is not None:
            marks[line.before] -= 1
        if line.after is not None:
            marks[line.after] += 1
        if line.change == "moved":
            assert 0 < abs(line.seconds) <= LARGEST_MOVE + 1e-9
            assert line.seconds == round(line.after - line.before, 6)
    assert +marks == Counter(after)
    assert min(marks.values(), default=0) >= 0
    assert len(lines) <= len(before) + len(after)


def test_audit_unchanged_marks_are_not_moved():
    """The mark at 1.0 stays, although the new one is nearer to the removed one."""
    [line] = audit({"v": [1.0, 1.2]}, {"v": [1.0, 1.1]}, {"v": Reasons()})
    assert (line.change, line.before, line.after, line.seconds) == ("moved", 1.2, 1.1, -0.1)


def test_audit_far_marks_are_not_a_move():
    lines = audit({"v": [1.0]}, {"v": [1.4]}, {"v": Reasons()})
    assert [line.change for line in lines] == ["removed", "added"]


def test_audit_videos_are_counted():
    lines = audit({"old": [1.0]}, {"new": [1.0, 2.0]}, {})
    assert [line.content() for line in lines] == [
        {"video": "new", "change": "video_added", "marks": 2},
        {"video": "old", "change": "video_removed", "marks": 1},
    ]
