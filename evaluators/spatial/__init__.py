"""Spatial grounding: points, boxes, numbers and choices."""

from evaluators.coordinates import to_pixels
from evaluators.spatial.boxes import ParsedBox, box_iou, parse_box
from evaluators.spatial.choices import ParsedChoice, parse_choice, parse_word
from evaluators.spatial.numbers import (
    ParsedNumber,
    grouped_means,
    mean_relative_accuracy,
    parse_number,
)
from evaluators.spatial.points import (
    ParsedPoints,
    in_mask,
    mask_fraction,
    parse_points,
    right_count,
)
from evaluators.spatial.reference_readers import (
    reference_box_iou,
    reference_choice,
    reference_points,
)

__all__ = [
    "ParsedBox",
    "ParsedChoice",
    "ParsedNumber",
    "ParsedPoints",
    "box_iou",
    "grouped_means",
    "in_mask",
    "mask_fraction",
    "mean_relative_accuracy",
    "parse_box",
    "parse_choice",
    "parse_number",
    "parse_points",
    "parse_word",
    "reference_box_iou",
    "reference_choice",
    "reference_points",
    "right_count",
    "to_pixels",
]
