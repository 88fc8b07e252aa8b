"""Configuration groups (YAML): every key with its default.

``jumpscore.harness.config`` and the options of each model and task validate them.
"""
