"""Benchmarks: ``python -m tests.benchmarks [name ...]``. They print ratios and judge nothing."""
