"""Samples of prepared pictures, from us and from another tool."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from jumpscore.errors import DataError
from jumpscore.video import VisualInput, uniform_frames
from jumpscore.video.prepared.folders import read_prepared
from jumpscore.video.visual_input import whole_frames

SMALL_FILES = ("meta.json", "src_patch_position.npy", "frame_ids.npy", "_DONE")
WIDTH, HEIGHT = 112, 56


def canvases(video: Path, **changes) -> VisualInput:
    """Three canvases: a whole frame, blocks of two others, and one that is mostly black."""
    blocks = whole_frames([0, 5, 11], width=WIDTH, height=HEIGHT)
    blocks[1, 1] = [[11, 0, 3], [11, 0, 2], [11, 1, 1], [11, 1, 0]]
    blocks[2, :, 1:] = -1
    fields = {
        "kind": "codec",
        "path": video,
        "width": WIDTH,
        "height": HEIGHT,
        "blocks": blocks,
        "frame_indices": (0, 5, 11),
        "times": (0.0, 0.1 + 0.1, 1 / 3),
        "fps": 30000 / 1001,
        "time_policy": "pts",
        "decimals": 2,
        "provenance": {"backend": "by hand", "version": "1"},
        "notes": ("a note", "ünï \ud800"),
        "truncated": "the end is missing",
        "exhausted": True,
    }
    return VisualInput(**fields | changes)


def frames(video: Path) -> VisualInput:
    return uniform_frames(video, count=4, max_pixels=WIDTH * HEIGHT)


def assert_equal(one: VisualInput, other: VisualInput, *, but: tuple[str, ...] = ()) -> None:
    for field in dataclasses.fields(VisualInput):
        if field.name in but:
            continue
        left, right = getattr(one, field.name), getattr(other, field.name)
        if field.name == "blocks":
            assert left.dtype == right.dtype == np.int32
            np.testing.assert_array_equal(left, right)
        else:
            assert left == right, field.name
            assert type(left) is type(right), field.name


def write_foreign(
    folder: Path, positions: np.ndarray, meta: dict | None = None, *, digits: int = 3
) -> Path:
    """Write a folder like the public tool: pictures, positions [n, rows, columns, 3] and fps."""
    folder.mkdir(parents=True)
    count, rows, columns, _ = positions.shape
    generator = np.random.default_rng(0)
    for number in range(count):
        picture = np.zeros((rows * 14, columns * 14, 3), np.uint8)
        picture[:] = generator.integers(0, 255, 3)  # one colour, which JPEG keeps nearly
        cv2.imwrite(str(folder / f"canvas_{number:0{digits}d}.jpg"), picture)
    np.save(folder / "src_patch_position.npy", positions.reshape(-1, 3))
    np.save(folder / "frame_ids.npy", np.arange(8, dtype=np.int32))
    meta = {"fps": 25.0, "groups": [{"x": None}]} if meta is None else meta
    (folder / "meta.json").write_text(json.dumps(meta))
    (folder / "_DONE").touch()
    return folder


def foreign_positions(count: int = 2) -> np.ndarray:
    """Whole frames 3, 10, 17, ... as canvases of 2 x 3 blocks."""
    grid = np.indices((4, 6)).transpose(1, 2, 0)
    pictures = [np.dstack([np.full((4, 6), 3 + 7 * n), grid]) for n in range(count)]
    return np.stack(pictures).astype(np.int32)


def refuse(folder: Path, match: str) -> None:
    with pytest.raises(DataError, match=match) as error:
        read_prepared(folder)
    assert folder.name in str(error.value)
