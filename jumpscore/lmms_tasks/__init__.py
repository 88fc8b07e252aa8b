"""Benchmarks that no release of lmms-eval has, offered to it as external tasks."""
