"""What a file's outermost elements say: whether it is whole, and whether it is one file."""

from __future__ import annotations

import re
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO

EBML = b"\x1a\x45\xdf\xa3"
SEGMENT = b"\x18\x53\x80\x67"
LONGEST_HEADER = 4096
"""Bytes of the first element of a file; it is about 40."""


MOV = "mov,mp4,m4a,3gp,3g2,mj2"
MOST_BOXES = 200_000
"""Boxes of an MP4 file that are looked at; a fragmented one has two every few seconds."""


FLASH_HEADER = re.compile(rb"FLV\x01[\x01\x04\x05]\0\0\0\x09")


def joined_files(path: Path, format_name: str) -> int:
    """Return how many files were joined byte by byte; counted if only the first would be read."""
    if format_name == "flv":
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            return sum(1 for _ in FLASH_HEADER.finditer(data))
    return _movies(path) if format_name == MOV else 1


def _movies(path: Path) -> int:
    """Return how many headers (``moov``) an MP4 or QuickTime file has at its top level."""
    count, place, end = 0, 0, path.stat().st_size
    with path.open("rb") as file:
        for _ in range(MOST_BOXES):
            file.seek(place)
            head = file.read(16)
            if len(head) < 8:
                break
            size, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if size == 1:
                size = int.from_bytes(head[8:16], "big")
            count += kind == b"moov"
            if size < 8 or place + size >= end:  # 0: to the end of the file
                break
            place += size
    return count


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
