"""Configuration groups in YAML: the entry point, training and rendered data sets.

Defaults of models, tasks, inputs and runs are those of their classes (``harness/compose.py``).
"""
