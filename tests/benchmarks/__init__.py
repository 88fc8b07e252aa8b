"""Benchmarks: ``python -m tests.benchmarks [name ...]``. They print ratios and have no limits."""
