"""Metrics of tracking: pure functions, one module each."""
