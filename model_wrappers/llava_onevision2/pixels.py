"""Resizes images for the model and normalises patches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jumpscore.video import PLAIN_GRID, TokenGrid

if TYPE_CHECKING:
    from torch import Tensor

    from model_wrappers.llava_onevision2.inputs import Pictures

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


def fitted(
    image: Any,
    *,
    grid: TokenGrid = PLAIN_GRID,
    min_pixels: int | None = None,
    max_pixels: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Return an image resized for the model: RGB, uint8 [H, W, 3], bicubic, antialiased.

    Args:
        image: Pillow image, or array [H, W, 3].
        grid: Size of patches and visual tokens.
        min_pixels: Smallest area.
        max_pixels: Largest area.
    """
    from PIL import Image

    if not isinstance(image, Image.Image):
        image = Image.fromarray(np.asarray(image))
    image = image.convert("RGB")
    size = grid.fitted(*image.size, min_pixels=min_pixels, max_pixels=max_pixels)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC)
    return np.asarray(image)


def normalised(patches: Tensor) -> Tensor:
    """Return patches normalised with CLIP's mean and standard deviation, float32.

    Args:
        patches: uint8 [patches, 3 * side * side] in the order channel, row, column, on any device.
    """
    import torch

    values = patches.to(torch.float32).unflatten(-1, (3, -1)).div_(255)
    mean = torch.tensor(CLIP_MEAN, device=patches.device)[:, None]
    std = torch.tensor(CLIP_STD, device=patches.device)[:, None]
    return values.sub_(mean).div_(std).flatten(-2)


def visual_inputs(pictures: Sequence[Pictures]) -> dict[str, Tensor]:
    """Return the pictures of a batch, concatenated; patches stay bytes on the CPU."""
    import torch

    if not pictures:
        return {}
    return {
        "pixel_values": torch.from_numpy(np.concatenate([item.patches for item in pictures])),
        "image_grid_thw": torch.from_numpy(np.concatenate([item.grid for item in pictures])),
        "patch_positions": torch.from_numpy(np.concatenate([item.positions for item in pictures])),
    }
