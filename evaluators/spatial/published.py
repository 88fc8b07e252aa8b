"""The published spatial benchmarks, as data sets to fetch."""

from __future__ import annotations

from evaluators.spatial.benchmarks import BENCHMARKS

SETS = tuple(benchmark.published for benchmark in BENCHMARKS)
