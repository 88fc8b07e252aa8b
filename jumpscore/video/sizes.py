"""Picture sizes: whole visual tokens, which are squares of patches.

``TokenGrid`` describes how a model cuts pictures. The default is that of LLaVA-OneVision-2-8B:
2x2 patches of 14x14 pixels make one visual token, so sizes are multiples of 28 pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from jumpscore.errors import UsageError

PATCH = 14
"""Side of a patch in pixels."""
MERGE = 2
"""Patches along each side of the square that becomes one visual token."""
FACTOR = PATCH * MERGE
"""Side of a block in pixels: 2x2 patches, one visual token."""

MOST_PIXELS = 2**24
"""Largest area of a picture."""


@dataclass(frozen=True, slots=True)
class StampForm:
    """How the time of a frame is written in a prompt; the default is LLaVA-OneVision-2's.

    Attributes:
        text: Template of a stamp; ``seconds`` is the time with the planned decimals.
        tokens: Text tokens of a stamp besides its digits and its decimal point.
    """

    text: str = "<{seconds} seconds>"
    tokens: int = 3

    def written(self, seconds: float, decimals: int) -> str:
        """Return a stamp.

        >>> StampForm().written(12.345, 1)
        '<12.3 seconds>'
        """
        return self.text.format(seconds=f"{seconds:.{decimals}f}")


PLAIN_STAMP = StampForm()


@dataclass(frozen=True, slots=True)
class TokenGrid:
    """How a model cuts pictures into visual tokens; the default is LLaVA-OneVision-2-8B's.

    Attributes:
        side: Side in pixels of the square that becomes one token, a multiple of ``merge``.
        merge: Patches along each side of that square.
        frames: Consecutive frames that share their tokens and a time stamp.
        size: (width, height) of every frame if the model accepts only one size, else ``None``.
        stamp: How the times of frames are written.
    """

    side: int = FACTOR
    merge: int = MERGE
    frames: int = 1
    size: tuple[int, int] | None = None
    stamp: StampForm = field(default=PLAIN_STAMP, repr=False)

    @property
    def squares(self) -> TokenGrid:
        """The same patches and tokens, without what only concerns frames: that of canvases."""
        return TokenGrid(self.side, self.merge)

    @property
    def patch(self) -> int:
        """Side of a patch in pixels."""
        return self.side // self.merge

    def tokens(self, width: int, height: int) -> int:
        """Return the visual tokens of a picture whose sides are multiples of ``side``.

        >>> TokenGrid().tokens(504, 280)
        180
        """
        return (width // self.side) * (height // self.side)

    def fitted(
        self,
        width: int,
        height: int,
        *,
        min_pixels: int | None = None,
        max_pixels: int | None = None,
    ) -> tuple[int, int]:
        """Return the (width, height) of a frame; see ``smart_size``."""
        return self.size or smart_size(
            width, height, min_pixels=min_pixels, max_pixels=max_pixels, side=self.side
        )


PLAIN_GRID = TokenGrid()


def smart_size(
    width: int,
    height: int,
    *,
    min_pixels: int | None = None,
    max_pixels: int | None = None,
    side: int = FACTOR,
) -> tuple[int, int]:
    """Return the (width, height) in multiples of ``side`` within the area limits.

    Rule of the Qwen2-VL image processor: both sides are rounded. If the area is above
    ``max_pixels``, they are divided by ``sqrt(W * H / max_pixels)`` and rounded down; if it is
    below ``min_pixels``, they are scaled up and rounded up.

    >>> smart_size(1920, 1080, max_pixels=153664)
    (504, 280)
    >>> smart_size(640, 360, max_pixels=313600)
    (644, 364)

    Raises:
        UsageError: A limit is smaller than one square or larger than ``MOST_PIXELS``.
    """
    for name, limit in (("min_pixels", min_pixels), ("max_pixels", max_pixels)):
        if limit is not None and not side**2 <= limit <= MOST_PIXELS:
            raise UsageError(
                f"{name}={limit} is out of range; give an area from {side**2} to {MOST_PIXELS} "
                "pixels"
            )
    wide = max(side, round(width / side) * side)
    high = max(side, round(height / side) * side)
    if max_pixels is not None and wide * high > max_pixels:
        # In floating point, as the reference does: exact roots would give 728x420 for 1080p.
        beta = math.sqrt(width * height / max_pixels)
        wide = max(side, math.floor(width / beta / side) * side)
        high = max(side, math.floor(height / beta / side) * side)
    elif min_pixels is not None and wide * high < min_pixels:
        beta = math.sqrt(min_pixels / (width * height))
        wide = math.ceil(width * beta / side) * side
        high = math.ceil(height * beta / side) * side
    return wide, high
