"""Pictures to model inputs: patches, grid rows, positions, prompt runs. numpy only.

Patches stay bytes here, a quarter of the memory of floats, because many requests wait for the
model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from jumpscore.errors import DataError
from jumpscore.video import VisualInput
from jumpscore.video.sizes import MERGE, PLAIN_GRID, TokenGrid

FramePositions = Literal["zero", "source"]
"""Time coordinate of frames: ``zero`` like vLLM (time is in the text only), or ``source``, the
frame's index in the video, like the released processor with ``videos=``."""


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Pictures as input of the vision tower, with the text around each run of tokens.

    Attributes:
        patches: uint8 [patches, 3 * side * side], side as in ``token_grid.patch``; a row is a patch
            in the order channel, row, column; rows are in block order: the patches of a visual
            token are adjacent.
        grid: int64 [rows, 3]: (pictures, patch rows, patch columns); a row is an image, a frame, or
            all canvases of a video.
        positions: int64 [patches, 3]: (time, patch row, patch column) in block order.
        runs: (text before, visual tokens, text after) of every vision block of the prompt.
        token_grid: Size of patches and visual tokens.
    """

    patches: npt.NDArray[np.uint8]
    grid: npt.NDArray[np.int64]
    positions: npt.NDArray[np.int64]
    runs: tuple[tuple[str, int, str], ...]
    token_grid: TokenGrid = PLAIN_GRID

    @property
    def size(self) -> tuple[int, int] | None:
        """(width, height) in pixels if all pictures have the same size, else ``None``."""
        patch = self.token_grid.patch
        sizes = {(int(columns) * patch, int(rows) * patch) for _, rows, columns in self.grid}
        return sizes.pop() if len(sizes) == 1 else None

    @property
    def visual_tokens(self) -> int:
        """Number of visual tokens that the tower returns."""
        return len(self.patches) // self.token_grid.merge**2


def frame_pictures(visual: VisualInput, *, positions: FramePositions = "zero") -> Pictures:
    """Return frames, one grid row each, so that a frame's patches attend only to one another.

    Args:
        visual: Frames.
        positions: Their time coordinate.
    """
    count, rows, columns = visual.grid
    grid = visual.token_grid
    places = _raster(count, rows, columns)
    if positions == "source":
        places[..., 0] = visual.blocks[:, 0, 0, 0][:, None, None]
    each = grid.tokens(visual.width, visual.height)
    return Pictures(
        patches=cut_patches(visual.pixels, grid),
        grid=np.tile(np.array([[1, rows, columns]]), (count, 1)),
        positions=block_order(places, grid.merge).reshape(-1, 3),
        runs=tuple((text, each, "") for text in visual.stamp_texts),
        token_grid=grid,
    )


def codec_pictures(visual: VisualInput) -> Pictures:
    """Return the canvases of a video as one grid row; patches keep their source time and place.

    Canvases that are entirely black are padding and left out.

    Args:
        visual: Canvases.

    Raises:
        DataError: A canvas is only partly filled, which the model does not support; or all canvases
            are padding.
    """
    black = visual.blocks[..., 0] < 0
    padding = np.asarray(black.all(axis=(1, 2)))
    torn = np.flatnonzero(np.logical_and(black.any(axis=(1, 2)), ~padding))
    if len(torn):
        raise DataError(
            f"{visual.path}: canvas {torn[0]} has {int(black[torn[0]].sum())} blocks without a "
            "source; LLaVA-OneVision-2 needs canvases that are entirely filled or padding"
        )
    if padding.all():
        raise DataError(f"{visual.path}: all {len(padding)} canvases are padding; nothing to show")
    _, rows, columns = visual.grid
    grid = visual.token_grid
    places = visual.patch_positions.reshape(*visual.grid, 3)[~padding].astype(np.int64)
    return Pictures(
        patches=cut_patches(visual.pixels[~padding], grid),
        grid=np.array([[len(places), rows, columns]]),
        positions=block_order(places, grid.merge).reshape(-1, 3),
        runs=tuple(
            (text, stamp.visual_tokens, "\n")
            for stamp, text in zip(visual.stamps, visual.stamp_texts, strict=True)
        ),
        token_grid=grid,
    )


def image_pictures(
    images: Sequence[npt.NDArray[np.uint8]], grid: TokenGrid = PLAIN_GRID
) -> Pictures:
    """Return images in their own size: one grid row each, time 0.

    Args:
        images: RGB, uint8 [height, width, 3], sides are multiples of the grid's side.
        grid: Size of patches and visual tokens.
    """
    shapes = [(1, image.shape[0] // grid.patch, image.shape[1] // grid.patch) for image in images]
    places = [block_order(_raster(*shape), grid.merge).reshape(-1, 3) for shape in shapes]
    return Pictures(
        patches=np.concatenate([cut_patches(image[None], grid) for image in images]),
        grid=np.array(shapes),
        positions=np.concatenate(places),
        runs=tuple(("", grid.tokens(image.shape[1], image.shape[0]), "") for image in images),
        token_grid=grid,
    )


def cut_patches(
    pictures: npt.NDArray[np.uint8], grid: TokenGrid = PLAIN_GRID
) -> npt.NDArray[np.uint8]:
    """Return the patches of pictures [n, H, W, 3] in block order, [patches, 3 * side * side].

    Block order is (block row, block column, row in the block, column in the block).
    """
    count, height, width, channels = pictures.shape
    side, merge, patch = grid.side, grid.merge, grid.patch
    if height % side or width % side or channels != 3:
        raise DataError(
            f"pictures of {width}x{height} with {channels} channels: sides must be multiples of "
            f"{side} and channels must be 3"
        )
    fine = pictures.reshape(
        count, height // side, merge, patch, width // side, merge, patch, channels
    )
    return fine.transpose(0, 1, 4, 2, 5, 7, 3, 6).reshape(-1, channels * patch * patch)


def block_order(values: npt.NDArray[np.int64], merge: int = MERGE) -> npt.NDArray[np.int64]:
    """Return values of patches [n, rows, columns, k] in block order, in the same shape.

    >>> block_order(np.arange(8).reshape(1, 2, 4, 1)).ravel()
    array([0, 1, 4, 5, 2, 3, 6, 7])
    """
    count, rows, columns, width = values.shape
    fine = values.reshape(count, rows // merge, merge, columns // merge, merge, width)
    return fine.transpose(0, 1, 3, 2, 4, 5).reshape(values.shape)


def _raster(pictures: int, rows: int, columns: int) -> npt.NDArray[np.int64]:
    """Return (0, row, column) of the patches of pictures, [pictures, rows, columns, 3]."""
    places = np.zeros((pictures, rows, columns, 3), dtype=np.int64)
    places[..., 1] = np.arange(rows)[:, None]
    places[..., 2] = np.arange(columns)
    return places
