"""``VisualInput``: the pictures of a video for a model, with their times and positions."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from jumpscore.errors import DataError, UsageError
from jumpscore.video.decode import decode
from jumpscore.video.sizes import FACTOR, MERGE, PLAIN_GRID, PLAIN_STAMP, TokenGrid
from jumpscore.video.stamps import Stamp, TimePolicy, stamp_seconds, stamp_tokens
from jumpscore.video.windows import Span, cut, probe_once

Kind = Literal["frames", "codec"]
KEEPING_PIXELS = {"decimals", "time_policy", "notes", "provenance"}
"""Fields that do not affect the pixels."""
PICTURES = "pictures"
"""Key in the provenance of pictures that decoding the video does not give: how they were stored, or
the digest of what another tool made."""
MOST_DECIMALS = 3


@dataclass(frozen=True, eq=False)
class VisualInput:
    """Pictures of one video as a recipe: cheap to pass around, decoded on first use.

    A picture is a grid of blocks of 28x28 pixels (2x2 patches, one visual token), unless
    ``token_grid`` differs. If ``kind`` is ``"frames"``, every picture is one source frame; if
    ``"codec"``, a picture is a canvas whose blocks may come from several. ``blocks`` contains
    each block's source and alone decides the pixels.

    Attributes:
        kind: ``"frames"`` or ``"codec"``.
        path: The video; for canvases from another tool, their folder.
        width: Width of every picture in pixels, a multiple of the grid's side.
        height: Height of every picture in pixels, a multiple of the grid's side.
        blocks: int32 [n, height / side, width / side, 3]: every block's (source frame, block row,
            block column); -1 in all three for a black block.
        frame_indices: Source frames in use, increasing.
        times: Presentation time of each of them in seconds.
        fps: Average frame rate of the video.
        time_policy: Time that the stamps in a prompt state; see ``stamps.TimePolicy``.
        decimals: Decimals of the stamps.
        provenance: Backend, its version, and the rule of the recipe.
        notes: Notes for a reader of the result.
        truncated: What is missing if the file is truncated, else ``None``.
        exhausted: Whether the video has fewer frames than the number of pictures requested.
        folder: Folder with the prepared pictures, which ``pixels`` then reads, or ``None``.
        token_grid: How the model cuts pictures into tokens.
        donor: For a control, the recipe whose pixels replace those of this one.
        span: (start, end) in seconds of the file if only this window of it is shown; frames are
            numbered, and times count, from its start.
    """

    kind: Kind
    path: Path
    width: int
    height: int
    blocks: npt.NDArray[np.int32] = field(repr=False)
    frame_indices: tuple[int, ...]
    times: tuple[float, ...]
    fps: float
    time_policy: TimePolicy = "released"
    decimals: int = 1
    provenance: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    truncated: str | None = None
    exhausted: bool = False
    folder: Path | None = None
    token_grid: TokenGrid = PLAIN_GRID
    donor: VisualInput | None = None
    span: Span | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.decimals <= MOST_DECIMALS:
            raise UsageError(
                f"decimals={self.decimals} is out of range; give 0 to {MOST_DECIMALS} decimals for "
                "the time stamps"
            )

    @cached_property
    def pixels(self) -> npt.NDArray[np.uint8]:
        """RGB pictures, uint8 [n, height, width, 3].

        Raises:
            VideoError: A frame cannot be decoded.
            DataError: The prepared pictures are damaged.
        """
        if self.folder is not None:
            from jumpscore.video.prepared.layout import read_pictures, was_evicted

            size = (self.width, self.height)
            try:
                return read_pictures(self.folder, count=len(self.blocks), size=size)
            except DataError:
                # If a cache has evicted the folder, the recipe gives the same pixels.
                if not (was_evicted(self.folder) and self.path.is_file()):
                    raise
        if self.donor is not None:
            return self.donor.pixels
        if not self.restorable:
            raise DataError(
                f"{self.path}: its prepared pictures are gone, and decoding the video would give "
                "others; prepare them again"
            )
        return _decode_blocks(self)

    @property
    def restorable(self) -> bool:
        """Whether decoding the video gives the pixels, unlike those that another tool made."""
        return PICTURES not in self.provenance

    @property
    def grid(self) -> tuple[int, int, int]:
        """(pictures, patch rows, patch columns)."""
        patch = self.token_grid.patch
        return len(self.blocks), self.height // patch, self.width // patch

    @cached_property
    def patch_positions(self) -> npt.NDArray[np.int32]:
        """int32 [n * rows * columns, 3]: (source frame, patch row, patch column) of every patch.

        Raster order within a picture; -1 in all three for a patch of a black block.
        """
        n, rows, columns = self.grid
        merge = self.token_grid.merge
        fine = np.repeat(np.repeat(self.blocks, merge, axis=1), merge, axis=2)
        inside = np.indices((rows, columns), dtype=np.int32) % merge
        fine[..., 1] = fine[..., 1] * merge + inside[0]
        fine[..., 2] = fine[..., 2] * merge + inside[1]
        fine[fine[..., 0] < 0] = -1
        return fine.reshape(n * rows * columns, 3)

    @property
    def visual_tokens(self) -> int:
        """Planned visual tokens: one per block, without pictures that are entirely black.

        If frames share their tokens, the last one may have its own.
        """
        filled = int((self.blocks[..., 0] >= 0).any(axis=(1, 2)).sum())
        each = self.token_grid.tokens(self.width, self.height)
        return math.ceil(filled / self.token_grid.frames) * each

    @cached_property
    def stamps(self) -> tuple[Stamp, ...]:
        """The time stamps of the prompt, in order.

        Each frame has one; frames that share their tokens have one together, with the mean of the
        first and last time. Canvases have one for every run of blocks from one source frame, in
        raster order over all canvases; black blocks have none.
        """
        sources = self.blocks[..., 0].reshape(-1)
        whole = self.blocks.shape[1] * self.blocks.shape[2]
        breaks = np.flatnonzero(np.diff(sources)) + 1
        if self.kind == "frames":
            breaks = np.arange(whole, len(sources), whole)
        edges = [0, *breaks.tolist(), len(sources)]
        time_of = dict(zip(self.frame_indices, self.times, strict=True))
        stamps = []
        for start, end in pairwise(edges):
            frame = int(sources[start])
            if frame >= 0:
                seconds = stamp_seconds(self.time_policy, frame, time_of[frame], self.fps)
                stamps.append(Stamp(seconds, frame, end - start))
        return tuple(stamps if self.token_grid.frames == 1 else self._shared(stamps))

    def _shared(self, stamps: list[Stamp]) -> list[Stamp]:
        """Return one stamp for each set of frames that share their tokens."""
        together = self.token_grid.frames
        groups = [stamps[start : start + together] for start in range(0, len(stamps), together)]
        return [
            replace(group[0], seconds=(group[0].seconds + group[-1].seconds) / 2)
            for group in groups
        ]

    @property
    def stamp_texts(self) -> tuple[str, ...]:
        """The stamps as they are written in the prompt."""
        form = self.token_grid.stamp
        return tuple(form.written(stamp.seconds, self.decimals) for stamp in self.stamps)

    @property
    def text_tokens(self) -> int:
        """Planned text tokens of the stamps and their markers; see ``stamps.stamp_tokens``."""
        newline, form = self.kind == "codec", self.token_grid.stamp
        return sum(
            stamp_tokens(stamp.seconds, self.decimals, newline=newline, form=form)
            for stamp in self.stamps
        )

    @property
    def total_tokens(self) -> int:
        """Sum of visual and text tokens."""
        return self.visual_tokens + self.text_tokens

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the video and of every choice that affects pixels, positions or stamps."""
        choices = {
            "source": content_hash(self.path),
            "kind": self.kind,
            "size": (self.width, self.height),
            "blocks": hashlib.sha256(np.ascontiguousarray(self.blocks).tobytes()).hexdigest(),
            "stamps": (self.time_policy, self.decimals),
            "provenance": dict(self.provenance),
        }
        if self.token_grid != PLAIN_GRID:
            grid = asdict(self.token_grid)
            # What earlier versions did not have is left out, so that fingerprints stay the same.
            if self.token_grid.stamp == PLAIN_STAMP:
                del grid["stamp"]
            if self.token_grid.merge == MERGE:
                del grid["merge"]
            choices["token_grid"] = grid
        if self.span is not None:
            choices["window"] = self.span
        if self.donor is not None:
            choices["donor"] = self.donor.fingerprint
        return hashlib.sha256(json.dumps(choices, sort_keys=True).encode()).hexdigest()

    def changed(self, **fields: Any) -> VisualInput:
        """Return a copy with some fields changed; decoded pixels stay if they are still right."""
        # The file of the video does not affect pictures that do not come from it.
        keeping = KEEPING_PIXELS if self.restorable else KEEPING_PIXELS | {"path", "span"}
        if "pixels" in self.__dict__ and not fields.keys() - keeping:
            return self.with_pixels(self.pixels, **fields)
        return replace(self, **fields)

    def with_pixels(self, pixels: npt.NDArray[np.uint8], **fields: Any) -> VisualInput:
        """Return a copy with some fields changed and with its pixels, as in ``pixels``."""
        copy = replace(self, **fields)
        copy.__dict__["pixels"] = pixels
        return copy


def whole_frames(
    indices: npt.ArrayLike, *, width: int, height: int, side: int = FACTOR
) -> npt.NDArray[np.int32]:
    """Return the ``blocks`` of pictures that each show one whole source frame.

    Args:
        indices: Source frames, int [n].
        width: Pixels, a multiple of ``side``.
        height: Pixels, a multiple of ``side``.
        side: Side of a block in pixels.
    """
    frames = np.asarray(indices, dtype=np.int32)
    rows, columns = height // side, width // side
    blocks = np.empty((len(frames), rows, columns, 3), dtype=np.int32)
    blocks[..., 0] = frames[:, None, None]
    blocks[..., 1] = np.arange(rows)[None, :, None]
    blocks[..., 2] = np.arange(columns)[None, None, :]
    return blocks


def split_blocks(picture: npt.NDArray[np.uint8], side: int = FACTOR) -> npt.NDArray[np.uint8]:
    """Return a view of a picture [H, W, 3] as blocks [rows, columns, side, side, 3]."""
    height, width, channels = picture.shape
    tall = picture.reshape(height // side, side, width // side, side, channels)
    return tall.transpose(0, 2, 1, 3, 4)


def _decode_blocks(visual: VisualInput) -> npt.NDArray[np.uint8]:
    """Decode the source frames once, in order, and copy their blocks into the pictures."""
    n, side = len(visual.blocks), visual.token_grid.side
    pictures = np.zeros((n, visual.height, visual.width, 3), dtype=np.uint8)
    sources = visual.blocks[..., 0]
    order = np.argsort(sources, axis=None, kind="stable")
    ranked = sources.reshape(-1)[order]
    info = None if visual.span is None else cut(probe_once(visual.path), visual.span)
    size = (visual.width, visual.height)
    for frame in decode(visual.path, visual.frame_indices, size=size, info=info):
        start, end = np.searchsorted(ranked, [frame.index, frame.index + 1])
        n_of, row_of, column_of = np.unravel_index(order[start:end], sources.shape)
        for picture in np.unique(n_of):
            here = n_of == picture
            rows, columns = row_of[here], column_of[here]
            _, from_row, from_column = visual.blocks[picture, rows, columns].T
            taken = split_blocks(frame.pixels, side)[from_row, from_column]
            split_blocks(pictures[picture], side)[rows, columns] = taken
    return pictures


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file, or of all files of a folder, as 64 hex digits."""
    if not path.is_dir():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for entry in sorted(path.iterdir()):
        if entry.is_file():
            digest.update(f"{entry.name}\0{content_hash(entry)}\n".encode())
    return digest.hexdigest()
