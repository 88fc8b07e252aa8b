"""Packing: store candidate blocks while frames are read, and fill canvases with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jumpscore.video.codec.groups import IMAGES_PER_GROUP, Cell, CellGroup, best, pick
from jumpscore.video.colours import to_rgb
from jumpscore.video.visual_input import split_blocks


@dataclass(frozen=True, slots=True)
class ScoredFrame:
    """A sampled frame: uint8 [H, W, 3], scores float64 [blocks], and whether it is blank."""

    picture: npt.NDArray[np.uint8]
    scores: npt.NDArray[np.float64]
    blank: bool


class Store:
    """Stores the candidates of every cell: its lead frame and its best blocks.

    That is at most four pictures of pixels per cell, regardless of the number of frames. Blocks are
    squares of ``side`` pixels; ``shape`` is their (rows, columns).

    Attributes:
        cells: Scores and positions of the candidates.
    """

    def __init__(self, canvases: int, shape: tuple[int, int], side: int) -> None:
        self._shape = shape
        self._side = side
        self._size = shape[0] * shape[1]
        self._limit = (IMAGES_PER_GROUP - 1) * self._size
        # One array, used as it fills; many smaller ones would fragment memory.
        room = (canvases, IMAGES_PER_GROUP * self._size, side, side, 3)
        self._pixels = np.empty(room, dtype=np.uint8)
        self._pieces = np.empty((self._size, side, side, 3), dtype=np.uint8)
        self.cells: list[Cell] = []

    def add(self, frames: Sequence[ScoredFrame]) -> None:
        """Store the candidates of the next cell's frames."""
        number = len(self.cells)
        start = self.cells[-1].stop if self.cells else 0
        lead = next((k for k, frame in enumerate(frames) if not frame.blank), 0)
        others = [k for k in range(len(frames)) if k != lead]
        scores = np.concatenate([np.zeros(0), *(frames[k].scores for k in others)])
        chosen_blocks = best(scores, self._limit)
        source = np.asarray([*others, lead])[
            np.concatenate([chosen_blocks // self._size, np.full(self._size, len(others))])
        ]
        blocks = np.concatenate([chosen_blocks % self._size, np.arange(self._size)])
        room = self._pixels[number]
        for k, frame in enumerate(frames):
            here = np.flatnonzero(source == k)
            # Copying everything and then whole pieces is faster than copying pieces row by row.
            grid = split_blocks(frame.picture, self._side)
            np.copyto(self._pieces.reshape(grid.shape), grid)
            room[here] = self._pieces[blocks[here]]
        self.cells.append(
            Cell(
                start=start,
                stop=start + len(frames),
                lead=start + lead,
                blank=all(frame.blank for frame in frames),
                places=(start + source).astype(np.int32),
                blocks=blocks.astype(np.int32),
                scores=np.concatenate([scores[chosen_blocks], frames[lead].scores]),
                size=self._size,
            )
        )

    def lay_out(
        self, groups: Sequence[CellGroup], sampled: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        """Fill the canvases, group by group; the store cannot be used afterwards.

        Args:
            groups: The groups in order.
            sampled: Source frame of every place.

        Returns:
            ``VisualInput.blocks`` and its pixels.
        """
        rows, columns = self._shape
        n = sum(group.canvases for group in groups)
        blocks = np.empty((n * self._size, 3), dtype=np.int32)
        pieces = np.empty(self._pixels.shape[1:], dtype=np.uint8)
        # A group's canvases are as large as the candidates of one cell, and by then at least that
        # many have been used: the canvases overwrite them, so no more memory is needed.
        height, width = rows * self._side, columns * self._side
        canvases = self._pixels.reshape(-1, height, width, 3)
        done = 0
        for group in groups:
            picks = pick(self.cells, group)
            sources = blocks[done * self._size :][: len(picks.items)]
            for number in np.unique(picks.cells):
                here = picks.cells == number
                cell, items = self.cells[number], picks.items[here]
                pieces[: len(here)][here] = self._pixels[number, items]
                block = np.divmod(cell.blocks[items], columns)
                sources[here] = np.stack([sampled[cell.places[items]], *block], axis=1)
            for place in range(group.canvases):
                part = pieces[place * self._size : (place + 1) * self._size]
                split_blocks(canvases[done], self._side)[...] = part.reshape(
                    rows, columns, *part.shape[1:]
                )
                to_rgb(canvases[done], canvases[done])
                done += 1
        del canvases
        self._pixels.resize(n * height * width * 3, refcheck=False)  # frees the rest
        return blocks.reshape(n, rows, columns, 3), self._pixels.reshape(n, height, width, 3)
