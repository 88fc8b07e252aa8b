from __future__ import annotations

from tests.benchmarks.__main__ import ALL


def test_benchmarks_can_be_imported():
    assert all(map(callable, ALL.values()))
