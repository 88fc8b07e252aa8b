from __future__ import annotations

import pytest

from jumpscore.answers import tokenize
from jumpscore.answers.decimals import join_commas, join_thousands


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("0,28; 0,76", [0.28, 0.76]),
        ("0,28\n0,76", [0.28, 0.76]),
        ("0,28, 0,76, 1,24", [0.28, 0.76, 1.24]),
        ("1, 2, 3, 4", [1, 2, 3, 4]),
        ("1,2, 3,4", [1, 2, 3, 4]),
        ("1,2,3 s", [1, 2, 3]),
        ("0,28 s", [0.28]),
        ("280,5 ms", [0.2805]),
        ("0.5, 1,2", [0.5, 1, 2]),
        ("1;0,28\n2;0,76", [1, 0.28, 2, 0.76]),
        ("1,5\n2,9\n3,12", [1, 5, 2, 9, 3, 12]),
    ],
)
def test_join_commas_only_decimal_commas(text, read):
    joined = join_commas(tokenize(text))
    assert [token.value for token in joined if token.value is not None] == pytest.approx(read)


@pytest.mark.parametrize(
    ("text", "read"),
    [("1,200", [1200]), ("1,200.5 s", [1200.5]), ("1,20", [1, 20]), ("0,280", [0, 280])],
)
def test_join_thousands_requires_three_digits(text, read):
    joined = join_thousands(tokenize(text))
    assert [token.value for token in joined if token.value is not None] == pytest.approx(read)
