"""Mirrored pictures: a jumper who faces right then faces left."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jumpscore.video.sizes import MERGE, PATCH

Patches = npt.NDArray[np.uint8]


def mirrored_pictures(patches: Patches, rows: int, columns: int) -> Patches:
    """Mirror whole pictures.

    Args:
        patches: uint8 [pictures, patches, 588] in block order.
        rows: Patch rows of a picture.
        columns: Patch columns.
    """
    fine = patches.reshape(-1, rows // MERGE, columns // MERGE, MERGE, MERGE, 3, PATCH, PATCH)
    return fine[:, :, ::-1, :, ::-1, :, :, ::-1].reshape(patches.shape)


def mirrored_blocks(
    patches: Patches, positions: npt.NDArray[np.int64], *, columns: int
) -> tuple[Patches, npt.NDArray[np.int64]]:
    """Mirror the blocks of canvases and their positions.

    Blocks of a frame are sorted by row and column, so mirroring changes their order.

    Args:
        patches: uint8 [patches, 588] in block order.
        positions: int64 [patches, 3]: (source frame, patch row, patch column).
        columns: Patch columns of the source.
    """
    fine = patches.reshape(-1, MERGE, MERGE, 3, PATCH, PATCH)[:, :, ::-1, :, :, ::-1]
    places = positions.reshape(-1, MERGE, MERGE, 3)[:, :, ::-1].copy()
    places[..., 2] = columns - 1 - places[..., 2]
    frame, row, column = places[:, 0, 0].T
    runs = np.concatenate([[0], np.cumsum(np.diff(frame) != 0)])
    order = np.lexsort((column, row, runs))
    return fine[order].reshape(patches.shape), places[order].reshape(positions.shape)
