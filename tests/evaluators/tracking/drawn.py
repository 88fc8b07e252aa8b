"""Masks that are drawn at random, and those of the golden values."""

from __future__ import annotations

import numpy as np

from evaluators.tracking import decode_masks


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
