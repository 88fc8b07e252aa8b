"""Cached frames as inputs of the vision tower, mirrored or in other colours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jumpscore.video.sizes import MERGE, PATCH
from model_wrappers.llava_onevision2.inputs import Pictures, block_order

Patches = npt.NDArray[np.uint8]


def frames_as_pictures(patches: npt.NDArray[np.uint8], rows: int, columns: int) -> Pictures:
    """Return frames like ``frame_pictures``, one grid row each at time 0, without runs.

    Args:
        patches: uint8 [frames, patches, 588] in block order.
        rows: Patch rows of a frame.
        columns: Patch columns.
    """
    places = np.zeros((1, rows, columns, 3), dtype=np.int64)
    places[..., 1] = np.arange(rows)[:, None]
    places[..., 2] = np.arange(columns)
    count = len(patches)
    return Pictures(
        patches=patches.reshape(-1, patches.shape[-1]),
        grid=np.tile(np.array([[1, rows, columns]]), (count, 1)),
        positions=np.tile(block_order(places).reshape(-1, 3), (count, 1)),
        runs=(),
    )


def recoloured(
    patches: npt.NDArray[np.uint8], rng: np.random.Generator, *, spread: float
) -> npt.NDArray[np.uint8]:
    """Return patches with other colours: channels permuted, contrast and brightness changed.

    The renderer has only a few shirts and walls, which a tower would otherwise memorise.

    Args:
        patches: uint8 [patches, 588] of one example.
        rng: Random generator.
        spread: Range of contrast (relative) and brightness (of the whole range).
    """
    channels = patches.reshape(len(patches), 3, -1)[:, rng.permutation(3)]
    gain = rng.uniform(1 - spread, 1 + spread, (3, 1))
    offset = 255 * rng.uniform(-spread, spread, (3, 1)) / 2
    table = np.clip((np.arange(256) - 128) * gain + 128 + offset, 0, 255).astype(np.uint8)
    mapped = np.stack([table[channel][channels[:, channel]] for channel in range(3)], axis=1)
    return mapped.reshape(patches.shape)


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
