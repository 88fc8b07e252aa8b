from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.builder.project import Annotation
from jumpscore.builder.verify import Disagreement, agreed_marks, consensus, disagreements
from tests.jumpscore.builder.projects import marks_at

TIMES = [frame / 25 for frame in range(100)]


@pytest.mark.parametrize(
    ("ann", "bob", "kind"),
    [((10,), (), "missing"), ((10,), (14,), "time"), ((10, 16), (13,), "number")],
)
def test_disagreements_have_a_kind(annotate, ann, bob, kind):
    [disagreement] = disagreements([annotate("ann", *ann), annotate("bob", *bob)])
    first, last = min(ann + bob), max(ann + bob)
    assert disagreement == Disagreement(first, last, first / 25, kind, {"ann": ann, "bob": bob})


def test_disagreements_end_at_agreed_marks(annotate):
    both = annotate("ann", 8, 10, 12), annotate("bob", 11)
    # Frame 10 and frame 11 are one event, so 8 and 12 are separate questions.
    assert [(d.first_frame, d.last_frame) for d in disagreements(both)] == [(8, 8), (12, 12)]


def test_disagreements_far_apart_are_separate(annotate):
    both = annotate("ann", 10, 17, 25), annotate("bob")
    assert [(d.first_frame, d.last_frame) for d in disagreements(both)] == [(10, 17), (25, 25)]


def test_disagreements_of_three_are_minorities(annotate):
    three = annotate("ann", 10, 50), annotate("bob", 11), annotate("cyd", 12, 70)
    assert [d.by for d in disagreements(three)] == [
        {"ann": (50,), "bob": (), "cyd": ()},
        {"ann": (), "bob": (), "cyd": (70,)},
    ]
    [mark] = agreed_marks(three, TIMES)
    assert (mark.frame, mark.time, mark.origin) == (11, 0.44, "consensus")


def test_agreed_marks_are_at_frames(annotate):
    both = annotate("ann", 10, 20, 30), annotate("bob", 12, 21, 40)
    # The middle of frames 20 and 21 is moved to the earlier one.
    assert [(m.frame, m.time) for m in agreed_marks(both, TIMES)] == [(11, 0.44), (20, 0.8)]


def test_agreed_marks_follow_variable_rate(annotate):
    times = [0.0, 0.4, 0.43, 0.44, 0.47]
    both = annotate("ann", 10), annotate("bob", 11)  # 0.40 and 0.44 s
    assert [(m.frame, m.time) for m in agreed_marks(both, times)] == [(2, 0.43)]


def test_agreed_marks_have_different_ids(annotate):
    both = annotate("ann", 10, 10), annotate("bob", 10, 10)
    assert len({mark.id for mark in agreed_marks(both, TIMES)}) == 2


frames = st.lists(st.integers(0, 60), max_size=12)


@given(st.dictionaries(st.sampled_from("abc"), frames, min_size=2, max_size=3))
def test_disagreements_contain_every_disputed_mark_once(by_name):
    annotations = [
        Annotation("clip", name, 1, {mark.id: mark for mark in marks_at(*own)})
        for name, own in by_name.items()
    ]
    result = consensus({annotation.annotator: annotation.times for annotation in annotations})
    disputed = [m for cluster in result.disputed for m in cluster.members]
    reported = [
        (name, frame)
        for disagreement in disagreements(annotations)
        for name, own in disagreement.by.items()
        for frame in own
    ]
    assert sorted(reported) == sorted((m.annotator, round(m.time * 25)) for m in disputed)
    assert len(agreed_marks(annotations, TIMES)) == len(result.agreed)
