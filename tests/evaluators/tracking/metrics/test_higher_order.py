from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.tracking import (
    mask_hota,
    mask_hota_reference,
)
from tests.evaluators.tracking.drawn import golden_masks, random_mask
from tests.tracking_support import (
    golden,
    sav_masks,
    trackeval_hota,
)

# pycocotools 2.0.11 with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), objects=st.integers(1, 3), predicted=st.integers(1, 4))
def test_mask_hota_equals_trackeval(seed, objects, predicted):
    generator = np.random.default_rng(seed)
    stack = np.array(
        [
            [random_mask(generator, 9, 11) for _ in range(5)] for _ in range(objects + predicted)
        ]
    )  # fmt: skip
    truth, prediction = stack[:objects], stack[objects:]
    if seed % 2:
        prediction[: min(objects, predicted)] = truth[: min(objects, predicted)]
        prediction = prediction[:, generator.permutation(5)]
    if not truth.any() and not prediction.any():
        return  # trackeval returns 0 without any detection
    theirs = trackeval_hota(truth, prediction)
    ours = mask_hota(truth, prediction)
    np.testing.assert_allclose(ours.hota, theirs["HOTA"], atol=1e-9)
    np.testing.assert_allclose(ours.detection, theirs["DetA"], atol=1e-9)
    np.testing.assert_allclose(ours.association, theirs["AssA"], atol=1e-9)


def test_mask_hota_of_real_objects_equals_trackeval():
    truth = np.array([sav_masks(str(k), frames=slice(0, 40, 8)) for k in range(5)])
    prediction = np.array([sav_masks(str(k), frames=slice(1, 41, 8)) for k in (1, 0, 2, 4)])
    prediction[0, 2], prediction[1, 2] = prediction[1, 2].copy(), prediction[0, 2].copy()
    theirs = trackeval_hota(truth, prediction)
    np.testing.assert_allclose(mask_hota(truth, prediction).hota, theirs["HOTA"], atol=1e-9)


def test_mask_hota_of_empty_masks_is_one():
    nothing = np.zeros((3, 5, 5), dtype=bool)
    assert mask_hota(nothing, nothing).mean == mask_hota_reference(nothing, nothing) == 1.0


@pytest.mark.parametrize("name", golden()["masks"])
def test_mask_hota_reference_equals_the_public_code(name):
    case = golden()["masks"][name]
    hota = mask_hota_reference(*golden_masks(case))
    assert hota == pytest.approx(case["lmms_eval"]["HOTA"], abs=1e-9)
