"""Temporal grounding: one answered span against the true one."""

from evaluators.temporal.metrics import RECALL_AT, SpanScore, score_span, temporal_iou
from evaluators.temporal.parsing import parse_span
from evaluators.temporal.spans import ParsedSpan, Policy, Span

__all__ = [
    "RECALL_AT",
    "ParsedSpan",
    "Policy",
    "Span",
    "SpanScore",
    "parse_span",
    "score_span",
    "temporal_iou",
]
