"""Images and masks of a data set: sizes from the header, pixels on demand."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jumpscore.errors import DataError

LARGEST_MASK = 1 << 25
"""Maximum bytes of a mask's file; real masks have thousands."""
MOST_PIXELS = 1 << 28
TURNED = frozenset({5, 6, 7, 8})
"""Orientations of EXIF that swap width and height."""


def image_size(path: Path) -> tuple[int, int]:
    """Return (width, height) in pixels of an image after its EXIF orientation is applied.

    Raises:
        DataError: It cannot be read.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            width, height = image.size
            turned = image.getexif().get(0x0112) in TURNED
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: cannot be read as an image ({error})") from None
    return (height, width) if turned else (width, height)


def read_mask(path: Path) -> tuple[bytes, tuple[int, int]]:
    """Return the bytes of a mask's PNG, with its checksums verified, and (width, height).

    They take a hundredth of the memory of the pixels, which ``mask_pixels`` decodes for scoring.

    Raises:
        DataError: The file is missing, not a PNG, damaged or cut off.
    """
    from PIL import Image

    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_MASK + 1)
        if len(content) > LARGEST_MASK:
            raise ValueError(f"larger than {LARGEST_MASK} bytes")
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            size = image.size
            image.verify()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: cannot be read as a PNG mask ({error})") from None
    if size[0] * size[1] > MOST_PIXELS:
        raise DataError(f"{path}: a mask of {size[0]}x{size[1]} pixels is larger than any image")
    return content, size


def mask_pixels(png: bytes) -> npt.NDArray[np.bool_]:
    """Return the pixels inside a mask, bool [height, width]: above 0 in any colour channel.

    Raises:
        DataError: The pixels are damaged, or none is inside.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(png)) as image:
            alpha = image.mode in ("LA", "RGBA", "PA")
            values: npt.NDArray[Any] = np.asarray(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"the mask is damaged ({error})") from None
    if values.ndim == 3:
        values = values[..., : values.shape[2] - alpha].max(axis=2)
    marked: npt.NDArray[np.bool_] = values > 0
    if not marked.any():
        raise DataError("the mask marks no pixel")
    return marked
