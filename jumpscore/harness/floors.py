"""The floor beside a main number: what an answer earns that never looks at the video."""

from __future__ import annotations

from jumpscore.records import Estimate, RunResult

FLOORS = {"map_reference": "content_free_map", "f1": "content_free_f1"}
"""Metric -> metric that says what a grid fitted on nothing earns; of all other metrics it is
``content_free_<name>``, where the task has that."""


def floor_of(result: RunResult, metric: str) -> Estimate | None:
    """Return the floor of a metric over the samples that a run scored, where the task has one.

    Args:
        result: Of the run.
        metric: Name of the main number.
    """
    return result.metrics.get(FLOORS.get(metric, f"content_free_{metric}"))
