"""The blind baseline of a metric: the score of an answer that never looks at the video."""

from __future__ import annotations

from jumpscore.records import Estimate, RunResult

FITTED_ON_NOTHING = {"map_reference": "content_free_map", "f1": "content_free_f1"}
"""Metric -> metric with the score of a fixed grid of times."""


def blind_baseline(result: RunResult, metric: str) -> Estimate | None:
    """Return the blind baseline of a metric over the samples that a run scored, if there is one.

    By default it is the metric ``content_free_<name>`` of the same task.

    Args:
        result: Result of the run.
        metric: Name of the metric.
    """
    return result.metrics.get(baseline_name(metric))


def baseline_name(metric: str) -> str:
    """Return the name of a metric's blind baseline, which not every task has.

    >>> baseline_name("f1"), baseline_name("miou")
    ('content_free_f1', 'content_free_miou')
    """
    return FITTED_ON_NOTHING.get(metric, f"content_free_{metric}")
