from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.tracking import bits as packed
from evaluators.tracking import (
    boundary_f,
    boundary_radius,
    davis_scores,
    decay,
    decode_masks,
    j_and_f,
    j_and_f_of_rles,
    mask_hota,
    mask_hota_reference,
    region_similarity,
    statistics,
)
from tests.tracking_support import (
    encoded,
    golden,
    sav_masks,
    trackeval_hota,
    trackeval_j_and_f,
    trackeval_per_frame,
    trackeval_sequence,
)

# pycocotools 2.0.11 with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def random_mask(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Blocks, slivers, holes and speckles; often touching the border, sometimes all or nothing."""
    kind = generator.integers(6)
    mask = np.full((height, width), kind == 1, dtype=bool)
    if kind < 2:
        return mask
    for inside in (True, True, False, True, False)[: kind + 1]:
        top, left = generator.integers(-3, height), generator.integers(-3, width)
        tall, wide = generator.integers(1, height + 3), generator.integers(1, width + 3)
        mask[max(0, top) : max(0, top + tall), max(0, left) : max(0, left + wide)] = inside
    if kind == 5:
        mask ^= generator.random((height, width)) < 0.02
    return mask


def golden_masks(case: dict) -> tuple[np.ndarray, np.ndarray]:
    height, width = case["gt_rle"][0]["size"]
    return tuple(
        decode_masks(case[name], height=height, width=width) for name in ("gt_rle", "pred_rle")
    )


@pytest.mark.parametrize("name", golden()["masks"])
def test_j_f_and_hota_are_the_public_ones(name):
    case = golden()["masks"][name]
    truth, prediction = golden_masks(case)
    found = j_and_f(truth, prediction)
    for key in ("lmms", "davis"):
        np.testing.assert_allclose(found.j, case[f"{key}_J_per_frame"], atol=1e-9)
        np.testing.assert_allclose(found.f, case[f"{key}_F_per_frame"], atol=1e-9)
    assert found.mean == pytest.approx(case["lmms_eval"]["J&F"], abs=1e-9)
    hota = mask_hota_reference(truth, prediction)
    assert hota == pytest.approx(case["lmms_eval"]["HOTA"], abs=1e-9)


def test_real_masks_score_as_in_the_public_code():
    case = golden()["masks_real"]
    truth = sav_masks("0", frames=slice(None, None, 4))
    prediction = np.zeros_like(truth)
    prediction[:, :, 5:] = truth[:, :, :-5]
    prediction[3] = 0
    assert truth.sum(axis=(1, 2)).tolist() == case["areas"]
    found = j_and_f(truth, prediction)
    np.testing.assert_allclose(found.j, case["J"], atol=1e-9)
    np.testing.assert_allclose(found.f, case["F"], atol=1e-9)
    hota = mask_hota_reference(truth, prediction)
    assert hota == pytest.approx(case["metrics"]["HOTA"], abs=1e-9)


@pytest.mark.parametrize("name", ["0", "1", "2", "3", "4"])
def test_sav_masks_score_as_in_trackeval(name):
    truth = sav_masks(name, frames=slice(0, 121, 8))
    prediction = sav_masks(name, frames=slice(1, 121, 8))
    truth = truth[: len(prediction)]
    j, f = trackeval_per_frame(truth, prediction)
    found = j_and_f(truth, prediction)
    np.testing.assert_allclose(found.j, j, atol=1e-9)
    np.testing.assert_allclose(found.f, f, atol=1e-9)
    # The same masks as COCO lays them out in memory.
    height, width = truth.shape[1:]
    columns = [decode_masks(encoded(m), height=height, width=width) for m in (truth, prediction)]
    assert columns[0].strides[1] < columns[0].strides[2]
    assert (j_and_f(*columns).f == found.f).all()


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    height=st.integers(1, 140),
    width=st.integers(1, 140),
    frames=st.integers(1, 4),
)
def test_random_masks_score_as_in_trackeval(seed, height, width, frames):
    generator = np.random.default_rng(seed)
    truth, prediction = (
        np.stack([random_mask(generator, height, width) for _ in range(frames)]) for _ in range(2)
    )
    if seed % 2:
        prediction = np.roll(truth, generator.integers(-2, 3, size=2), axis=(1, 2))
    j, f = trackeval_per_frame(truth, prediction)
    found = j_and_f(truth, prediction)
    np.testing.assert_allclose(found.j, j, atol=1e-9)
    np.testing.assert_allclose(found.f, f, atol=1e-9)
    assert (region_similarity(truth, prediction) == found.j).all()
    assert (boundary_f(truth, prediction) == found.f).all()
    np.testing.assert_array_equal(j_and_f(prediction, truth).f, found.f)
    rles = encoded(truth), encoded(prediction)
    packed_at_once = j_and_f_of_rles(*rles, height=height, width=width)
    assert (packed_at_once.j == found.j).all()
    assert (packed_at_once.f == found.f).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), objects=st.integers(1, 3), found=st.integers(1, 4))
def test_hota_is_that_of_trackeval(seed, objects, found):
    generator = np.random.default_rng(seed)
    stack = np.array(
        [
            [random_mask(generator, 9, 11) for _ in range(5)] for _ in range(objects + found)
        ]
    )  # fmt: skip
    truth, prediction = stack[:objects], stack[objects:]
    if seed % 2:
        prediction[: min(objects, found)] = truth[: min(objects, found)]
        prediction = prediction[:, generator.permutation(5)]
    if not truth.any() and not prediction.any():
        return  # nothing to find: 0 there, 1 here
    theirs = trackeval_hota(truth, prediction)
    ours = mask_hota(truth, prediction)
    np.testing.assert_allclose(ours.hota, theirs["HOTA"], atol=1e-9)
    np.testing.assert_allclose(ours.detection, theirs["DetA"], atol=1e-9)
    np.testing.assert_allclose(ours.association, theirs["AssA"], atol=1e-9)


def test_hota_of_real_objects_is_that_of_trackeval():
    truth = np.array([sav_masks(str(k), frames=slice(0, 40, 8)) for k in range(5)])
    prediction = np.array([sav_masks(str(k), frames=slice(1, 41, 8)) for k in (1, 0, 2, 4)])
    prediction[0, 2], prediction[1, 2] = prediction[1, 2].copy(), prediction[0, 2].copy()
    theirs = trackeval_hota(truth, prediction)
    np.testing.assert_allclose(mask_hota(truth, prediction).hota, theirs["HOTA"], atol=1e-9)


def test_empty_everywhere_is_perfect():
    nothing = np.zeros((3, 5, 5), dtype=bool)
    assert mask_hota(nothing, nothing).mean == mask_hota_reference(nothing, nothing) == 1.0
    assert j_and_f(nothing, nothing).mean == 1.0


@pytest.mark.parametrize("radius", range(70))
def test_the_disk_is_the_one_of_the_definition(radius):
    size = 2 * radius + 3
    dot = np.zeros((size, size), dtype=bool)
    dot[radius + 1, radius + 1] = True
    away = np.arange(size) - radius - 1
    disk = away**2 + away[:, None] ** 2 <= radius**2
    np.testing.assert_array_equal(packed.dilate(packed.pack(dot), radius), packed.pack(disk))


def test_a_path_to_a_neighbour_never_needs_pixels_beyond_the_crop():
    rows = np.zeros((3, 40, 3), dtype=bool)
    rows[0, 0, 0] = rows[1, 39, 2] = rows[2, 20, 1] = True
    for mask in rows:
        [[y, x]] = np.argwhere(mask)
        near = (np.arange(40)[:, None] - y) ** 2 + (np.arange(3) - x) ** 2 <= 100
        # Beyond the third column of the word nothing is asked for, and anything may stand.
        grown = packed.dilate(packed.pack(mask), 10) & np.uint64(7)
        np.testing.assert_array_equal(grown, packed.pack(near))


def test_radius_is_the_public_one():
    for size, radius in golden()["radius"].items():
        width, height = map(int, size.split("x"))
        assert boundary_radius(height, width) == radius


def test_by_hand():
    truth = np.zeros((6, 8), dtype=bool)
    prediction = truth.copy()
    truth[1:4, 1:4] = True  # 9 pixels
    prediction[1:4, 2:6] = True  # 12 pixels, 6 of them shared
    assert region_similarity(truth, prediction) == 6 / 15
    assert isinstance(boundary_f(truth, prediction), float)
    # The boundary of a box of 3 x 3 is a ring of 4 x 4: 12 pixels; of 3 x 4, 14 pixels. On the same
    # spot lie 3 of the upper and 3 of the lower row, and where the ring's right side crosses, none.
    assert boundary_f(truth, prediction, tolerance=0) == pytest.approx(2 * 6 / (12 + 14))
    assert boundary_f(truth, prediction, tolerance=2) == 1.0


def test_any_integer_or_boolean_mask_is_a_mask():
    truth = np.zeros((2, 20, 30), dtype=bool)
    truth[:, 5:9, 5:25] = True
    prediction = np.roll(truth, 3, axis=2)
    expected = j_and_f(truth, prediction)
    for kind in (np.uint8, np.int64):
        found = j_and_f(truth.astype(kind) * 255, prediction.astype(kind) * 7)
        assert (found.j == expected.j).all()
        assert (found.f == expected.f).all()


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
def test_what_are_no_masks_is_refused(truth, prediction, message):
    for measure in (region_similarity, boundary_f, j_and_f):
        with pytest.raises(ValueError, match=message):
            measure(truth, prediction)


@pytest.mark.parametrize("tolerance", [-0.1, float("nan"), float("inf")])
def test_a_tolerance_is_a_distance(tolerance):
    with pytest.raises(ValueError, match="fraction of the diagonal"):
        boundary_f(np.ones((2, 2), bool), np.ones((2, 2), bool), tolerance=tolerance)


def test_void_pixels_do_not_count():
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


@pytest.mark.parametrize("name", golden()["statistics"])
def test_statistics_are_those_of_davis(name):
    case = golden()["statistics"][name]
    for measure in ("J", "F"):
        found = statistics(np.array(case[measure]))
        expected = case[f"{measure}_stats"]
        np.testing.assert_allclose((found.mean, found.recall, found.decay), expected, atol=1e-9)


def test_davis_leaves_out_both_ends_and_else_is_trackeval():
    truth = sav_masks("2", frames=slice(0, 110, 10))
    prediction = sav_masks("2", frames=slice(2, 112, 10))
    scores = davis_scores(truth, prediction)
    theirs = trackeval_j_and_f(
        trackeval_sequence([encoded(truth[1:-1])], [encoded(prediction[1:-1])])
    )
    for measure, found in (("J", scores.j), ("F", scores.f)):
        assert found.mean == pytest.approx(theirs[f"{measure}-Mean"], abs=1e-9)
        assert found.recall == pytest.approx(theirs[f"{measure}-Recall"], abs=1e-9)
        assert found.decay == pytest.approx(theirs[f"{measure}-Decay"], abs=1e-9)
    assert scores.mean == pytest.approx(theirs["J&F"], abs=1e-9)


def test_decay_is_right_beyond_256_frames():
    values = np.repeat([1.0, 0.8, 0.6, 0.4], 100)
    assert decay(values) == pytest.approx(0.6, abs=0.01)
    assert decay(np.ones(300)) == 0.0
    assert decay(np.array([0.3])) == 0.0


def test_davis_needs_frames_between_the_ends():
    with pytest.raises(ValueError, match="at least 3 frames"):
        davis_scores(np.ones((2, 3, 3), bool), np.ones((2, 3, 3), bool))
    with pytest.raises(ValueError, match="no frames"):
        statistics(np.array([]))
