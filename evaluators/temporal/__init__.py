"""Temporal grounding: one answered span against the true one."""

from evaluators.temporal.metrics import (
    RECALL_AT,
    SpanScore,
    mean_iou,
    recall_at,
    score_span,
    temporal_iou,
)
from evaluators.temporal.parsing import parse_span
from evaluators.temporal.spans import ParsedSpan, Policy, Span

__all__ = [
    "RECALL_AT",
    "ParsedSpan",
    "Policy",
    "Span",
    "SpanScore",
    "mean_iou",
    "parse_span",
    "recall_at",
    "score_span",
    "temporal_iou",
]
