from __future__ import annotations

import numpy as np
import pytest

from evaluators.tracking import (
    region_similarity,
)

# pycocotools 2.0.11 with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_region_similarity_by_hand():
    truth = np.zeros((6, 8), dtype=bool)
    prediction = truth.copy()
    truth[1:4, 1:4] = True  # 9 pixels
    prediction[1:4, 2:6] = True  # 12 pixels, 6 of them shared
    assert region_similarity(truth, prediction) == 6 / 15
    assert region_similarity(np.stack([truth] * 2), np.stack([prediction, truth])).tolist() == [
        0.4,
        1,
    ]
