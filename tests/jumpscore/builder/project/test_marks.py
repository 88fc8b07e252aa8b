from __future__ import annotations

import pytest

from jumpscore.builder.project import Annotation, Change, Edit, Mark
from jumpscore.builder.project.marks import changed
from jumpscore.errors import UsageError

A, B = Mark("a", 3, 0.12), Mark("b", 1, 0.04)


def state(by_id, declined=()):
    return Annotation("v", "ann", by_id=by_id, declined=frozenset(declined))


def test_marks_are_in_order_of_frame():
    annotation = Annotation("v", "ann", by_id={"a": A, "b": B, "c": Mark("c", 3, 0.12)})
    assert [mark.id for mark in annotation.marks] == ["b", "a", "c"]
    assert annotation.times == (0.04, 0.12, 0.12)


def test_changed_adds_moves_and_deletes():
    moved = Mark("a", 9, 0.36)
    annotation = changed(state({"a": A}), Edit("x", (Change(A, moved), Change(None, B))))
    assert annotation.by_id == {"a": moved, "b": B}
    assert changed(annotation, Edit("y", (Change(B, None),))).by_id == {"a": moved}


def test_reversed_edit_restores_the_state():
    before = state({"a": A}, declined=(4, 7))
    edit = Edit("x", (Change(A, None), Change(None, B)), declined=(2, 3), restored=(7,))
    after = changed(before, edit)
    assert (after.by_id, after.declined) == ({"b": B}, {2, 3, 4})
    assert changed(after, edit.reversed()) == before


def test_changed_leaves_its_input_alone():
    before = {"a": A}
    changed(state(before), Edit("x", (Change(A, None),)))
    assert before == {"a": A}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ((), "changes nothing"),
        ((Change(None, None),), "a change needs one mark"),
        ((Change(A, B),), "with the same id"),
        ((Change(None, A),), "is not what the edit"),
        ((Change(Mark("a", 4, 0.16), None),), "is not what the edit"),
        ((Change(B, None),), "is not what the edit"),
        ((Change(A, None), Change(None, A)), "changes one mark twice"),
    ],
)
def test_changed_refuses_edits_that_do_not_fit(changes, message):
    with pytest.raises(UsageError, match=message):
        changed(state({"a": A}), Edit("x", changes))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (Edit("x", declined=(2, 2)), "changes one frame twice"),
        (Edit("x", declined=(3,), restored=(3,)), "changes one frame twice"),
        (Edit("x", declined=(3,)), "are not what the edit"),
        (Edit("x", restored=(2,)), "are not what the edit"),
    ],
)
def test_changed_refuses_frames_that_do_not_fit(edit, message):
    with pytest.raises(UsageError, match=message):
        changed(state({"a": A}, declined=(3,)), edit)
