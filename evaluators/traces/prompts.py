"""The benchmarks' prompts, to the letter."""

from __future__ import annotations

_TASK = (
    "You are currently a robot performing robotic manipulation tasks. You have already pick up "
    "{object}. The task instruction is: move {object} to {destination}. "
)
TRACESPATIAL = {
    "tracespatial_2d": _TASK
    + "Please predict up to 10 key 2D trajectory points starting from {object} to complete the "
    "task. Your answer should be formatted as a list of tuples, i.e. [[x1, y1], [x2, y2], ...], "
    "where each tuple contains the x, y coordinates. Output the point coordinates in JSON format.",
    "tracespatial_3d": _TASK
    + "Please predict up to 10 key 3D trajectory points starting from {object} to complete the "
    "task. Your answer should be formatted as a list of tuples, i.e., [(x1, y1, d1), "
    "(x2, y2, d2), ...], where each tuple contains the x and y coordinates of the point, and d is "
    "the depth of the point, which unit is meter. Output the point coordinates in JSON format.",
}
"""Prompts for general models (RoboTracer's own model uses another)."""
VABENCH = (
    "{problem}\nUse 2D points to mark the region mentioned in the task with format "
    "<point>[[x1, y1], [x2, y2], ...]</point>."
)
"""Embodied-R1's prompt without reasoning."""
SHAREROBOT_SHORT = "Please predict up to 10 key trajectory points to complete the task."
SHAREROBOT_FORMAT = (
    " Your answer should be formatted as a list of tuples, i.e. [[x1, y1], [x2, y2], ...], where "
    "each tuple contains the x and y coordinates of a point."
)
"""Sentence that FlagEvalMM adds."""
SHAREROBOT = (
    'You are a robot using the joint control. The task is "{instruction}". '
    + SHAREROBOT_SHORT
    + SHAREROBOT_FORMAT
)
