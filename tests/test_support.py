"""``assert_linear`` fails for a quadratic reader, also for one that is mostly linear."""

from __future__ import annotations

import gc

import pytest

from tests.support import assert_linear, repeated


def work(steps: int) -> None:
    for _ in range(steps):
        pass


def test_assert_linear_refuses_a_quadratic_reader():
    with pytest.raises(AssertionError, match="8 times the text 'abab"):
        assert_linear(lambda text: work(len(text) ** 2 // 4), repeated("ab"), length=4000)
    assert gc.isenabled()


def test_assert_linear_refuses_a_reader_with_a_quadratic_part():
    """At an eighth of the length, two thirds of its time are linear."""

    def read(text):
        work(200 * len(text) + len(text) ** 2 // 5)

    with pytest.raises(AssertionError, match="8 times the text"):
        assert_linear(read, repeated("ab"), length=4000)


def test_assert_linear_accepts_a_linear_reader():
    assert_linear(lambda text: work(200 * len(text)), repeated("ab"), length=16_000)
