"""Images and masks of a data set: sizes from the header, pixels when they are needed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jumpscore.errors import DataError

LARGEST_MASK = 1 << 25
"""Bytes of a mask's file; those of real masks have thousands."""
MOST_PIXELS = 1 << 28
TURNED = frozenset({5, 6, 7, 8})
"""Orientations of EXIF that swap width and height."""


def image_size(path: Path) -> tuple[int, int]:
    """Return (width, height) in pixels of an image as models are shown it: upright.

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
    """Return a mask's PNG as it is stored, its checksums checked, and (width, height).

    The bytes are a hundredth of the pixels, and ``mask_pixels`` gives those when an answer is
    scored.

    Raises:
        DataError: It is missing, no PNG, damaged or cut off.
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
    """Return which pixels a mask marks, bool [height, width]: those above 0 in any colour channel.

    Raises:
        DataError: Its pixels are damaged, or it marks none.
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
