"""Spatial grounding: points, boxes, numbers and choices."""

from evaluators.coordinates import to_pixels
from evaluators.spatial.boxes import ParsedBox, box_iou, parse_box
from evaluators.spatial.lmms_boxes import reference_box_iou
from evaluators.spatial.numbers import ParsedNumber, mean_relative_accuracy, parse_number
from evaluators.spatial.points import (
    ParsedPoints,
    in_mask,
    mask_fraction,
    parse_points,
    right_count,
)
from jumpscore.answers.choices import ParsedChoice, parse_choice, parse_word

__all__ = [
    "ParsedBox",
    "ParsedChoice",
    "ParsedNumber",
    "ParsedPoints",
    "box_iou",
    "in_mask",
    "mask_fraction",
    "mean_relative_accuracy",
    "parse_box",
    "parse_choice",
    "parse_number",
    "parse_points",
    "parse_word",
    "reference_box_iou",
    "right_count",
    "to_pixels",
]
