"""Prepared pictures on disk, in the layout that the public evaluation of codec input reads::

    <video stem>__<first 8 hex digits of sha1(path)>/
        canvas_000.jpg ...        JPEG of quality 95; canvas_000.png ... where written lossless
        src_patch_position.npy    int32 [canvases * patch rows * patch columns, 3]: (source frame,
                                  patch row, patch column), raster order per canvas, -1 = padding
        frame_ids.npy             int64, the source frames used
        meta.json                 fps at least; ours also holds the recipe and a digest per file
        _DONE                     written last; ours holds the digest of meta.json

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
from jumpscore.video.sizes import PLAIN_GRID
from jumpscore.video.stamps import default_policy
from jumpscore.video.visual_input import MOST_DECIMALS, VisualInput

SCRATCH, DOOMED = ".new-", ".old-"
"""What folders are called that are being written, and that are being deleted."""

JPEG = "jpeg of quality 95"
"""What ``provenance`` says of pictures that were stored with losses."""


def folder_name(path: str | Path) -> str:
    """Return the published name of a video's folder, from the path as it is given.

    >>> folder_name("videos/clip.mp4")
    'clip__88feb6d7'
    """
    digest = hashlib.sha1(os.fsencode(str(path)), usedforsecurity=False).hexdigest()
    return f"{Path(path).stem}__{digest[:8]}"


def write_prepared(visual: VisualInput, folder: Path, *, lossless: bool = False) -> VisualInput:
    """Write an input's pictures and its recipe; nobody ever sees half a folder.

    A folder that holds the same input already stays; one that its writer left unfinished is
    replaced.

    Args:
        visual: Of either kind.
        folder: Where to; ``folder_name`` gives the published name.
        lossless: PNG instead of JPEG: the pixels come back bit for bit.

    Returns:
        The same input with ``folder`` set, so that its pixels are those on disk; as JPEG they are
        others than before, which ``provenance`` and with it the fingerprint say.

    Raises:
        UsageError: The folder cannot be written, or holds something else; or the pictures are cut
            for another model's tokens, which the layout cannot say.
        VideoError: A frame cannot be decoded.
    """
    if visual.token_grid != PLAIN_GRID:
        raise UsageError(
            f"frames in {visual.token_grid} cannot be written: the layout has patches of 14 pixels"
        )
    if not lossless:
        visual = visual.changed(provenance={**visual.provenance, "pictures": JPEG})
    try:
        save(visual, folder, lossless=lossless)
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written ({error.strerror or error}); free space or choose "
            "another folder"
        ) from error
    return visual.changed(folder=folder)


def save(visual: VisualInput, folder: Path, *, lossless: bool, name_tells: bool = False) -> None:
    """Write as ``write_prepared`` does, for callers with their own words for an ``OSError``.

    Args:
        visual: Of either kind.
        folder: Where to.
        lossless: PNG instead of JPEG.
        name_tells: The folder's name says what is in it, so that a whole one there is never
            compared but kept.

    Raises:
        OSError: The folder cannot be written.
        UsageError: It holds something else, or the input is beyond what a reader accepts.
        VideoError: A frame cannot be decoded.
    """
    problem = excess(len(visual.blocks), visual.width, visual.height)
    if problem or not 0 <= visual.fps <= HIGHEST_FPS:
        problem = problem or f"{visual.fps} fps, at most {HIGHEST_FPS:.0f} are allowed"
        raise UsageError(f"{visual.path}: {problem}; ask for fewer or smaller pictures")
    record = to_record(visual, lossless=lossless)
    same = None if name_tells else record
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
                # Another process may have put one there since it was looked at.
                if not folder.is_dir():
                    raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def remove(folder: Path) -> bool:
    """Delete a folder of prepared pictures; a reader sees it whole or not at all.

    Returns:
        Whether it was there: of several that delete it at once, one is told so.

    Raises:
        OSError: It cannot be deleted.
    """
    doomed = folder.with_name(f"{DOOMED}{os.getpid()}-{uuid.uuid4().hex[:12]}")
    try:
        folder.rename(doomed)
    except FileNotFoundError:
        return False
    shutil.rmtree(doomed, ignore_errors=True)
    return True


def read_prepared(folder: str | Path, *, video: str | Path | None = None) -> VisualInput:
    """Read what ``write_prepared`` or another tool wrote; the pixels are read when asked for.

    Of our own folders every field comes back as it was. Of others: ``codec``; canvases that are
    padding all over are dropped; ``frame_ids.npy`` is not needed, the positions name the frames.

    Args:
        folder: With the layout above.
        video: The video at its present place. Without it, times in a folder of another tool are
            source frame / ``fps``.

    Raises:
        DataError: The folder is missing, unfinished, damaged or holds what it must not.
        VideoError: ``video`` is needed and cannot be read.
    """
    layout = read_layout(Path(folder))
    if layout.own is not None:
        visual = from_record(layout, layout.own["input"])
        return visual if video is None else visual.changed(path=Path(video))
    return _foreign_input(layout, video)


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
    """Whether the input is there already; what its writer left unfinished is cleared away.

    Args:
        folder: Where to look.
        record: What must be there; ``None`` where anything whole is the right one.

    Raises:
        UsageError: Something else is there.
    """
    if not folder.is_dir():
        return False
    found = [file.name for file in folder.iterdir()]
    if DONE in found:
        if record is None:
            return True
        try:
            own = read_layout(folder).own
        except DataError as error:
            raise UsageError(f"{folder}: is in the way ({error})") from error
        if own is not None and own["input"] == record:
            return True
        raise UsageError(
            f"{folder}: holds another prepared input; delete it or choose another folder"
        )
    for name in found:
        if not PICTURE.fullmatch(name) and name not in (META, POSITIONS, FRAMES):
            raise UsageError(f"{folder}: holds other files ({name}); choose another folder")
    remove(folder)
    return False


def _foreign_input(layout: Layout, video: str | Path | None) -> VisualInput:
    """Make the input of a folder that another tool wrote."""
    folder, meta = layout.folder, layout.meta
    fps: Any = meta.get("fps")
    decimals = meta.get("decimals", 1)
    if not is_number(fps) or not 0 < fps <= HIGHEST_FPS:
        raise DataError(
            f"{folder / META}: fps is {fps!r:.40}, it must be a number above 0 and at most "
            f"{HIGHEST_FPS:.0f}; {AGAIN}"
        )
    if type(decimals) is not int or not 0 <= decimals <= MOST_DECIMALS:
        raise DataError(
            f"{folder / META}: decimals is {decimals!r:.40}, 0 to {MOST_DECIMALS} are allowed; "
            "correct it"
        )
    blocks = layout.blocks[layout.seen]
    frames = np.unique(blocks[..., 0][blocks[..., 0] >= 0])
    if len(frames) == 0:
        raise DataError(f"{folder / POSITIONS}: all canvases are padding; {AGAIN}")
    notes = []
    if len(blocks) < len(layout.pictures):
        dropped = len(layout.pictures) - len(blocks)
        notes.append(f"{dropped} of {len(layout.pictures)} canvases are padding and left out")
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
        # Two folders for one video may differ in their pixels alone.
        provenance={
            "backend": "prepared",
            "pictures": sha256(*(data for _, data in layout.read_seen())),
        },
        notes=tuple(notes),
        folder=folder,
    )
    if video is not None:
        return _timed(visual, probe(video))
    if visual.times[-1] > LONGEST_VIDEO:
        raise DataError(
            f"{folder}: frame {frames[-1]} at {fps} fps is at {visual.times[-1]:.0f} s, beyond a "
            f"day; {AGAIN}"
        )
    return visual


def _timed(visual: VisualInput, info: VideoInfo) -> VisualInput:
    """Return the input with the times of the video instead of frame / fps."""
    last = visual.frame_indices[-1]
    if last >= info.frames:
        raise DataError(
            f"{visual.folder}: holds frame {last}, {info.path} has 0..{info.frames - 1}; it was "
            "made from another video, name that one"
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
