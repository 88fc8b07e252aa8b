"""Whether a Matroska or WebM file is as long as its own first elements say."""

from __future__ import annotations

from pathlib import Path
from typing import IO

EBML = b"\x1a\x45\xdf\xa3"
SEGMENT = b"\x18\x53\x80\x67"
LONGEST_HEADER = 4096
"""Bytes of the first element of a file; it is about 40."""


def segment_missing(path: Path) -> int:
    """Return how many bytes are missing at the end of a file; 0 also where it does not say.

    Frames count from wherever a file starts, so that the length in its header does not show whether
    it is whole; the size of its one large element does.
    """
    with path.open("rb") as file:
        if file.read(4) != EBML:
            return 0
        size = _size(file)
        if size is None or size > LONGEST_HEADER:
            return 0
        file.seek(size, 1)
        if file.read(4) != SEGMENT:
            return 0
        size = _size(file)
        if size is None:
            return 0
        return max(0, file.tell() + size - path.stat().st_size)


def _size(file: IO[bytes]) -> int | None:
    """Read the size of an element; ``None`` if it is unknown, as in a live recording."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    raw = first + file.read(length - 1)
    value = int.from_bytes(raw, "big") & (1 << 7 * length) - 1
    return None if value == (1 << 7 * length) - 1 else value
