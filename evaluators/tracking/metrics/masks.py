"""Stacks of masks: checked, and packed 64 pixels a word, one stretch of frames after another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluators.tracking import bits as packed

Mask = NDArray[Any]
PerFrame = NDArray[np.float64]

STRETCH = 1 << 15
"""Words of both masks in one stretch of frames: few calls for small frames, and cache for large."""


def checked_stacks(
    truth: Mask, prediction: Mask, void: Mask | None
) -> tuple[Mask, Mask, Mask | None]:
    """Return all as [T, H, W].

    Raises:
        ValueError: Shapes differ, or an array is not a stack of masks.
    """
    for name, masks in (("truth", truth), ("prediction", prediction), ("void", void)):
        if masks is None:
            continue
        if masks.dtype.kind not in "biu":
            raise ValueError(f"{name} has type {masks.dtype}; give a boolean or integer array")
        if masks.ndim not in (2, 3) or masks.size == 0:
            raise ValueError(
                f"{name} has shape {masks.shape}; give [frames, height, width] or "
                "[height, width], not empty"
            )
        if masks.shape != truth.shape:
            raise ValueError(
                f"{name} has shape {masks.shape} and truth {truth.shape}; resize and pair the "
                "frames first"
            )
    if truth.strides[-2] < truth.strides[-1]:
        # COCO's memory layout. Both measures are the same for a mask and its transpose.
        truth, prediction = truth.swapaxes(-2, -1), prediction.swapaxes(-2, -1)
        void = None if void is None else void.swapaxes(-2, -1)
    single = truth.ndim == 2
    return (
        truth[None] if single else truth,
        prediction[None] if single else prediction,
        void[None] if single and void is not None else void,
    )


def packed_stretches(
    truth: Mask, prediction: Mask, void: Mask | None
) -> Iterator[tuple[packed.Bits, packed.Bits]]:
    """Yield (truth, prediction) of each stretch of frames, packed, with void pixels cleared."""
    length = stretch_length(*truth.shape[1:])
    for start in range(0, len(truth), length):
        stretch = slice(start, start + length)
        pair = packed.pack(truth[stretch]), packed.pack(prediction[stretch])
        if void is not None:
            counted = ~packed.pack(void[stretch])
            pair = pair[0] & counted, pair[1] & counted
        yield pair


def stretch_length(height: int, width: int) -> int:
    """Return how many frames to measure at once.

    >>> stretch_length(480, 854), stretch_length(1080, 1920)
    (2, 1)
    """
    return max(1, STRETCH // (2 * height * -(-width // packed.WORD)))
