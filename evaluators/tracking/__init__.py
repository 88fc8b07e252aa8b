"""Tracking of what an expression names: points over time, masks, and J&F. Pure functions.

Names that end in ``_reference`` return the public code's numbers with its faults; the others are
free of these faults. Boundaries, J and F are the same in both.
"""

from evaluators.tracking.metrics.boundary import boundary_radius
from evaluators.tracking.metrics.davis import davis_scores, decay, statistics
from evaluators.tracking.metrics.higher_order import hota, mask_hota
from evaluators.tracking.metrics.j_and_f import boundary_f, j_and_f
from evaluators.tracking.metrics.points import PointScores, point_f1, point_hota
from evaluators.tracking.metrics.reference_scores import mask_hota_reference, point_f1_reference
from evaluators.tracking.metrics.region import region_similarity
from evaluators.tracking.parsing import parse_tracks
from evaluators.tracking.reference import parse_tracks_reference
from evaluators.tracking.rle import decode_masks, decode_union, j_and_f_of_rles
from evaluators.tracking.tracks import Tracks

__all__ = [
    "PointScores",
    "Tracks",
    "boundary_f",
    "boundary_radius",
    "davis_scores",
    "decay",
    "decode_masks",
    "decode_union",
    "hota",
    "j_and_f",
    "j_and_f_of_rles",
    "mask_hota",
    "mask_hota_reference",
    "parse_tracks",
    "parse_tracks_reference",
    "point_f1",
    "point_f1_reference",
    "point_hota",
    "region_similarity",
    "statistics",
]
