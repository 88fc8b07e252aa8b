"""Codec canvases: the blocks in which most happens, chosen in one pass over a video.

This is the recipe of LLaVA-OneVision-2's codec-stream input, but with an exact number of canvases.
The steps and their constants are in ``groups`` and ``activity``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from jumpscore.errors import UsageError, VideoError
from jumpscore.video.codec.activity import (
    VECTOR_CODECS,
    ChangeMeter,
    block_scores,
    normalised,
    one_opencv_thread,
    own_motion,
    spread,
)
from jumpscore.video.codec.groups import (
    FRAMES_PER_CANVAS,
    IMAGES_PER_GROUP,
    Cell,
    CellGroup,
    cell_edges,
    make_groups,
)
from jumpscore.video.codec.packing import ScoredFrame, Store
from jumpscore.video.colours import PIXELS, Converter, to_rgb
from jumpscore.video.frames import uniform_indices
from jumpscore.video.probe import OTHER_TRACKS, VideoInfo, probe
from jumpscore.video.sizes import PLAIN_GRID, TokenGrid
from jumpscore.video.stamps import default_policy
from jumpscore.video.stored_frames import readable_frames, stored_frames
from jumpscore.video.visual_input import VisualInput, whole_frames

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from jumpscore.video.prepared.cache import InputCache

ScoreBackend = Literal["pyav", "bitcost"]
BACKENDS: tuple[ScoreBackend, ...] = ("pyav", "bitcost")
MAX_PIXELS = 313_600
"""Largest area of a published canvas: 560 x 560."""
DECIMALS = 2
"""Decimals of the time stamps in the published JumpScore runs with codec input."""
MOST_CANVASES = 4096
RULE = "cells-3"
"""Version of the choice of blocks; part of fingerprints."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A group in a report: frames ``first`` to ``last`` of the video, and their canvases."""

    first: int
    last: int
    canvases: range


@dataclass(frozen=True, slots=True)
class CodecPlan:
    """Canvases and how they were chosen.

    Attributes:
        visual: The canvases.
        sampled: Source frames to choose from, increasing.
        stretches: The groups in order; empty if every frame is shown whole.
        info: The video.
    """

    visual: VisualInput
    sampled: tuple[int, ...]
    stretches: tuple[Stretch, ...]
    info: VideoInfo


class CanvasOptions(TypedDict, total=False):
    """Options of canvases; all are optional.

    Attributes:
        max_pixels: Largest area of a canvas.
        backend: Source of block scores: ``"pyav"`` estimates them from the bits of each frame, luma
            differences and, in H.264, motion vectors; ``"bitcost"`` reads the codec's bits per
            block with ``codec-video-prep``, which must be installed.
        canvas_grid: Token grid of the model: a block becomes one of its visual tokens.
    """

    max_pixels: int
    backend: ScoreBackend
    canvas_grid: TokenGrid


def codec_canvases(
    path: str | Path,
    *,
    canvases: int,
    min_pixels: int | None = None,
    threads: int = 0,
    info: VideoInfo | None = None,
    **options: Unpack[CanvasOptions],
) -> VisualInput:
    """Return exactly ``canvases`` canvases with the blocks of a video in which most happens.

    Each group of frames gives one whole frame and three canvases of blocks from the others. A video
    with fewer frames gives them all, whole, and is marked ``exhausted``.

    Args:
        path: A video file.
        canvases: Number of pictures, above 0.
        min_pixels: Smallest area of a canvas; by default small videos are not scaled up.
        threads: Decoder threads; 0 uses one per core, up to 4. The result does not depend on it.
        info: Result of ``probe`` for this file; by default the file is probed.
        **options: See ``CanvasOptions``.

    Raises:
        UsageError: ``canvases`` or ``backend`` is invalid, or the backend is not installed.
        VideoError: The file cannot be read. A truncated file only sets ``truncated``.
    """
    plan = plan_canvases(
        path, canvases=canvases, min_pixels=min_pixels, threads=threads, info=info, **options
    )
    return plan.visual


def cached_canvases(
    info: VideoInfo,
    cache: InputCache | None,
    *,
    canvases: int,
    min_pixels: int | None = None,
    **options: Unpack[CanvasOptions],
) -> VisualInput:
    """Return the same as ``codec_canvases``, from the cache if one is given."""
    make = partial(
        codec_canvases, info.path, canvases=canvases, min_pixels=min_pixels, info=info, **options
    )
    if cache is None:
        return make()
    facts = {
        "canvases": canvases,
        "min_pixels": min_pixels,
        "max_pixels": options.get("max_pixels", MAX_PIXELS),
        **backend_facts(options.get("backend", "pyav")),
        **({} if info.span is None else {"window": info.span}),
        **_grid_facts(options.get("canvas_grid", PLAIN_GRID)),
    }
    return cache.get(info.path, facts, make)


def plan_canvases(
    path: str | Path,
    *,
    canvases: int,
    min_pixels: int | None = None,
    threads: int = 0,
    info: VideoInfo | None = None,
    **options: Unpack[CanvasOptions],
) -> CodecPlan:
    """Return canvases and how they were chosen; arguments and errors as in ``codec_canvases``."""
    if isinstance(canvases, bool) or not isinstance(canvases, int):
        raise UsageError(
            f"canvases={canvases!r} is invalid; give a whole number from 1 to {MOST_CANVASES}"
        )
    if not 0 < canvases <= MOST_CANVASES:
        raise UsageError(f"canvases={canvases} is out of range; give 1 to {MOST_CANVASES}")
    backend = options.get("backend", "pyav")
    if backend not in BACKENDS:
        raise UsageError(f"unknown backend {backend!r}; known: {', '.join(BACKENDS)}")
    info = info or probe(path)
    grid = options.get("canvas_grid", PLAIN_GRID).squares
    max_pixels = options.get("max_pixels", MAX_PIXELS)
    size = grid.fitted(info.width, info.height, min_pixels=min_pixels, max_pixels=max_pixels)
    planner = _CanvasPlanner(info, size, grid, backend=backend, threads=threads)
    total = readable_frames(info)
    with one_opencv_thread():
        if total <= canvases:
            return planner.whole(uniform_indices(total, total), canvases)
        return planner.packed(uniform_indices(total, FRAMES_PER_CANVAS * canvases), canvases)


class _CanvasPlanner:
    """Reads a video once and turns it into canvases."""

    def __init__(
        self,
        info: VideoInfo,
        size: tuple[int, int],
        grid: TokenGrid,
        *,
        backend: ScoreBackend,
        threads: int,
    ) -> None:
        self._info = info
        self._size = size
        self._grid = grid
        self._backend = backend
        self._threads = threads
        self._shape = (size[1] // grid.side, size[0] // grid.side)

    def whole(self, sampled: npt.NDArray[np.int64], canvases: int) -> CodecPlan:
        """Return the plan that shows every frame whole."""
        room = self._room(len(sampled))
        for picture, _ in self._pictures(sampled, room):
            to_rgb(picture, picture)
        width, height = self._size
        blocks = whole_frames(sampled, width=width, height=height, side=self._grid.side)
        visual = self._visual(blocks, room, exhausted=len(sampled) < canvases)
        return CodecPlan(visual, tuple(sampled.tolist()), (), self._info)

    def packed(self, sampled: npt.NDArray[np.int64], canvases: int) -> CodecPlan:
        """Return the plan that shows the best blocks of the sampled frames."""
        edges = cell_edges(len(sampled), canvases)
        counts = [stop - start for start, stop in pairwise(edges)]
        store = Store(counts, self._shape, self._grid.side)
        scored = self._scored(sampled)
        for count in counts:
            store.add(list(islice(scored, count)))
        groups = make_groups(store.cells, canvases)
        blocks, pixels = store.lay_out(groups, sampled)
        visual = self._visual(blocks, pixels, exhausted=False)
        stretches = tuple(_stretches(store.cells, groups, sampled))
        return CodecPlan(visual, tuple(sampled.tolist()), stretches, self._info)

    def _room(self, pictures: int) -> npt.NDArray[np.uint8]:
        return np.empty((pictures, self._size[1], self._size[0], 3), dtype=np.uint8)

    def _pictures(
        self, sampled: npt.NDArray[np.int64], room: npt.NDArray[np.uint8]
    ) -> Iterator[tuple[npt.NDArray[np.uint8], VideoFrame]]:
        """Yield sampled frames as YUV at canvas size, and as stored.

        The YUV pictures are written to ``room`` in turn; when it is full, it is used again.
        """
        converter = Converter(self._info, self._size)
        vectors = self._backend == "pyav" and self._info.codec in VECTOR_CODECS
        frames = stored_frames(
            self._info, sampled.tolist(), threads=self._threads, motion_vectors=vectors
        )
        for number, (_, frame) in enumerate(frames):
            yield converter.yuv(frame, room[number % len(room)]), frame

    def _scored(self, sampled: npt.NDArray[np.int64]) -> Iterator[ScoredFrame]:
        info, shape, side = self._info, self._shape, self._grid.side
        meter = ChangeMeter(*self._size, side)
        costs = None
        if self._backend == "bitcost":
            from jumpscore.video.codec.bitcost import bitcost_maps

            _check_unrepaired(info)
            costs = bitcost_maps(info, sampled.tolist())
        pictures = self._pictures(sampled, self._room(FRAMES_PER_CANVAS))  # a cell at a time
        for index, (picture, frame) in zip(sampled, pictures, strict=True):
            change = meter(picture)
            if costs is not None:
                bits = normalised(next(costs))
                scores = spread(bits, shape, side=side, orientation=info.orientation)
            else:
                motion = own_motion(frame, shape, side=side, orientation=info.orientation)
                moved = change.blocks if motion is None else change.blocks + motion
                scores = block_scores(moved, float(info.bits[index]))
            yield ScoredFrame(picture, scores.reshape(-1), change.blank)

    def _visual(
        self,
        blocks: npt.NDArray[np.int32],
        pixels: npt.NDArray[np.uint8],
        *,
        exhausted: bool,
    ) -> VisualInput:
        info = self._info
        policy, note = default_policy(info)
        frames = np.unique(blocks[..., 0])
        visual = VisualInput(
            kind="codec",
            path=info.path,
            width=self._size[0],
            height=self._size[1],
            blocks=blocks,
            frame_indices=tuple(frames.tolist()),
            times=tuple(info.times[frames].tolist()),
            fps=info.fps,
            time_policy=policy,
            decimals=DECIMALS,
            provenance=backend_facts(self._backend),
            notes=(*info.note_lines, *([note] if note else [])),
            truncated=info.truncated,
            exhausted=exhausted,
            token_grid=self._grid,
            span=info.span,
        )
        return visual.with_pixels(pixels)  # decoding again would give the same


def _check_unrepaired(info: VideoInfo) -> None:
    """Check that codec-video-prep reads the same frames.

    Raises:
        VideoError: The time stamps were repaired, or the file has several video tracks.
    """
    if info.clock.by_order or info.clock.leading or OTHER_TRACKS in info.notes:
        raise VideoError(
            f"{info.path}: codec-video-prep would read other frames of this file "
            f"({'; '.join(info.note_lines)}); use backend 'pyav'"
        )


def backend_facts(backend: ScoreBackend) -> dict[str, str]:
    """Return the versions that affect the canvases, for provenance and cache keys.

    Raises:
        UsageError: The backend is not installed.
    """
    facts = {"backend": backend, "rule": RULE, "pixels": PIXELS, "pyav": version("av")}
    if backend == "bitcost":
        from jumpscore.video.codec.bitcost import bitcost_version

        facts["codec-video-prep"] = bitcost_version()
    return facts


def _grid_facts(grid: TokenGrid) -> dict[str, int]:
    """Return what a cache key needs of a grid; nothing for the default, as in earlier versions."""
    return {} if grid.squares == PLAIN_GRID else {"side": grid.side, "merge": grid.merge}


def _stretches(
    cells: list[Cell], groups: list[CellGroup], sampled: npt.NDArray[np.int64]
) -> Iterator[Stretch]:
    for number, group in enumerate(groups):
        first, last = cells[group.start].start, cells[group.stop - 1].stop - 1
        start = number * IMAGES_PER_GROUP
        canvases = range(start, start + group.canvases)
        yield Stretch(int(sampled[first]), int(sampled[last]), canvases)
