"""Picture sizes: multiples of 28 pixels, so that 2x2 patches of 14x14 make one visual token."""

from __future__ import annotations

import math

from jumpscore.errors import UsageError

PATCH = 14
"""Side of a patch in pixels."""
MERGE = 2
"""Patches along each side of what becomes one visual token."""
FACTOR = PATCH * MERGE
"""Side of a block in pixels: 2x2 patches, one visual token."""

MOST_PIXELS = 2**24
"""Largest area of a picture."""


def smart_size(
    width: int, height: int, *, min_pixels: int | None = None, max_pixels: int | None = None
) -> tuple[int, int]:
    """Return the (width, height) in multiples of 28 within the area limits.

    Rule of the Qwen2-VL image processor: sides are rounded; above ``max_pixels`` both are divided
    by ``sqrt(W * H / max_pixels)`` and rounded down, below ``min_pixels`` scaled and rounded up.

    >>> smart_size(1920, 1080, max_pixels=153664)
    (504, 280)
    >>> smart_size(640, 360, max_pixels=313600)
    (644, 364)

    Raises:
        UsageError: A limit leaves no room for a block of 28 x 28 pixels, or is beyond any picture.
    """
    for name, limit in (("min_pixels", min_pixels), ("max_pixels", max_pixels)):
        if limit is not None and not FACTOR**2 <= limit <= MOST_PIXELS:
            raise UsageError(f"{name}={limit}: give an area from {FACTOR**2} to {MOST_PIXELS}")
    wide = max(FACTOR, round(width / FACTOR) * FACTOR)
    high = max(FACTOR, round(height / FACTOR) * FACTOR)
    if max_pixels is not None and wide * high > max_pixels:
        # In floating point, as the reference does: exact roots would give 728x420 for 1080p.
        beta = math.sqrt(width * height / max_pixels)
        wide = max(FACTOR, math.floor(width / beta / FACTOR) * FACTOR)
        high = max(FACTOR, math.floor(height / beta / FACTOR) * FACTOR)
    elif min_pixels is not None and wide * high < min_pixels:
        beta = math.sqrt(min_pixels / (width * height))
        wide = math.ceil(width * beta / FACTOR) * FACTOR
        high = math.ceil(height * beta / FACTOR) * FACTOR
    return wide, high


def picture_tokens(width: int, height: int) -> int:
    """Return the visual tokens of a picture whose sides are multiples of 28.

    >>> picture_tokens(504, 280)
    180
    """
    return (width // FACTOR) * (height // FACTOR)
