from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model_wrappers.llava_onevision2.rotary import inverse_frequencies, rotary_tables, rotate
from tests.model_wrappers.llava_onevision2.slow_tower import turned


def positioned(vector, position, theta=10_000.0):
    tables = rotary_tables(torch.tensor([[position]]), inverse_frequencies(len(vector), theta))
    heads = torch.tensor(vector, dtype=torch.float32).view(1, 1, 1, -1)
    return rotate(heads, *tables).flatten()


def test_inverse_frequencies_of_a_head_of_32():
    time, row, column = inverse_frequencies(32, 10_000.0)
    assert (len(time), len(row), len(column)) == (4, 6, 6)
    # 10000^(-1/4) = 0.1, 10000^(-2/4) = 0.01, ...
    assert time.tolist() == pytest.approx([1.0, 0.1, 0.01, 0.001])
    assert row.tolist() == column.tolist()
    assert row[3].item() == pytest.approx(0.01)


def test_rotary_tables_first_channels_by_hand():
    vector = [0.0] * 32
    vector[0], vector[1] = 1.0, 2.0
    out = positioned(vector, (3, 0, 0))
    # The pair is (x0, x1); channel 0 has the angle 3 * 1, channel 1 the angle 3 * 0.1.
    assert out[0].item() == pytest.approx(1 * math.cos(3) - 2 * math.sin(3), abs=1e-6)
    assert out[1].item() == pytest.approx(2 * math.cos(0.3) + 1 * math.sin(0.3), abs=1e-6)
    assert out[2:].abs().max() == 0


def test_rotary_tables_second_half_by_hand():
    vector = [0.0] * 32
    vector[16], vector[17] = 1.0, 2.0
    out = positioned(vector, (3, 0, 0))
    assert out[16].item() == pytest.approx(1 * math.cos(3) - 2 * math.sin(3), abs=1e-6)
    assert out[17].item() == pytest.approx(2 * math.cos(0.3) + 1 * math.sin(0.3), abs=1e-6)


def test_rotary_tables_axes_by_hand():
    rows = positioned([1.0] * 32, (0, 2, 0)) != 1.0
    columns = positioned([1.0] * 32, (0, 0, 2)) != 1.0
    assert np.flatnonzero(rows.numpy()).tolist() == [*range(4, 10), *range(20, 26)]
    assert np.flatnonzero(columns.numpy()).tolist() == [*range(10, 16), *range(26, 32)]


def test_rotate_depends_on_absolute_time():
    """The same distance in time at another time gives another score, as the weights expect."""
    rng = np.random.default_rng(0)
    query, key = rng.normal(size=(2, 32)).tolist()

    def score(first, second):
        return float(positioned(query, (first, 0, 0)) @ positioned(key, (second, 0, 0)))

    assert abs(score(0, 5) - score(100, 105)) > 0.1


@settings(max_examples=50)
@given(
    st.sampled_from([32, 64, 128]),
    st.tuples(*[st.integers(0, 5000)] * 3),
    st.integers(0, 2**32 - 1),
)
def test_rotate_equals_slow_implementation(size, position, seed):
    vector = np.random.default_rng(seed).normal(size=size)
    actual = positioned(vector.tolist(), position).numpy()
    # Angles of thousands lose digits in float32, which the released model uses.
    tolerance = 1e-5 + 2e-7 * max(position) * abs(vector).max() * 2
    assert actual == pytest.approx(turned(vector, position), abs=tolerance)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_rotate_half_precision(dtype):
    heads = torch.randn(2, 7, 3, 64, generator=torch.Generator().manual_seed(0)).to(dtype)
    at = torch.randint(0, 900, (2, 7, 3), generator=torch.Generator().manual_seed(1))
    tables = rotary_tables(at, inverse_frequencies(64, 10_000.0))
    actual = rotate(heads, *tables)
    assert actual.dtype == dtype
    assert torch.equal(actual, rotate(heads.float(), *tables).to(dtype))
