from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.builder.release.statistics import MOST_BINS, Spread, bins, histogram
from jumpscore.report.exports.figure import svg

VALUES = st.lists(st.floats(0, 1e5, allow_subnormal=False).map(lambda x: round(x, 3)), min_size=1)


@given(values=VALUES)
def test_bins_equal_numpy(values):
    start, width, counts = bins(values)
    assert sum(counts) == len(values)
    assert len(counts) <= MOST_BINS + 1
    if len(counts) > 1:
        # A little to the right, as rounding must not put a value on an edge into the bin before.
        edges = start + width * np.arange(len(counts) + 1) - 1e-6 * width
        assert counts == np.histogram(values, edges)[0].tolist()


@given(values=VALUES)
def test_spread_equals_numpy(values):
    spread = Spread.of(values)
    expected = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
    actual = (spread.least, spread.quarter, spread.median, spread.three_quarters, spread.most)
    assert actual == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "bars"), [([], 0), ([3], 1), ([0, 0, 0], 1), ([1e-9, 2e-9], 2), ([1, 2, 1000], 2)]
)
def test_histogram_extremes(values, bars):
    text = svg(histogram(values, "Things", "video")).decode()
    assert "nan" not in text
    assert text.count('stroke="#0068a8"') == bars
