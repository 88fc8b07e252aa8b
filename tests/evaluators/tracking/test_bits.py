from __future__ import annotations

import numpy as np
import pytest

from evaluators.tracking import bits as packed

# pycocotools 2.0.11 with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.parametrize("radius", range(70))
def test_dilate_equals_the_definition_of_a_disk(radius):
    size = 2 * radius + 3
    dot = np.zeros((size, size), dtype=bool)
    dot[radius + 1, radius + 1] = True
    away = np.arange(size) - radius - 1
    disk = away**2 + away[:, None] ** 2 <= radius**2
    np.testing.assert_array_equal(packed.dilate(packed.pack(dot), radius), packed.pack(disk))


def test_dilate_needs_no_pixels_beyond_the_crop():
    rows = np.zeros((3, 40, 3), dtype=bool)
    rows[0, 0, 0] = rows[1, 39, 2] = rows[2, 20, 1] = True
    for mask in rows:
        [[y, x]] = np.argwhere(mask)
        expected = (np.arange(40)[:, None] - y) ** 2 + (np.arange(3) - x) ** 2 <= 100
        # Bits beyond the third column of the word are undefined.
        grown = packed.dilate(packed.pack(mask), 10) & np.uint64(7)
        np.testing.assert_array_equal(grown, packed.pack(expected))
