"""Intersection over union of two spans, and whether it reaches a threshold (R1@k)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evaluators.temporal.parsing import parse_span
from evaluators.temporal.spans import ParsedSpan, Policy
from jumpscore.records import FinishReason

RECALL_AT: tuple[float, ...] = (0.3, 0.5, 0.7)
"""Thresholds of the paper, as fractions."""


@dataclass(frozen=True, slots=True)
class SpanScore:
    """Score of one answer.

    Attributes:
        parsed: What was read, with its status and policy.
        iou: Intersection over union with the true span, 0..1; 0 if no span was read.
        recalls: Threshold -> whether ``iou`` reaches it.
    """

    parsed: ParsedSpan
    iou: float
    recalls: dict[float, bool]


def temporal_iou(span: tuple[float, float], truth: tuple[float, float]) -> float:
    """Return intersection over union of two spans in seconds, 0..1.

    A span whose end is not after its start covers nothing and scores 0.

    Args:
        span: Answered (start, end).
        truth: True (start, end).

    Raises:
        ValueError: A bound is not finite, or the truth ends before it starts.

    >>> temporal_iou((2.0, 7.0), (4.0, 10.0))
    0.375
    """
    _check("span", span)
    _check("truth", truth)
    if truth[1] < truth[0]:
        raise ValueError(f"truth {tuple(truth)} ends before it starts")
    common = min(span[1], truth[1]) - max(span[0], truth[0])
    if common <= 0:
        return 0.0
    return common / (max(span[1], truth[1]) - min(span[0], truth[0]))


def _check(name: str, span: tuple[float, float]) -> None:
    if len(span) != 2 or not all(map(math.isfinite, span)):
        raise ValueError(f"{name} {tuple(span)} must be two finite numbers of seconds")


def score_span(
    text: str,
    truth: tuple[float, float],
    *,
    policy: Policy = "strict",
    finish_reason: FinishReason | None = None,
) -> SpanScore:
    """Score one answer.

    Args:
        text: The whole answer.
        truth: True (start, end) in seconds.
        policy: How the answer is read; see ``parse_span``.
        finish_reason: ``"length"`` if the model was stopped at its token limit.

    Raises:
        ValueError: The truth is not a span, or the policy is unknown.

    >>> score_span("4.2 - 9.6 seconds", (4.0, 10.0), policy="reference_official").iou
    1.0
    """
    parsed = parse_span(text, policy=policy, finish_reason=finish_reason)
    iou = temporal_iou(parsed.span or (0.0, 0.0), truth)
    return SpanScore(parsed, iou, {at: iou >= at for at in RECALL_AT})
