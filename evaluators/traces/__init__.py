"""Manipulation traces: way-points of a moved object, in the image and in space."""

from evaluators.traces.camera import Camera, OrientedBox
from evaluators.traces.paths import (
    discrete_frechet,
    hausdorff,
    mae,
    path_errors,
    resample,
    rmse,
    vabench_errors,
)
from evaluators.traces.scene import Scene
from evaluators.traces.tracespatial import TraceTruth, score_tracespatial
from jumpscore.answers.places.traces import parse_trace

__all__ = [
    "Camera",
    "OrientedBox",
    "Scene",
    "TraceTruth",
    "discrete_frechet",
    "hausdorff",
    "mae",
    "parse_trace",
    "path_errors",
    "resample",
    "rmse",
    "score_tracespatial",
    "vabench_errors",
]
