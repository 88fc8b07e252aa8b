from __future__ import annotations

import numpy as np
import pytest

from evaluators.tracking import (
    boundary_f,
    boundary_radius,
)
from tests.tracking_support import (
    golden,
)

# pycocotools 2.0.11 with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_boundary_radius_equals_the_public_code():
    for size, radius in golden()["radius"].items():
        width, height = map(int, size.split("x"))
        assert boundary_radius(height, width) == radius


@pytest.mark.parametrize("tolerance", [-0.1, float("nan"), float("inf")])
def test_boundary_f_refuses_an_invalid_tolerance(tolerance):
    with pytest.raises(ValueError, match="fraction of the diagonal"):
        boundary_f(np.ones((2, 2), bool), np.ones((2, 2), bool), tolerance=tolerance)


def test_boundary_f_by_hand():
    truth = np.zeros((6, 8), dtype=bool)
    prediction = truth.copy()
    truth[1:4, 1:4] = True  # 9 pixels
    prediction[1:4, 2:6] = True  # 12 pixels, 6 of them shared
    # The boundary of a box of 3 x 3 is a ring of 4 x 4, 12 pixels; of 3 x 4, 14 pixels. They share
    # 3 pixels of the upper row and 3 of the lower one; the right side of the ring matches nothing.
    assert isinstance(boundary_f(truth, prediction), float)
    assert boundary_f(truth, prediction, tolerance=0) == pytest.approx(2 * 6 / (12 + 14))
    assert boundary_f(truth, prediction, tolerance=2) == 1.0
