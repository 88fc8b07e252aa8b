"""Read and write folders of prepared pictures, in the layout of the public codec evaluation::

    <video stem>__<first 8 hex digits of sha1(path)>/
        canvas_000.jpg ...        JPEG of quality 95; canvas_000.png ... if lossless
        src_patch_position.npy    int32 [canvases * patch rows * patch columns, 3]: (source frame,
                                  patch row, patch column), raster order per canvas, -1 = padding
        frame_ids.npy             int64, the source frames in use
        meta.json                 at least fps; ours also contains the recipe and a digest per file
        _DONE                     written last; ours contains the digest of meta.json

Folders of other tools need the canvases, the positions, ``fps`` and ``_DONE``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jumpscore.errors import DataError, UsageError
from jumpscore.video.prepared.layout import (
    AGAIN,
    DONE,
    FORMAT,
    FRAMES,
    META,
    OWN,
    PICTURE,
    POSITIONS,
    SEAL,
    Layout,
    excess,
    read_layout,
    sha256,
)
from jumpscore.video.prepared.pictures import encode_picture
from jumpscore.video.prepared.record import HIGHEST_FPS, from_record, is_number, to_record
from jumpscore.video.probe import LONGEST_VIDEO, VideoInfo, probe
from jumpscore.video.stamps import default_policy
from jumpscore.video.visual_input import MOST_DECIMALS, PICTURES, VisualInput

SCRATCH, DOOMED = ".new-", ".old-"
"""Prefixes of folders that are being written or deleted."""

JPEG = "jpeg of quality 95"
"""Entry of ``provenance`` for lossy pictures."""


def folder_name(path: str | Path) -> str:
    """Return the published name of a video's folder, which depends on the spelling of the path.

    >>> folder_name("videos/clip.mp4")
    'clip__88feb6d7'
    """
    digest = hashlib.sha1(os.fsencode(str(path)), usedforsecurity=False).hexdigest()
    return f"{Path(path).stem}__{digest[:8]}"


def write_prepared(visual: VisualInput, folder: Path, *, lossless: bool = False) -> VisualInput:
    """Write an input's pictures and its recipe, atomically.

    A folder with the same input stays; an unfinished one is replaced.

    Args:
        visual: Frames or canvases.
        folder: Folder to write; ``folder_name`` gives the published name.
        lossless: Whether to write PNG, which keeps every pixel, instead of JPEG.

    Returns:
        The same input with ``folder`` set, so that its pixels are those on disk. As JPEG they
        differ from before, and so do ``provenance`` and the fingerprint.

    Raises:
        UsageError: The folder cannot be written or contains something else, or the input has a
            token grid that the layout does not support.
        VideoError: A frame cannot be decoded.
    """
    if visual.token_grid != visual.token_grid.squares:
        raise UsageError(
            f"{visual.path}: inputs with {visual.token_grid} cannot be written, because the layout "
            "contains neither shared tokens nor a form of stamps; use a grid of one frame per token"
        )
    if not lossless:
        stored = {**visual.provenance, PICTURES: JPEG}
        visual = visual.with_pixels(visual.pixels, provenance=stored)
    try:
        save(visual, folder, lossless=lossless)
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written ({error.strerror or error}); free some space or choose "
            "another folder"
        ) from error
    return visual.changed(folder=folder)


def save(visual: VisualInput, folder: Path, *, lossless: bool, unique_name: bool = False) -> None:
    """Write like ``write_prepared``, for callers with their own message for an ``OSError``.

    Args:
        visual: Frames or canvases.
        folder: Folder to write.
        lossless: Whether to write PNG instead of JPEG.
        unique_name: Whether the folder's name identifies its content, so that an existing folder
            is not compared.

    Raises:
        OSError: The folder cannot be written.
        UsageError: The folder contains something else, or the input exceeds the limits of a reader.
        VideoError: A frame cannot be decoded.
    """
    problem = excess(len(visual.blocks), visual.width, visual.height, grid=visual.token_grid)
    if problem or not 0 <= visual.fps <= HIGHEST_FPS:
        problem = problem or f"{visual.fps} fps; at most {HIGHEST_FPS:.0f} are allowed"
        raise UsageError(f"{visual.path}: {problem}; choose fewer or smaller pictures")
    record = to_record(visual, lossless=lossless)
    same = None if unique_name else record
    if _is_taken(folder, same):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = folder.with_name(f"{SCRATCH}{os.getpid()}-{uuid.uuid4().hex[:12]}")
    scratch.mkdir()
    try:
        _fill(scratch, visual, record)
        while not _is_taken(folder, same):
            try:
                scratch.rename(folder)
                return
            except OSError:
                # Another process may have created the folder in the meantime.
                if not folder.is_dir():
                    raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def remove(folder: Path) -> bool:
    """Delete a folder of prepared pictures atomically.

    Returns:
        Whether the folder existed; if several processes delete it at once, ``True`` in only one.

    Raises:
        OSError: The folder cannot be deleted.
    """
    doomed = folder.with_name(f"{DOOMED}{os.getpid()}-{uuid.uuid4().hex[:12]}")
    try:
        folder.rename(doomed)
    except FileNotFoundError:
        return False
    shutil.rmtree(doomed, ignore_errors=True)
    return True


def read_prepared(folder: str | Path, *, video: str | Path | None = None) -> VisualInput:
    """Read a folder that ``write_prepared`` or another tool wrote; pixels are read on first use.

    Our own folders restore every field. A folder of another tool gives kind ``codec``; canvases
    that are only padding are dropped; ``frame_ids.npy`` is optional, because the positions contain
    the frames.

    Args:
        folder: Folder with the layout above.
        video: Current path of the video. Without it, the times in a folder of another tool are
            source frame / ``fps``.

    Raises:
        DataError: The folder is missing, unfinished, damaged or invalid.
        VideoError: ``video`` cannot be read.
    """
    layout = read_layout(Path(folder))
    if layout.own is not None:
        visual = from_record(layout, layout.own["input"])
        return visual if video is None else visual.changed(path=Path(video))
    return _foreign_input(layout, video)


def foreign_input(folder: Path, info: VideoInfo) -> VisualInput:
    """Return the input of a folder that another tool wrote, with the times of its video.

    Args:
        folder: Folder with the layout above.
        info: The video, or the window of it, whose frames the positions name.

    Raises:
        DataError: The folder is unfinished, damaged or invalid, or names other frames.
    """
    return _timed(_foreign_input(read_layout(folder), None), info)


def write_foreign(
    folder: Path,
    pixels: npt.NDArray[np.uint8],
    positions: npt.NDArray[np.int32],
    *,
    fps: float,
    decimals: int,
) -> None:
    """Write canvases of another tool, unchecked, in the layout above; reading checks them.

    Args:
        folder: An empty folder.
        pixels: uint8 [canvases, height, width, 3], RGB.
        positions: int32 [canvases * patches, 3]: (source frame, patch row, patch column).
        fps: Average rate of the video in frames/s.
        decimals: Decimals of time stamps.
    """
    for number, picture in enumerate(pixels):
        content = encode_picture(picture, lossless=True)
        (folder / f"canvas_{number:03d}.png").write_bytes(content)
    (folder / POSITIONS).write_bytes(_npy(positions))
    (folder / META).write_text(
        json.dumps({"fps": fps, "decimals": decimals}) + "\n", encoding="utf-8"
    )
    (folder / DONE).touch()


def _fill(folder: Path, visual: VisualInput, record: dict[str, Any]) -> None:
    """Write all files, ``_DONE`` last."""
    written = {}

    def put(name: str, data: bytes) -> None:
        (folder / name).write_bytes(data)
        written[name] = {"sha256": sha256(data), "bytes": len(data)}

    suffix = "png" if record["lossless"] else "jpg"
    names = [f"canvas_{number:03d}.{suffix}" for number in range(len(visual.blocks))]
    for name, picture in zip(names, visual.pixels, strict=True):
        put(name, encode_picture(picture, lossless=record["lossless"]))
    put(POSITIONS, _npy(visual.patch_positions))
    put(FRAMES, _npy(np.asarray(visual.frame_indices, dtype=np.int64)))
    meta = {
        "tool": "jumpscore",
        "fps": visual.fps,
        "decimals": visual.decimals,
        "canvas_files": names,
        OWN: {"format": FORMAT, "input": record, "files": written},
    }
    data = json.dumps(meta, indent=1, sort_keys=True).encode()
    (folder / META).write_bytes(data)
    (folder / DONE).write_bytes(SEAL + sha256(data).encode())


def _npy(array: npt.NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _is_taken(folder: Path, record: dict[str, Any] | None) -> bool:
    """Whether the folder already has the input; an unfinished folder is deleted.

    Args:
        folder: Folder to check.
        record: Expected recipe; ``None`` accepts every finished folder.

    Raises:
        UsageError: The folder contains something else.
    """
    if not folder.is_dir():
        return False
    names = [file.name for file in folder.iterdir()]
    if DONE in names:
        if record is None:
            return True
        try:
            own = read_layout(folder).own
        except DataError as error:
            raise UsageError(
                f"{folder}: exists already and is damaged ({error}); delete it or choose another "
                "folder"
            ) from error
        if own is not None and own["input"] == record:
            return True
        raise UsageError(
            f"{folder}: contains another prepared input; delete it or choose another folder"
        )
    for name in names:
        if not PICTURE.fullmatch(name) and name not in (META, POSITIONS, FRAMES):
            raise UsageError(f"{folder}: contains other files ({name}); choose another folder")
    remove(folder)
    return False


def _foreign_input(layout: Layout, video: str | Path | None) -> VisualInput:
    """Return the input of a folder that another tool wrote."""
    folder, meta = layout.folder, layout.meta
    fps: Any = meta.get("fps")
    decimals = meta.get("decimals", 1)
    if not is_number(fps) or not 0 < fps <= HIGHEST_FPS:
        raise DataError(
            f"{folder / META}: fps is {fps!r:.40}; it must be a number above 0 and at most "
            f"{HIGHEST_FPS:.0f}; {AGAIN}"
        )
    if type(decimals) is not int or not 0 <= decimals <= MOST_DECIMALS:
        raise DataError(
            f"{folder / META}: decimals is {decimals!r:.40}; it must be 0 to {MOST_DECIMALS}; "
            "correct it"
        )
    blocks = layout.blocks[layout.used]
    frames = np.unique(blocks[..., 0][blocks[..., 0] >= 0])
    if len(frames) == 0:
        raise DataError(f"{folder / POSITIONS}: all canvases are only padding; {AGAIN}")
    notes = []
    if len(blocks) < len(layout.pictures):
        dropped = len(layout.pictures) - len(blocks)
        notes.append(f"{dropped} of {len(layout.pictures)} canvases are only padding and dropped")
    visual = VisualInput(
        kind="codec",
        path=folder,
        width=layout.width,
        height=layout.height,
        blocks=blocks,
        frame_indices=tuple(frames.tolist()),
        times=tuple((frames / fps).tolist()),
        fps=float(fps),
        decimals=decimals,
        # Two folders for one video may differ only in their pixels.
        provenance={
            "backend": "prepared",
            PICTURES: sha256(*(data for _, data in layout.read_used())),
        },
        notes=tuple(notes),
        folder=folder,
    )
    if video is not None:
        return _timed(visual, probe(video))
    if visual.times[-1] > LONGEST_VIDEO:
        raise DataError(
            f"{folder}: frame {frames[-1]} at {fps} fps is at {visual.times[-1]:.0f} s; at most "
            f"{LONGEST_VIDEO:.0f} s are allowed; {AGAIN}"
        )
    return visual


def _timed(visual: VisualInput, info: VideoInfo) -> VisualInput:
    """Return the input with the times of the video instead of frame / fps."""
    last = visual.frame_indices[-1]
    if last >= info.frames:
        raise DataError(
            f"{visual.folder}: contains frame {last}, but {info.path} has only frames "
            f"0..{info.frames - 1}; the folder was made from another video, so give that one"
        )
    policy, note = default_policy(info)
    return visual.changed(
        path=info.path,
        times=tuple(info.times[list(visual.frame_indices)].tolist()),
        fps=info.fps,
        time_policy=policy,
        notes=visual.notes + ((note,) if note else ()),
        truncated=info.truncated,
    )
