"""Masks as rows of 64-bit words: boundaries, dilation by a disk and counts, 64 pixels at a time.

Bit ``x % 64`` of word ``x // 64`` of a row is pixel ``x``. Every function accepts any number of
leading axes, so one call can process a mask and its counterpart, or several frames.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]

WORD = 64
"""Pixels per word."""


def pack(masks: NDArray[Any]) -> Bits:
    """Pack masks [..., H, W] (non-zero is inside) into words [..., H, ceil(W / 64)].

    >>> pack(np.array([[1, 1, 0, 1]], dtype=bool)).tolist()
    [[11]]
    """
    height, width = masks.shape[-2:]
    octets = np.packbits(masks, axis=-1, bitorder="little")
    words = -(-width // WORD)
    room = np.zeros((*masks.shape[:-2], height, words * 8), dtype=np.uint8)
    room[..., : octets.shape[-1]] = octets
    return room.view("<u8")


def unpack(bits: Bits, width: int) -> NDArray[np.uint8]:
    """Return masks [..., H, W] of 0 and 1; the reverse of ``pack``.

    >>> unpack(pack(np.eye(2, dtype=bool)), 2).tolist()
    [[1, 0], [0, 1]]
    """
    octets = bits.astype("<u8", copy=False).view(np.uint8)
    return np.unpackbits(octets, axis=-1, count=width, bitorder="little")


def pack_changes(changes: NDArray[np.int64], width: int, height: int) -> Bits:
    """Pack the mask that starts outside and toggles at these pixels, counted row by row.

    Args:
        changes: Increasing, each below ``width * height``; two at the same pixel cancel out.
        width: Pixels of a row.
        height: Rows.

    >>> unpack(pack_changes(np.array([1, 5]), 3, 2), 3).tolist()
    [[0, 1, 1], [1, 1, 0]]
    """
    words = -(-width // WORD)
    rows, columns = np.divmod(changes, width)
    places = rows * words + columns // WORD
    flips = np.uint64(1) << (columns % WORD).astype(np.uint64)
    bits = np.zeros(height * words, dtype=np.uint64)
    firsts = np.flatnonzero(np.diff(places, prepend=-1))
    if firsts.size:
        bits[places[firsts]] = np.bitwise_xor.reduceat(flips, firsts)
    # A pixel is inside after an odd number of changes: first within words, then across words.
    for step in (1, 2, 4, 8, 16, 32):
        bits ^= bits << np.uint64(step)
    odd = np.bitwise_xor.accumulate(bits >> np.uint64(WORD - 1))
    bits[1:] ^= odd[:-1] * ~np.uint64(0)
    inside = bits.reshape(height, words)
    if width % WORD:
        inside[:, -1] &= np.uint64((1 << width % WORD) - 1)
    return inside


def count(bits: Bits) -> NDArray[np.int64]:
    """Return the number of pixels of each mask: [..., H, words] -> [...].

    >>> count(pack(np.ones((2, 3, 100), dtype=bool))).tolist()
    [300, 300]
    """
    counts: NDArray[np.int64] = np.bitwise_count(bits).sum(axis=(-2, -1), dtype=np.int64)
    return counts


def boundary(bits: Bits, width: int) -> Bits:
    """Return the pixels that differ from their right, lower or lower right neighbour.

    This is the 1-pixel boundary map of the DAVIS benchmark (after the Berkeley segmentation
    benchmark): half a pixel towards the origin, without the edge of the frame.

    Args:
        bits: Packed masks [..., H, words].
        width: Width of the frame in pixels; the last column has no right neighbour.

    >>> dot = np.zeros((4, 4), dtype=bool)
    >>> dot[2, 2] = True
    >>> boundary(pack(dot), 4).ravel().tolist()
    [0, 6, 6, 0]
    """
    # A pixel differs from its lower right neighbour only if one of them differs from the pixel
    # between them, so differences to the right in this row and the next are sufficient.
    across = bits >> np.uint64(1)
    across[..., :-1] |= bits[..., 1:] << np.uint64(WORD - 1)
    across ^= bits
    across[..., (width - 1) // WORD] &= ~np.uint64(1 << (width - 1) % WORD)
    edges = across.copy()
    edges[..., :-1, :] |= across[..., 1:, :]
    edges[..., :-1, :] |= bits[..., :-1, :] ^ bits[..., 1:, :]
    return edges


def dilate(bits: Bits, radius: int) -> Bits:
    """Return the pixels within ``radius`` of a set one: dx^2 + dy^2 <= radius^2, exactly.

    The disk is a union of rectangles, each half as wide as one of its chords. Starting with the
    narrowest and tallest, rows are widened to the next chord, joined, and extended vertically by
    the difference.

    >>> dot = np.zeros((5, 5), dtype=bool)
    >>> dot[2, 2] = True
    >>> dilate(pack(dot), 2).ravel().tolist()
    [4, 14, 31, 14, 4]
    """
    corners = disk_corners(radius)
    joined = wide = bits
    reached = 0
    for place, (half_width, half_height) in enumerate(corners):
        wide = _widen(wide, half_width - reached)
        reached = half_width
        lower = corners[place + 1][1] if place + 1 < len(corners) else 0
        joined = _heighten(wide if place == 0 else joined | wide, half_height - lower)
    return joined


def disk_corners(radius: int) -> list[tuple[int, int]]:
    """Return (half width, half height) of the rectangles whose union is the disk, narrowest first.

    >>> disk_corners(2)
    [(0, 2), (1, 1), (2, 0)]
    >>> disk_corners(8)[:3]
    [(0, 8), (3, 7), (5, 6)]
    """
    tallest: dict[int, int] = {}
    for y in range(radius, -1, -1):
        tallest.setdefault(math.isqrt(radius * radius - y * y), y)
    return list(tallest.items())


# Each step is at most one more than the distance reached, so no pixel in between is skipped, and a
# path from a set pixel never leaves the array, outside of which pixels are unknown.


def _widen(bits: Bits, by: int) -> Bits:
    reached = 0
    while reached < by:
        step = min(reached + 1, by - reached, WORD - 1)
        here, carried = np.uint64(step), np.uint64(WORD - step)
        wider = bits << here
        wider |= bits >> here
        wider |= bits
        if bits.shape[-1] > 1:
            wider[..., 1:] |= bits[..., :-1] >> carried
            wider[..., :-1] |= bits[..., 1:] << carried
        bits = wider
        reached += step
    return bits


def _heighten(bits: Bits, by: int) -> Bits:
    reached = 0
    while reached < by:
        step = min(reached + 1, by - reached)
        higher = bits.copy()
        higher[..., step:, :] |= bits[..., :-step, :]
        higher[..., :-step, :] |= bits[..., step:, :]
        bits = higher
        reached += step
    return bits
