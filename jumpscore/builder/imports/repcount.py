"""RepCount's tables: one row per video with the start and end frames of every repetition.

``type, name, count, L1, L2, ...``: the odd columns are starts, the even ones ends. Numbers are
written as ``1020.0`` from ``L3`` on. The base is not stated; 104 of 1,024 published rows begin at
0, so frames are counted from 0. A mark is the start of a repetition.
"""

from __future__ import annotations

import re

from jumpscore.builder.imports.recordings import Frames, Mark, Recording
from jumpscore.builder.imports.sources import Source

_FRAME_COLUMN = re.compile(r"l([1-9]\d{0,4})", re.ASCII)


def read(source: Source) -> list[Recording]:
    """Return one recording per row.

    Raises:
        DataError: A row has a start without an end, or something that is not a frame number.
    """
    if not {"name", "count", "l1"} <= set(source.header):
        raise source.error("lacks one of the columns name, count, L1; choose another --format")
    columns = sorted(
        (int(match[1]), name)
        for name in source.header
        if (match := _FRAME_COLUMN.fullmatch(name)) is not None
    )
    return [_recording(source, row, [name for _, name in columns]) for row in source.rows()]


def _recording(source: Source, row: dict[str, str], columns: list[str]) -> Recording:
    name = row["name"]
    cells = [(column, row[column]) for column in columns if row[column]]
    frames = [source.frame(cell, f"{name}: {column}") for column, cell in cells]
    if len(frames) % 2:
        raise source.error(f"{name}: has {len(frames)} frames, so a start lacks its end")
    starts = frames[::2]
    count = source.number(row["count"], f"{name}: count") if row["count"] else len(starts)
    note = f"states {count:g} repetitions and lists {len(starts)}"
    return Recording(
        name,
        (name,),
        tuple(Mark(start, row.get("type", "")) for start in starts),
        Frames(base=0),
        notes=() if count == len(starts) else (note,),
    )
