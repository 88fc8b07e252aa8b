"""Temporal grounding: one answered span against the true one."""

from evaluators.temporal.metrics import score_span, temporal_iou
from evaluators.temporal.parsing import parse_span
from evaluators.temporal.spans import Span

__all__ = [
    "Span",
    "parse_span",
    "score_span",
    "temporal_iou",
]
