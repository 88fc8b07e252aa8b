"""The recipe of an input as JSON, as stored in ``meta.json``: all fields can be read back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jumpscore.errors import DataError
from jumpscore.video.prepared.layout import (
    AGAIN,
    META,
    MOST_FRAMES,
    POSITIONS,
    Layout,
    sha256,
)
from jumpscore.video.probe import LONGEST_VIDEO
from jumpscore.video.sizes import PLAIN_GRID
from jumpscore.video.visual_input import MOST_DECIMALS, VisualInput

HIGHEST_FPS = 1e6


def to_record(visual: VisualInput, *, lossless: bool) -> dict[str, Any]:
    """Return every field of an input as JSON; blocks have their own file, so only their digest."""
    record = {field.name: getattr(visual, field.name) for field in fields(visual)}
    grid = visual.token_grid
    record["token_grid"] = None if grid == PLAIN_GRID else [grid.side, grid.merge]
    record["span"] = None if visual.span is None else list(visual.span)
    del record["folder"], record["donor"]  # every folder has its own pixels
    for name in ("token_grid", "span"):
        if record[name] is None:
            del record[name]  # as in folders of earlier versions
    return record | {
        "path": str(visual.path),
        "blocks": _digest(visual.blocks),
        "frame_indices": list(visual.frame_indices),
        "times": list(visual.times),
        "provenance": dict(visual.provenance),
        "notes": list(visual.notes),
        "lossless": lossless,
    }


def from_record(layout: Layout, record: dict[str, Any]) -> VisualInput:
    """Restore the input that was written with ``write_prepared``.

    The digests detect accidental changes only: an attacker can change them as well. Everything is
    therefore checked as if there were none.

    Args:
        layout: The folder.
        record: Result of ``to_record``, read from disk.

    Raises:
        DataError: A field is invalid, or contradicts others or the pictures.
    """
    file = layout.folder / META
    for name, is_sound in RECORD.items():
        if name not in record or not is_sound(record[name]):
            value = repr(record.get(name, "missing"))[:60]
            raise DataError(f"{file}: invalid value {name} = {value}; {AGAIN}")
    frames = record["frame_indices"]
    if len(record["times"]) != len(frames):
        raise DataError(
            f"{file}: contains {len(record['times'])} times for {len(frames)} frames; {AGAIN}"
        )
    if (record["width"], record["height"]) != (layout.width, layout.height):
        raise DataError(
            f"{file}: states {record['width']}x{record['height']} pixels, but the pictures have "
            f"{layout.width}x{layout.height}; {AGAIN}"
        )
    unknown = set(np.unique(layout.blocks[..., 0]).tolist()) - {-1, *frames}
    if unknown or _digest(layout.blocks) != record["blocks"]:
        raise DataError(
            f"{file}: does not match {POSITIONS} (frames {sorted(unknown)[:5]} are in only one of "
            f"them); {AGAIN}"
        )
    span = record.get("span")
    if span is not None and not (_are_times(span) and len(span) == 2 and span[0] < span[1]):
        raise DataError(f"{file}: invalid value span = {span!r:.60}; {AGAIN}")
    values = {name: record[name] for name in RECORD}
    return VisualInput(
        **values
        | {
            "path": Path(record["path"]),
            "blocks": layout.blocks,
            "frame_indices": tuple(frames),
            "times": tuple(record["times"]),
            "notes": tuple(record["notes"]),
            "folder": layout.folder,
            "token_grid": layout.grid,
            "span": None if span is None else (float(span[0]), float(span[1])),
        }
    )


def _digest(blocks: npt.NDArray[np.int32]) -> str:
    return sha256(np.ascontiguousarray(blocks, dtype="<i4").tobytes())


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number; ``True`` is not."""
    return type(value) in (int, float)


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _are_frames(values: Any) -> bool:
    return (
        isinstance(values, list)
        and all(type(value) is int and 0 <= value <= MOST_FRAMES for value in values)
        and all(earlier < later for earlier, later in pairwise(values))
    )


def _are_times(values: Any) -> bool:
    return isinstance(values, list) and all(
        is_number(value) and abs(value) <= LONGEST_VIDEO for value in values
    )


RECORD: dict[str, Callable[[Any], bool]] = {
    "kind": lambda value: value in ("frames", "codec"),
    "path": lambda value: isinstance(value, str) and "\0" not in value,
    "width": lambda value: type(value) is int,
    "height": lambda value: type(value) is int,
    "blocks": lambda value: isinstance(value, str),
    "frame_indices": _are_frames,
    "times": _are_times,
    "fps": lambda value: is_number(value) and 0 <= value <= HIGHEST_FPS,
    "time_policy": lambda value: value in ("released", "pts"),
    "decimals": lambda value: type(value) is int and 0 <= value <= MOST_DECIMALS,
    "provenance": lambda value: isinstance(value, dict) and _are_texts(list(value.values())),
    "notes": _are_texts,
    "truncated": lambda value: value is None or isinstance(value, str),
    "exhausted": lambda value: isinstance(value, bool),
}
"""Check of each field of a record."""
