"""Masks and targets that are drawn, and masks of the golden values."""

from __future__ import annotations

import numpy as np

from evaluators.tracking import decode_masks
from evaluators.tracking.queries import Target
from evaluators.tracking.rle import encode_mask
from evaluators.tracking.task import Tracking, TrackingOptions
from jumpscore.records import Response

LABEL = "target objects</tracks>"


def square(left: int, top: int) -> dict:
    mask = np.zeros((60, 100), dtype=np.uint8)
    mask[top : top + 10, left : left + 10] = 1
    return encode_mask(mask)


# Object "0" is in all three frames, "1" in the last two.
TARGET = Target(
    video="v",
    width=100,
    height=60,
    frames=3,
    fps=6.0,
    points={
        0: {"0": (14.0, 14.0)},
        1: {"0": (24.0, 14.0), "1": (74.0, 44.0)},
        2: {"0": (34.0, 14.0), "1": (84.0, 44.0)},
    },
    masks={
        "0": (square(10, 10), square(20, 10), square(30, 10)),
        "1": (None, square(70, 40), square(80, 40)),
    },
)


def task(**options) -> Tracking:
    return Tracking(TrackingOptions(data="none", **options))


def answered(text: str, **facts) -> Response:
    return Response("a", text, **facts)


def score(text: str, target: Target = TARGET, options=None, **facts):
    return task(**(options or {})).score(target, answered(text, **facts))


def random_mask(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Blocks, slivers, holes and speckles; often touching the border, sometimes all or nothing."""
    kind = generator.integers(6)
    mask = np.full((height, width), kind == 1, dtype=bool)
    if kind < 2:
        return mask
    for inside in (True, True, False, True, False)[: kind + 1]:
        top, left = generator.integers(-3, height), generator.integers(-3, width)
        tall, wide = generator.integers(1, height + 3), generator.integers(1, width + 3)
        mask[max(0, top) : max(0, top + tall), max(0, left) : max(0, left + wide)] = inside
    if kind == 5:
        mask ^= generator.random((height, width)) < 0.02
    return mask


def golden_masks(case: dict) -> tuple[np.ndarray, np.ndarray]:
    height, width = case["gt_rle"][0]["size"]
    return tuple(
        decode_masks(case[name], height=height, width=width) for name in ("gt_rle", "pred_rle")
    )
