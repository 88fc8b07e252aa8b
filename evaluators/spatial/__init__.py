"""Spatial grounding: points, boxes, numbers and choices."""

from evaluators.coordinates import in_mask, mask_fraction, right_count
from evaluators.spatial.boxes import box_iou
from evaluators.spatial.lmms_boxes import reference_box_iou
from evaluators.spatial.numbers import mean_relative_accuracy, parse_number
from jumpscore.answers.choices import parse_choice, parse_word
from jumpscore.answers.places.boxes import parse_box
from jumpscore.answers.places.points import parse_points

__all__ = [
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
]
