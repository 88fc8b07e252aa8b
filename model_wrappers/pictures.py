"""Image files, as every model reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jumpscore.errors import DataError


def read_image(path: Path) -> Any:
    """Return an image file as Pillow's, upright.

    Raises:
        DataError: It cannot be read.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: cannot be read as an image ({error})") from None
