"""Canvases of LMMs-Lab's open codec front end, the package lmms-video-utils.

Unlike ``bitcost``, which judges blocks, it makes whole canvases by rules of its own: groups,
blocks, sizes and their number differ from ours. They are checked like all canvases of other tools
(``prepared.folders``), and against the facts of the container.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jumpscore.errors import DataError, UsageError, VideoError
from jumpscore.video.child import Child, ChildError
from jumpscore.video.codec.canvases import DECIMALS
from jumpscore.video.codec.packages import OtherPackage
from jumpscore.video.prepared.folders import foreign_input, write_foreign
from jumpscore.video.prepared.layout import excess
from jumpscore.video.probe import OTHER_TRACKS, VideoInfo
from jumpscore.video.sizes import PLAIN_GRID, TokenGrid
from jumpscore.video.visual_input import VisualInput

if TYPE_CHECKING:
    from jumpscore.video.prepared.cache import JSON, InputCache

BACKEND = "lmms_video_utils"
VARIABLE = "JUMPSCORE_LMMS_VIDEO_UTILS_PYTHON"
"""Environment variable that names the Python of the environment with lmms-video-utils."""
PACKAGE = OtherPackage(
    "lmms-video-utils", "0.1.0", "lmms_video_utils", BACKEND, VARIABLE, f"{BACKEND}_child.py",
    patience=180.0,
)  # fmt: skip
PER_GROUP = 4
"""Canvases of a group; their number is a multiple of it."""
PATIENCE = 120.0
"""Time limit in seconds, plus the time to decode; importing torch may take half a minute."""
PATIENCE_PER_MEGAPIXEL = 0.05
"""Additional seconds per million pixels of the file; measured: 0.006 (720p H.264, one core)."""
MOST_DECODED = 12 * 2**30
"""Largest size of all decoded frames in bytes: the package keeps every frame of a file."""


def lmms_canvases(info: VideoInfo, *, canvases: int, max_pixels: int) -> VisualInput:
    """Return the canvases that lmms-video-utils makes of a video or of a window of it.

    Args:
        info: The file.
        canvases: Number of canvases that is asked for, a multiple of 4. The package may deliver
            fewer; what it delivers is what the model sees and what is counted.
        max_pixels: Largest area of a canvas.

    Raises:
        UsageError: The package is missing, or the number is not a multiple of 4.
        VideoError: The package would read other frames, needs too much memory or fails, or its
            canvases are invalid or contradict the container.
    """
    if canvases % PER_GROUP or canvases <= 0:
        raise UsageError(
            f"input.count={canvases}: {PACKAGE.name} makes groups of {PER_GROUP} canvases; give a "
            f"multiple of {PER_GROUP}"
        )
    _check_readable(info)
    command = PACKAGE.command()
    try:
        with TemporaryDirectory(prefix="jumpscore-") as scratch:
            fps = _receive(info, command, Path(scratch), canvases, max_pixels)
            visual = foreign_input(Path(scratch), info)
            pixels = visual.pixels
    except ChildError as error:
        raise VideoError(
            f"{info.path}: {PACKAGE.name} failed: {error}; use backend 'pyav'"
        ) from None
    except DataError as error:
        raise VideoError(
            f"{info.path}: {PACKAGE.name} made invalid canvases ({error}); use backend 'pyav'"
        ) from None
    if not np.isclose(fps, info.fps, rtol=0.01):
        raise VideoError(
            f"{info.path}: {PACKAGE.name} reads {fps:.3f} frames/s instead of {info.fps:.3f}; use "
            "backend 'pyav'"
        )
    provenance = {**visual.provenance, **lmms_facts()}
    return visual.with_pixels(pixels, folder=None, span=info.span, provenance=provenance)


def lmms_facts() -> dict[str, str]:
    """Return the versions that affect the canvases, for provenance and cache keys.

    Raises:
        UsageError: The package is not installed.
    """
    return {"backend": BACKEND, PACKAGE.name: PACKAGE.version()}


def cached_lmms_canvases(
    info: VideoInfo,
    cache: InputCache | None,
    *,
    canvases: int,
    max_pixels: int,
    canvas_grid: TokenGrid = PLAIN_GRID,
) -> VisualInput:
    """Return the same as ``lmms_canvases``, from the cache if one is given.

    Raises:
        UsageError: The model's patches are not those that the package makes.
    """
    if canvas_grid.squares != PLAIN_GRID:
        raise UsageError(
            f"input.backend={BACKEND} makes canvases of {PLAIN_GRID}, but the model needs "
            f"{canvas_grid.squares}; use backend 'pyav'"
        )
    make = partial(lmms_canvases, info, canvases=canvases, max_pixels=max_pixels)
    if cache is None:
        return make()
    facts: dict[str, JSON] = {
        **lmms_facts(),
        "canvases": canvases,
        "max_pixels": max_pixels,
        **({} if info.span is None else {"window": info.span}),
    }
    return cache.get(info.path, facts, make)


def _check_readable(info: VideoInfo) -> None:
    whole = info if info.window is None else info.window.whole
    size = whole.frames * whole.coded_size[0] * whole.coded_size[1] * 3
    turned = whole.mirrored or (whole.width, whole.height) != whole.coded_size or whole.rotation
    if whole.clock.by_order or whole.clock.leading or OTHER_TRACKS in whole.notes or turned:
        why = "; ".join(whole.note_lines) or "they are shown turned or stretched"
        raise VideoError(
            f"{info.path}: {PACKAGE.name} would read other frames of this file ({why}); use "
            "backend 'pyav'"
        )
    if size > MOST_DECODED:
        raise VideoError(
            f"{info.path}: {PACKAGE.name} keeps all {whole.frames} decoded frames, "
            f"{size / 2**30:.1f} GiB; at most {MOST_DECODED / 2**30:.0f} GiB are allowed; cut the "
            "video, or use backend 'pyav'"
        )


def _receive(
    info: VideoInfo, command: list[str], folder: Path, canvases: int, max_pixels: int
) -> float:
    """Write the package's canvases into a folder and return the rate that it read, in frames/s."""
    first, start, end = 0, None, None
    whole = info
    if info.window is not None:
        first, whole = info.window.first, info.window.whole
        # It rounds both to frames.
        start, end = first / whole.fps, (first + info.frames) / whole.fps
    megapixels = whole.coded_size[0] * whole.coded_size[1] / 1e6 * whole.frames
    order = {
        "path": str(info.path.absolute()),
        "canvases": canvases,
        "max_pixels": max_pixels,
        "per_group": PER_GROUP,
        "start": start,
        "end": end,
    }
    patience = PATIENCE + PATIENCE_PER_MEGAPIXEL * megapixels
    with Child(command, order=order, patience=patience) as child:
        count, width, height, fps = _head(child.line())
        if problem := excess(count, width, height):
            raise ChildError(f"it made {problem}")
        if count > canvases or width * height > max_pixels:
            raise ChildError(
                f"it made {count} canvases of {width}x{height} pixels; {canvases} of at most "
                f"{max_pixels:,} pixels were asked for"
            )
        patches = count * width * height // PLAIN_GRID.patch**2
        positions = np.frombuffer(child.exactly(patches * 12), "<i4").reshape(-1, 3).copy()
        content = child.exactly(count * width * height * 3)
        child.finish()
    pixels: npt.NDArray[np.uint8] = np.frombuffer(content, np.uint8)
    used = positions[:, 0] >= 0
    positions[used, 0] -= first
    frames = positions[used, 0]
    outside = frames[(frames < 0) | (frames >= info.frames)]
    if len(outside):
        raise ChildError(
            f"it shows frame {int(outside[0]) + first} of frames {first} to "
            f"{first + info.frames - 1}"
        )
    pictures = pixels.reshape(count, height, width, 3)
    write_foreign(folder, pictures, positions, fps=fps, decimals=DECIMALS)
    return fps


def _head(line: bytes) -> tuple[int, int, int, float]:
    """Return the number of canvases, width, height and rate."""
    try:
        head = json.loads(line)
        count, width, height = (int(head[key]) for key in ("canvases", "width", "height"))
        return count, width, height, float(head["fps"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise ChildError(f"it wrote {line[:60]!r} instead of canvases") from None
