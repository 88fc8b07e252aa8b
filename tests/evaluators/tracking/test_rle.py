from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.tracking import decode_masks, decode_union, j_and_f_of_rles
from evaluators.tracking.rle import _run_lengths
from jumpscore.errors import DataError
from tests.tracking_support import encoded, sav_masks, sav_rles

# pycocotools 2.0.11 with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIZE = {"height": 3, "width": 4}


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), height=st.integers(1, 300), width=st.integers(1, 20))
def test_encode_mask_and_decode_masks_are_inverse(seed, height, width):
    generator = np.random.default_rng(seed)
    masks = generator.random((2, height, width)) < generator.random()
    rles = encoded(masks)
    np.testing.assert_array_equal(decode_masks(rles, height=height, width=width), masks)
    for rle, mask in zip(rles, masks, strict=True):
        runs = _run_lengths(rle["counts"])
        inside = np.repeat(np.arange(runs.size) % 2, runs).reshape(width, height).T
        np.testing.assert_array_equal(inside, mask)


def test_decode_union_of_real_objects():
    result = decode_union(sav_rles(), ["0", "2"], frames=121, height=848, width=480)
    np.testing.assert_array_equal(result, sav_masks("0") | sav_masks("2"))
    assert not decode_union({}, [], frames=2, **SIZE).any()


def test_decode_masks_of_text_bytes_and_none():
    [rle] = encoded(np.eye(3, 4)[None])
    assert isinstance(rle["counts"], bytes)
    text = rle | {"counts": rle["counts"].decode()}
    result = decode_masks([rle, None, text], **SIZE)
    assert (result[0] == result[2]).all()
    assert not result[1].any()


@pytest.mark.parametrize(
    ("rle", "message"),
    [
        ({"size": [4, 3], "counts": [12]}, "4 high and 3 wide, the video 3 and 4"),
        ({"size": [3], "counts": [12]}, r"size \[3\]"),
        ({"size": 12, "counts": [12]}, "size 12"),
        ({"counts": [12]}, "not a run-length mask"),
        ([1, 2], "not a run-length mask"),
        ({"size": [3, 4], "counts": [1, 4, 1]}, "do not add up to its 12 pixels"),
        ({"size": [3, 4], "counts": [13, -1]}, "damaged"),
        ({"size": [3, 4], "counts": ["a"]}, "damaged"),
        ({"size": [3, 4], "counts": [10**30, 12 - 10**30]}, "damaged"),
        ({"size": [3, 4], "counts": None}, "damaged"),
        ({"size": [3, 4], "counts": ""}, "damaged"),
        ({"size": [3, 4], "counts": "ü<"}, "damaged"),
        ({"size": [3, 4], "counts": "oooooooooo1"}, "damaged"),
        ({"size": [3, 4], "counts": "o"}, "damaged"),
        ({"size": [3, 4], "counts": b"\x00"}, "damaged"),
    ],
)
def test_decode_union_names_invalid_masks(rle, message):
    with pytest.raises(DataError, match=f"^object 'a', frame 1.*{message}"):
        decode_union({"a": [None, rle]}, ["a"], frames=2, **SIZE)


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_decode_masks_of_any_bytes(counts):
    with contextlib.suppress(DataError):
        decode_masks([{"size": [3, 4], "counts": counts}], **SIZE)


def test_j_and_f_of_rles_names_invalid_masks():
    whole = {"size": [3, 4], "counts": [0, 12]}
    with pytest.raises(DataError, match="prediction, frame 1 is 4 high"):
        j_and_f_of_rles([whole, None], [None, {"size": [4, 3], "counts": [12]}], **SIZE)
    with pytest.raises(DataError, match="1 true and 0 predicted frames"):
        j_and_f_of_rles([whole], [], **SIZE)
    with pytest.raises(ValueError, match="no frames"):
        j_and_f_of_rles([], [], **SIZE)
    assert j_and_f_of_rles([whole, None], [None, None], **SIZE).j.tolist() == [0.0, 1.0]


def test_decode_union_names_missing_objects():
    masks = {"dog_1": [None, None]}
    with pytest.raises(DataError, match="no masks of object 'dog_2'; did you mean 'dog_1'"):
        decode_union(masks, ["dog_2"], frames=2, **SIZE)
    with pytest.raises(DataError, match="2 frames and the video 3"):
        decode_union(masks, ["dog_1"], frames=3, **SIZE)


def test_decode_masks_reads_the_text_of_bytes():
    masks = (
        np.random.default_rng(0).random((20, 40, 60)) < np.linspace(0.05, 0.9, 20)[:, None, None]
    )
    rles = [{**rle, "counts": str(rle["counts"])} for rle in encoded(masks)]
    assert all(rle["counts"].startswith("b'") for rle in rles)
    assert any("\\\\" in rle["counts"] for rle in rles)
    np.testing.assert_array_equal(decode_masks(rles, height=40, width=60), masks)


@pytest.mark.parametrize("counts", ["b''", "b'", "b'141", "bb'141'", "b'1~41'"])
def test_decode_masks_refuses_other_text(counts):
    with pytest.raises(DataError, match="damaged"):
        decode_masks([{"size": [2, 3], "counts": counts}], height=2, width=3)
