"""Benchmarks of lmms-eval: it hands out documents and scores, in a process of its own."""
