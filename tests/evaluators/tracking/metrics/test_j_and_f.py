from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.tracking import (
    boundary_f,
    davis_scores,
    decode_masks,
    j_and_f,
    j_and_f_of_rles,
    mask_hota_reference,
    region_similarity,
)
from tests.evaluators.tracking.drawn import golden_masks, random_mask
from tests.tracking_support import (
    encoded,
    golden,
    sav_masks,
    trackeval_per_frame,
)

# pycocotools 2.0.11 with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.parametrize("name", golden()["masks"])
def test_j_and_f_equals_the_public_code(name):
    case = golden()["masks"][name]
    truth, prediction = golden_masks(case)
    measured = j_and_f(truth, prediction)
    for key in ("lmms", "davis"):
        np.testing.assert_allclose(measured.j, case[f"{key}_J_per_frame"], atol=1e-9)
        np.testing.assert_allclose(measured.f, case[f"{key}_F_per_frame"], atol=1e-9)
    assert measured.mean == pytest.approx(case["lmms_eval"]["J&F"], abs=1e-9)


def test_j_and_f_of_real_masks_equals_the_public_code():
    case = golden()["masks_real"]
    truth = sav_masks("0", frames=slice(None, None, 4))
    prediction = np.zeros_like(truth)
    prediction[:, :, 5:] = truth[:, :, :-5]
    prediction[3] = 0
    assert truth.sum(axis=(1, 2)).tolist() == case["areas"]
    measured = j_and_f(truth, prediction)
    np.testing.assert_allclose(measured.j, case["J"], atol=1e-9)
    np.testing.assert_allclose(measured.f, case["F"], atol=1e-9)
    hota = mask_hota_reference(truth, prediction)
    assert hota == pytest.approx(case["metrics"]["HOTA"], abs=1e-9)


@pytest.mark.parametrize("name", ["0", "1", "2", "3", "4"])
def test_j_and_f_of_sav_masks_equals_trackeval(name):
    truth = sav_masks(name, frames=slice(0, 121, 8))
    prediction = sav_masks(name, frames=slice(1, 121, 8))
    truth = truth[: len(prediction)]
    j, f = trackeval_per_frame(truth, prediction)
    measured = j_and_f(truth, prediction)
    np.testing.assert_allclose(measured.j, j, atol=1e-9)
    np.testing.assert_allclose(measured.f, f, atol=1e-9)
    # The same masks as COCO lays them out in memory.
    height, width = truth.shape[1:]
    columns = [decode_masks(encoded(m), height=height, width=width) for m in (truth, prediction)]
    assert columns[0].strides[1] < columns[0].strides[2]
    assert (j_and_f(*columns).f == measured.f).all()


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    height=st.integers(1, 140),
    width=st.integers(1, 140),
    frames=st.integers(1, 4),
)
def test_j_and_f_of_random_masks_equals_trackeval(seed, height, width, frames):
    generator = np.random.default_rng(seed)
    truth, prediction = (
        np.stack([random_mask(generator, height, width) for _ in range(frames)]) for _ in range(2)
    )
    if seed % 2:
        prediction = np.roll(truth, generator.integers(-2, 3, size=2), axis=(1, 2))
    j, f = trackeval_per_frame(truth, prediction)
    measured = j_and_f(truth, prediction)
    np.testing.assert_allclose(measured.j, j, atol=1e-9)
    np.testing.assert_allclose(measured.f, f, atol=1e-9)
    assert (region_similarity(truth, prediction) == measured.j).all()
    assert (boundary_f(truth, prediction) == measured.f).all()
    np.testing.assert_array_equal(j_and_f(prediction, truth).f, measured.f)
    rles = encoded(truth), encoded(prediction)
    packed_at_once = j_and_f_of_rles(*rles, height=height, width=width)
    assert (packed_at_once.j == measured.j).all()
    assert (packed_at_once.f == measured.f).all()


def test_j_and_f_accepts_integer_masks():
    truth = np.zeros((2, 20, 30), dtype=bool)
    truth[:, 5:9, 5:25] = True
    prediction = np.roll(truth, 3, axis=2)
    expected = j_and_f(truth, prediction)
    for kind in (np.uint8, np.int64):
        measured = j_and_f(truth.astype(kind) * 255, prediction.astype(kind) * 7)
        assert (measured.j == expected.j).all()
        assert (measured.f == expected.f).all()


def test_j_and_f_ignores_void_pixels():
    truth = np.zeros((3, 40, 40), dtype=bool)
    prediction = truth.copy()
    truth[:, 10:20, 10:20] = True
    prediction[:, 10:20, 10:30] = True
    void = np.zeros_like(truth)
    void[:, :, 20:] = True
    assert j_and_f(truth, prediction).j.tolist() == [0.5] * 3
    assert davis_scores(truth, prediction).f.mean < 1
    scores = davis_scores(truth, prediction, void=void)
    assert (scores.j.mean, scores.f.mean, scores.mean) == (1.0, 1.0, 1.0)


def test_j_and_f_of_empty_masks_is_one():
    nothing = np.zeros((3, 5, 5), dtype=bool)
    assert j_and_f(nothing, nothing).mean == 1.0


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        (
            np.zeros((2, 3, 4), bool),
            np.zeros((2, 4, 3), bool),
            r"\(2, 4, 3\) and truth \(2, 3, 4\)",
        ),
        (np.zeros((3, 4)), np.zeros((3, 4)), "float64"),
        (np.zeros(4, bool), np.zeros(4, bool), "height, width"),
        (np.zeros((0, 3, 4), bool), np.zeros((0, 3, 4), bool), "not empty"),
    ],
)
def test_j_and_f_refuses_invalid_arrays(truth, prediction, message):
    for measure in (region_similarity, boundary_f, j_and_f):
        with pytest.raises(ValueError, match=message):
            measure(truth, prediction)
