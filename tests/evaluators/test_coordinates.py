from __future__ import annotations

import numpy as np
import pytest

from evaluators.coordinates import in_mask, to_pixels


def test_in_mask_of_huge_and_undefined_coordinates():
    mask = np.ones((4, 4))
    points = [(1e300, 1), (-1e300, 1), (np.nan, 1), (np.inf, 1), (1, 1)]
    assert in_mask(points, mask, convention="pixel").tolist() == [False] * 4 + [True]


def test_in_mask_scales_pixels_of_a_resized_image():
    assert to_pixels([[50, 20]], convention="pixel", size=(200, 100), seen=(100, 50)).tolist() == [
        [100.0, 40.0]
    ]
    mask = np.zeros((100, 200))
    mask[40, 100] = 1
    assert in_mask([(50, 20)], mask, convention="pixel", seen=(100, 50)).all()
    assert not in_mask([(50, 20)], mask, convention="pixel").any()


def test_in_mask_tolerates_float_errors():
    mask = np.zeros((1, 200))
    mask[0, 58] = 1
    assert in_mask([(0.29, 0)], mask, convention="unit").all()


def test_invalid_sizes_and_masks_are_named():
    with pytest.raises(ValueError, match=r"size \(0, 5\)"):
        to_pixels([[1, 2]], convention="pixel", size=(0, 5))
    with pytest.raises(ValueError, match=r"mask has shape \(2, 2, 3\)"):
        in_mask([(1, 2)], np.ones((2, 2, 3)), convention="pixel")
