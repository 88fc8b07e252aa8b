"""Ids in other spellings: accepted only if exactly one sample fits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.data.ids import match_ids, match_row_numbers

ID = "00d77a68b4938f4e8761"
DIGEST = ID + "0a84bd907d6b"
SAMPLES = {ID: (f"/set/videos/{DIGEST}.mp4",), "Clip-7": ("/set/videos/x/b.mkv",), "0042": ()}


@pytest.mark.parametrize(
    ("given_id", "sample"),
    [
        (ID, ID),
        (f"videos/{ID}.mp4", ID),
        (f"{ID}.webm", ID),
        (f"C:\\data\\videos\\{ID}.MP4", ID),
        (f"./{ID}", ID),
        (f" {ID}\n", ID),
        (ID.upper(), ID),
        (f"videos/{ID.upper()}.mp4", ID),
        (DIGEST, ID),  # the name of the video's file
        (f"{DIGEST}.mp4", ID),
        (ID[:16], ID),
        ("clip-7", "Clip-7"),
        ("b.mkv", "Clip-7"),
        ("x/b", "Clip-7"),
        ("42", "0042"),
        ("42.0", "0042"),
    ],
)
def test_match_ids_reads_spellings(given_id, sample):
    match = match_ids([given_id], SAMPLES)
    assert match.answer_ids == {sample: given_id}
    assert match.respelled == (given_id != sample)
    assert match.unknown == ()


@pytest.mark.parametrize("given_id", ["", "clip", "43", ID[:10], "y/z.mp4", "4.2", f"{ID}_0", "٤٢"])
def test_match_ids_leaves_others_unknown(given_id):
    match = match_ids([given_id], SAMPLES)
    assert match.answer_ids == {}
    assert match.unknown == (given_id,)


def test_match_ids_of_two_videos_of_one_name():
    samples = {"a": ("/set/videos/one/v.mp4",), "b": ("/set/videos/two/v.mp4",)}
    assert match_ids(["one/v.mp4", "two\\v"], samples).answer_ids == {
        "a": "one/v.mp4",
        "b": "two\\v",
    }
    match = match_ids(["v.mp4"], samples)
    assert match.answer_ids == {}
    assert match.ambiguous == "'v.mp4' fits 2 samples, such as 'a'"


def test_match_ids_of_two_answers_to_one_sample():
    match = match_ids(["x/a.mp4", "y/a.mp4"], {"a": (), "b": ()})
    assert match.answer_ids == {}
    assert match.unknown == ("x/a.mp4", "y/a.mp4")
    assert match.ambiguous == "'x/a.mp4' and 'y/a.mp4' both fit sample 'a'"
    match = match_ids(["a", "a.mp4"], {"a": (), "b": ()})
    assert (match.answer_ids, match.unknown) == ({"a": "a"}, ("a.mp4",))


def test_match_ids_of_an_id_that_is_the_file_name_of_another_sample():
    samples = {"a": ("/set/b.mp4",), "b": ("/set/a.mp4",)}
    assert match_ids(["a", "b"], samples).answer_ids == {"a": "a", "b": "b"}
    assert match_ids(["b.mp4"], samples).answer_ids == {}


@pytest.mark.parametrize("affix", ["{}_0", "{}-epoch-1", "jumpscore/{}", "set:{}", "{}#answer"])
def test_match_ids_with_one_affix_for_all(affix):
    names = [f"clip{number}" for number in (1, 11, 111)]
    answers = {name: affix.format(name) for name in names}
    assert match_ids(answers.values(), dict.fromkeys(names, ())).answer_ids == answers


def test_match_ids_with_different_suffixes():
    match = match_ids(["a_0", "a_1", "b_0"], {"a": (), "b": ()})
    assert match.answer_ids == {"a": "a_0", "b": "b_0"}
    assert match.unknown == ("a_1",)
    assert match_ids(["a_0", "b_1"], {"a": (), "b": ()}).answer_ids == {}


def test_match_row_numbers_only_if_complete():
    samples = ["x", "y", "z"]
    assert match_row_numbers(["2", "0", "1"], samples).answer_ids == {"x": "0", "y": "1", "z": "2"}
    one_based = match_row_numbers(["3.0", "1.0", "2.0"], samples)
    assert one_based.answer_ids == {"x": "1.0", "y": "2.0", "z": "3.0"}
    for incomplete in (["0", "1"], ["1", "2"], ["0", "1", "2", "3"], ["1", "1.0", "2"], []):
        assert match_row_numbers(incomplete, samples).answer_ids == {}
        assert match_row_numbers(incomplete, samples).unknown == tuple(incomplete)


@given(st.sets(st.text(max_size=4), max_size=8), st.sets(st.text(max_size=6), max_size=8))
def test_match_ids_uses_every_answer_at_most_once(expected, names):
    given_ids = sorted(names)
    match = match_ids(given_ids, dict.fromkeys(sorted(expected), ()))
    assert match.answer_ids.keys() <= expected
    used = list(match.answer_ids.values())
    assert len(used) == len(set(used))
    assert sorted([*used, *match.unknown]) == given_ids
    assert all(match.answer_ids[name] == name for name in names & expected)


def test_match_ids_of_many_samples_is_fast():
    names = [f"{number:020x}" for number in range(3_000)]
    before = time.perf_counter()
    match = match_ids([f"videos/{name}_x" for name in names], dict.fromkeys(names, ()))
    assert len(match.answer_ids) == 0
    match = match_ids([f"videos/{name.upper()}.mp4" for name in names], dict.fromkeys(names, ()))
    assert len(match.answer_ids) == 3_000
    assert time.perf_counter() - before < 10
