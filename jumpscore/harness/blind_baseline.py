"""The blind baseline of a task: answers that never look at the media, and their score."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from jumpscore.records import Convention, Estimate, Response, RunResult, Sample

logger = logging.getLogger(__name__)
CONVENTION: Convention = "relative_1000"
"""Convention of blind answers if the benchmark has none."""

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


def blind_answers(samples: Iterable[Sample[Any]]) -> dict[str, Response]:
    """Return the answers of the blind baseline by id, for truths that define one.

    Such a truth has a method ``blind_answer(convention, *, salt)``, which returns text or ``None``;
    the id of the question is the salt of random choices.
    """
    answers = {}
    for sample in samples:
        name, truth = sample.question.id, sample.truth
        if sample.problem is None and hasattr(truth, "blind_answer"):
            convention = getattr(truth, "convention", None) or CONVENTION
            try:
                text = truth.blind_answer(convention, salt=name)
            except Exception as error:  # a ground truth of another package; other samples go on
                logger.warning("%s: no blind answer: %r", name, error)
                continue
            if text is not None:
                answers[name] = Response(name, text, convention=convention)
    return answers
