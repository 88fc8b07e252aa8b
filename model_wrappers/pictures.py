"""Reading image files, the same for every model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jumpscore.errors import DataError


def read_image(path: Path) -> Any:
    """Return an image file as an upright RGB Pillow image.

    Raises:
        DataError: The file cannot be read as an image.
    """
    from PIL import ImageOps

    with _opened(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def image_pixels(path: Path) -> int:
    """Return the number of pixels of an image file; reads its header only.

    Raises:
        DataError: The file cannot be read as an image.
    """
    with _opened(path) as image:
        return int(image.width * image.height)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from PIL import Image

    try:
        with Image.open(path) as image:
            yield image
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: cannot be read as an image ({error})") from None
