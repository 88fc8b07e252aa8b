"""The blind baseline of a metric: the score of an answer that never looks at the video."""

from __future__ import annotations

from jumpscore.records import Estimate, RunResult

FITTED_ON_NOTHING = {"map_reference": "content_free_map", "f1": "content_free_f1"}
"""Metric -> metric with the score of a fixed grid of times."""


def blind_metric(metric: str) -> str:
    """Return the name of the metric that is the blind baseline of another.

    By default it is ``content_free_<name>`` of the same task.
    """
    return FITTED_ON_NOTHING.get(metric, f"content_free_{metric}")


def blind_baseline(result: RunResult, metric: str) -> Estimate | None:
    """Return the blind baseline of a metric over the samples that a run scored, if there is one.

    Args:
        result: Result of the run.
        metric: Name of the metric.
    """
    return result.metrics.get(blind_metric(metric))
