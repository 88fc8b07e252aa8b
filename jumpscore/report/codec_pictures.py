"""Pictures of codec canvases: themselves, and their blocks on the frames they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from jumpscore.report.thumbnails import Thumbnail, jpeg
from jumpscore.video import VisualInput, decode

QUALITY = 72
DIMMED = 0.3
"""Brightness of the other blocks, in grey."""
EDGE = (255, 196, 0)


def address(picture: npt.NDArray[np.uint8], width: int) -> str:
    """Return an RGB picture as the ``data:`` address of a JPEG, shrunk to ``width`` if larger."""
    height = round(picture.shape[0] * width / picture.shape[1])
    if width < picture.shape[1]:
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))
    return Thumbnail(0.0, jpeg(picture, QUALITY)).address


def overlays(
    visual: VisualInput, chosen: Mapping[int, npt.NDArray[np.int32]], width: int
) -> dict[int, str]:
    """Return source frames with their chosen blocks bright and the rest dimmed.

    Args:
        visual: The canvases.
        chosen: Source frame -> (row, column) of its blocks, int [k, 2].
        width: Width of the pictures in pixels.

    Returns:
        Source frame -> ``data:`` address.
    """
    size = (visual.width, visual.height)
    return {
        frame.index: address(
            highlighted(frame.pixels, chosen[frame.index], visual.token_grid.side), width
        )
        for frame in decode(visual.path, sorted(chosen), size=size)
    }


def highlighted(
    pixels: npt.NDArray[np.uint8], blocks: npt.NDArray[np.int32], side: int
) -> npt.NDArray[np.uint8]:
    """Return a frame, uint8 [H, W, 3], with all but some blocks of ``side`` pixels dimmed."""
    mask = np.zeros((pixels.shape[0] // side, pixels.shape[1] // side), dtype=bool)
    mask[blocks[:, 0], blocks[:, 1]] = True
    fine = np.repeat(np.repeat(mask, side, axis=0), side, axis=1)
    grey = pixels.mean(axis=2, keepdims=True) * DIMMED
    picture = np.where(fine[..., None], pixels, grey).astype(np.uint8)
    for row, column in blocks.tolist():
        left, top = column * side, row * side
        cv2.rectangle(picture, (left, top), (left + side - 1, top + side - 1), EDGE, 1)
    return picture


def blocks_by_frame(blocks: npt.NDArray[np.int32]) -> dict[int, npt.NDArray[np.int32]]:
    """Return source frame -> (row, column) of its blocks, from blocks [..., 3].

    >>> blocks_by_frame(np.array([[4, 0, 1], [4, 2, 0], [-1, -1, -1]], dtype=np.int32))[4].tolist()
    [[0, 1], [2, 0]]
    """
    rows = blocks.reshape(-1, 3)
    frames = np.unique(rows[:, 0])
    return {int(frame): rows[rows[:, 0] == frame, 1:] for frame in frames if frame >= 0}


def most_used(chosen: Mapping[int, npt.NDArray[np.int32]], most: int) -> Sequence[int]:
    """Return the frames with the most chosen blocks, in order of time."""
    ranked = sorted(chosen, key=lambda frame: (-len(chosen[frame]), frame))
    return sorted(ranked[:most])
