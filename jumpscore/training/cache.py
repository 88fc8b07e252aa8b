"""Cached clips: the input of a run of the harness, stored as patches and positions.

Decoding, scaling and the choice of blocks are the harness's own (``uniform_frames``,
``codec_canvases``, ``frame_pictures``, ``codec_pictures``); training only reads the arrays.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jumpscore.errors import DataError
from jumpscore.jsonio import sync_file
from jumpscore.training.lessons import Lesson
from jumpscore.video import VideoInfo, VisualInput, codec_canvases, probe, uniform_frames
from jumpscore.video.stored_frames import nearest_index
from jumpscore.video.visual_input import whole_frames
from model_wrappers.llava_onevision2.inputs import codec_pictures, frame_pictures

FRAMES, REST = ".frames.npy", ".npz"
"""Suffixes of a clip's two files: frames, which are read a few at a time, and everything else."""
ARRAYS = ("seconds", "phases", "heights", "events", "rope")


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Runs of visual tokens, each after one time stamp.

    Attributes:
        seconds: float64 [runs], time of the stamp.
        tokens: int64 [runs], number of visual tokens.
        frames: int64 [runs], source frame.
    """

    seconds: npt.NDArray[np.float64]
    tokens: npt.NDArray[np.int64]
    frames: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class StoredClip:
    """One clip of the cache; pictures are read when they are needed.

    Attributes:
        path: Its ``.npz`` file.
        seconds: Time of every frame's stamp, float64 [frames].
        phases: Angle of the rope at every frame, radians, float32 [frames].
        heights: Height of the body above standing at every frame, metres, float32 [frames].
        events: True times in seconds.
        rope: Share of every patch that the rope covers, float32 [frames, rows, columns]; or -1.
        side: 1 if the jumper faces right, -1 if left.
        grid: (patch rows, patch columns) of a frame.
        budgets: Stored numbers of canvases.
        source: Profile of the clip.
    """

    path: Path
    seconds: npt.NDArray[np.float64]
    phases: npt.NDArray[np.float32]
    heights: npt.NDArray[np.float32]
    events: npt.NDArray[np.float64]
    rope: npt.NDArray[np.float32]
    side: float
    grid: tuple[int, int]
    budgets: tuple[int, ...]
    source: str

    @cached_property
    def event_frames(self) -> npt.NDArray[np.int64]:
        """The frame nearest to every event, increasing."""
        frames = {nearest_index(self.seconds, time) for time in self.events.tolist()}
        return np.array(sorted(frames), dtype=np.int64)

    @cached_property
    def frames(self) -> npt.NDArray[np.uint8]:
        """Patches of every frame, uint8 [frames, patches, 588], in block order, memory-mapped."""
        path = self.path.with_name(self.path.name.removesuffix(REST) + FRAMES)
        with _explained(path):
            frames: npt.NDArray[np.uint8] = np.load(path, mmap_mode="r")
        return frames

    def canvases(
        self, budget: int
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return (patches, positions, grid) of one budget's canvases, as in ``Pictures``."""
        with _explained(self.path), np.load(self.path) as file:
            patches, positions, grid = (
                file[f"codec_{budget}_{name}"] for name in ("patches", "positions", "grid")
            )
        return patches, positions.astype(np.int64), grid

    def canvas_runs(self, budget: int) -> Runs:
        """Return the runs of the blocks of one budget's canvases."""
        with _explained(self.path), np.load(self.path) as file:
            seconds, tokens, frames = file[f"codec_{budget}_runs"]
        return Runs(seconds, tokens.astype(np.int64), frames.astype(np.int64))


def stored_clips(folder: Path) -> list[StoredClip]:
    """Return the clips of a cache folder, by name.

    Raises:
        DataError: The folder has no clips, or one is damaged.
    """
    clips = [_read(path) for path in sorted(folder.glob(f"*{REST}"))]
    if not clips:
        raise DataError(f"{folder}: no prepared clips found; run 'jumpscore train' to make them")
    return clips


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn the errors of a damaged file into one with its fix.

    Raises:
        DataError: The file is damaged or missing.
    """
    try:
        yield
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        clip = path.name.removesuffix(FRAMES).removesuffix(REST)
        raise DataError(
            f"{path}: is damaged ({error}); delete {clip}{REST}, and the clip is prepared again"
        ) from error


def _read(path: Path) -> StoredClip:
    with _explained(path), np.load(path) as file:
        values: dict[str, Any] = {name: file[name] for name in ARRAYS}
        values |= {name: tuple(file[name].tolist()) for name in ("grid", "budgets")}
        return StoredClip(path, side=float(file["side"]), source=str(file["source"]), **values)


def store_clip(
    lesson: Lesson, folder: Path, *, max_pixels: int, budgets: Sequence[int], frames: bool = True
) -> StoredClip:
    """Prepare a clip and write it; its ``.npz`` is written last, when everything else exists.

    Args:
        lesson: The clip.
        folder: Cache folder.
        max_pixels: Largest area of a frame and of a canvas.
        budgets: Numbers of canvases.
        frames: Whether to store the pixels of every frame.

    Raises:
        VideoError: The video cannot be read.
        DataError: The lesson describes another number of frames.
    """
    info = probe(lesson.path).require_whole()
    if not info.frames == len(lesson.phases) == len(lesson.rope):
        raise DataError(
            f"{lesson.path}: {info.frames} frames, but {len(lesson.phases)} rope angles and "
            f"{len(lesson.rope)} rope maps; there must be one per frame"
        )
    arrays: dict[str, npt.NDArray[Any]] = {}
    for count in budgets:
        arrays |= _canvas_arrays(info, count, max_pixels)
    every = _every_frame(
        uniform_frames(info.path, count=info.frames, max_pixels=max_pixels, info=info), info
    )
    rows, columns = every.grid[1:]
    if frames:
        patches = frame_pictures(every).patches
        stored = folder / f"{lesson.id}{FRAMES}"
        np.save(stored, patches.reshape(info.frames, -1, patches.shape[-1]))
        sync_file(stored)
    arrays |= {
        "seconds": np.array([stamp.seconds for stamp in every.stamps]),
        "phases": np.asarray(lesson.phases, dtype=np.float32),
        "heights": np.asarray(lesson.heights, dtype=np.float32),
        "events": np.array(lesson.events, dtype=np.float64),
        "grid": np.array([rows, columns]),
        "budgets": np.array(budgets, dtype=np.int64),
        "rope": pooled(lesson.rope, rows, columns),
        "side": np.array(lesson.side, dtype=np.float32),
        "source": np.array(lesson.source),
    }
    scratch = folder / f"{lesson.id}.part"
    with scratch.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    sync_file(scratch)
    path = folder / f"{lesson.id}{REST}"
    scratch.replace(path)
    return _read(path)


def pooled(shares: npt.NDArray[np.float32], rows: int, columns: int) -> npt.NDArray[np.float32]:
    """Return means over a coarser grid, float32 [n, rows, columns].

    Args:
        shares: [n, a multiple of rows, a multiple of columns].
        rows: Rows of the coarser grid.
        columns: Columns of the coarser grid.

    Raises:
        DataError: The sides are not multiples of the coarser grid's.
    """
    count, high, wide = shares.shape
    if high % rows or wide % columns:
        raise DataError(
            f"maps of {high}x{wide} cells cannot be divided into {rows}x{columns} patches"
        )
    cells = shares.reshape(count, rows, high // rows, columns, wide // columns)
    return cells.mean(axis=(2, 4)).astype(np.float32)


def _canvas_arrays(info: VideoInfo, count: int, max_pixels: int) -> dict[str, npt.NDArray[Any]]:
    visual = codec_canvases(info.path, canvases=count, max_pixels=max_pixels, info=info, threads=1)
    pictures = codec_pictures(visual)
    runs = [(stamp.seconds, stamp.visual_tokens, stamp.frame) for stamp in visual.stamps]
    return {
        f"codec_{count}_patches": pictures.patches,
        f"codec_{count}_positions": pictures.positions.astype(np.int32),
        f"codec_{count}_grid": pictures.grid,
        f"codec_{count}_runs": np.array(runs).T,
    }


def _every_frame(visual: VisualInput, info: VideoInfo) -> VisualInput:
    """Return all frames of a video, even if their number is odd."""
    return visual.changed(
        blocks=whole_frames(range(info.frames), width=visual.width, height=visual.height),
        frame_indices=tuple(range(info.frames)),
        times=tuple(float(time) for time in info.times),
    )
