"""Adaptive groups: which stretches of a video share a budget of blocks, and which blocks they get.

Pure numbers; pixels stay with the caller. Sampled frames are dealt into *cells*, as many as there
are canvases (eight frames each, where the video is long enough). Groups consist of whole cells, so
what can still be chosen of a cell is known as soon as it has been read: one frame whole, in case
the cell begins a group, and its best blocks as far as one group's budget reaches. That is what
lets a video be read once, without keeping it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

IMAGES_PER_GROUP = 4
"""Canvases of a group: one whole frame and three of blocks; also the vision tower's window."""
FRAMES_PER_CANVAS = 8
"""Sampled frames for every canvas asked for."""
FEWEST_FRAMES = 8
"""Frames of the smallest group."""
MOST_FRAMES = 128
"""Frames of the largest group."""
TEMPORAL_BINS = 3
"""Equal parts of a group that the chosen blocks must all touch."""
SLACK = 0.05
"""Share of the threshold that a group may lack, where the cut shows more in exchange."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What can still be chosen of a few consecutive sampled frames.

    Places are numbers of sampled frames, from 0; blocks are numbered in raster order.

    Attributes:
        start: Place of the first frame.
        stop: Place after the last.
        lead: Place of the frame that is shown whole where the cell begins a group: the first that
            is not blank, or the first.
        blank: Every frame is blank.
        places: int32 [m], frame of each block that can be chosen: the best ones of the other frames
            by (place, block), then all of the lead.
        blocks: int32 [m].
        scores: float64 [m].
        size: Blocks of a picture; the last ``size`` items are the lead's.
    """

    start: int
    stop: int
    lead: int
    blank: bool
    places: npt.NDArray[np.int32]
    blocks: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float64]
    size: int


@dataclass(frozen=True, slots=True)
class CellGroup:
    """Cells ``start`` to ``stop`` (excluded), which together fill ``canvases`` canvases."""

    start: int
    stop: int
    canvases: int


@dataclass(frozen=True, slots=True)
class Picks:
    """What a group shows, as cells and items of their arrays, int64 [canvases * blocks] each.

    First the whole frame in raster order, then the best blocks by (frame, row, column).
    """

    cells: npt.NDArray[np.int64]
    items: npt.NDArray[np.int64]


def best(scores: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.int64]:
    """Return the places of the ``count`` highest scores, increasing; of equal ones the earliest.

    >>> best(np.array([1.0, 3.0, 2.0, 3.0, 2.0]), 3)
    array([1, 2, 3])
    """
    if count >= len(scores):
        return np.arange(len(scores), dtype=np.int64)
    if count <= 0:
        return np.zeros(0, dtype=np.int64)
    least = np.partition(scores, len(scores) - count)[len(scores) - count]
    chosen = scores > least
    ties = np.flatnonzero(scores == least)
    chosen[ties[: count - int(chosen.sum())]] = True
    return np.flatnonzero(chosen)


def cell_edges(frames: int, canvases: int) -> list[int]:
    """Return where cells begin and end among the sampled frames, ``canvases + 1`` numbers.

    >>> cell_edges(10, 4)
    [0, 2, 5, 7, 10]
    """
    return [frames * cell // canvases for cell in range(canvases + 1)]


def make_groups(cells: Sequence[Cell], canvases: int) -> list[CellGroup]:
    """Cut the cells into groups that deliver exactly ``canvases`` canvases.

    The published recipe grows each group, from 8 frames up to 128, until the scores of its best
    blocks reach a threshold and these blocks touch all its temporal bins; how many groups come out
    is left to chance. Here their number is given and the threshold is solved for: it is the highest
    that every group of some cut reaches. Of the cuts whose groups come within 5% of it the one is
    taken that shows the most. The last group fills what canvases are left: where these are fewer
    than four its blocks count for more and its temporal bins are fewer, both in proportion, so that
    it is as short as it has few canvases.

    Args:
        cells: As many as ``canvases``, at least one frame each.
        canvases: Wanted, above 0.
    """
    count = -(-canvases // IMAGES_PER_GROUP)
    left = canvases - IMAGES_PER_GROUP * (count - 1)
    limits = _limits(cells, count)
    if limits is None:
        edges = [*range(0, canvases, IMAGES_PER_GROUP), canvases]
    else:
        table = _table(cells, *limits, IMAGES_PER_GROUP)
        last = table if left == IMAGES_PER_GROUP else _table(cells, *limits, left)
        edges = _solve([table] * (count - 1) + [last])
    sizes = [IMAGES_PER_GROUP] * (count - 1) + [left]
    return [
        CellGroup(start, stop, size)
        for (start, stop), size in zip(pairwise(edges), sizes, strict=True)
    ]


def pick(cells: Sequence[Cell], group: CellGroup) -> Picks:
    """Choose what a group shows: its lead, then the best blocks of all its other frames.

    They are exactly as many as fill the group's canvases.
    """
    inside = range(group.start, group.stop)
    size = cells[group.start].size
    lead = next((k for k in inside if not cells[k].blank), group.start)
    counts = [len(cells[k].scores) - size * (k == lead) for k in inside]
    owners = np.repeat(np.arange(group.start, group.stop), counts)
    items = np.concatenate([np.arange(count) for count in counts])
    pool = [(cells[k], count) for k, count in zip(inside, counts, strict=True)]
    scores = np.concatenate([cell.scores[:count] for cell, count in pool])
    order = np.concatenate(
        [cell.places[:count].astype(np.int64) * size + cell.blocks[:count] for cell, count in pool]
    )
    rank = np.argsort(order)
    chosen = rank[best(scores[rank], (group.canvases - 1) * size)]
    whole = np.arange(len(cells[lead].scores) - size, len(cells[lead].scores))
    return Picks(
        cells=np.concatenate([np.full(size, lead), owners[chosen]]),
        items=np.concatenate([whole, items[chosen]]),
    )


def _limits(cells: Sequence[Cell], groups: int) -> tuple[int, int] | None:
    """Return the fewest and the most cells of a group, or nothing where there is no choice."""
    sizes = [cell.stop - cell.start for cell in cells]
    small, large = min(sizes), max(sizes)
    least = min(-(-FEWEST_FRAMES // small), len(cells) // groups)
    # Every canvas of a group needs a frame of its own.
    return None if least * small < IMAGES_PER_GROUP else (least, MOST_FRAMES // large)


@dataclass(frozen=True, slots=True)
class _Table:
    """What every stretch of cells would show as one group, float64 [cells, most + 1] each.

    Attributes:
        images: Canvases of the group.
        shown: Sum of the scores of its best blocks by first cell and length, as if of as many
            blocks as a whole group has; -inf where there is no such group.
        worth: The same times the share of temporal bins that these blocks touch; inf where a group
            has no blocks to choose and owes nothing.
    """

    images: int
    shown: npt.NDArray[np.float64]
    worth: npt.NDArray[np.float64]


def _table(cells: Sequence[Cell], least: int, most: int, images: int) -> _Table:
    """Measure every stretch of ``least`` to ``most`` cells as a group of ``images`` canvases.

    A group of fewer canvases than others is the last one: see ``make_groups``.
    """
    shown = np.full((len(cells), most + 1), -np.inf)
    worth = shown.copy()
    size = cells[0].size
    budget = (images - 1) * size
    parts = TEMPORAL_BINS * (images - 1) // (IMAGES_PER_GROUP - 1)
    least = -(-least * images // IMAGES_PER_GROUP)
    first = 0 if images == IMAGES_PER_GROUP else max(0, len(cells) - most)
    whole = {k: _ranked(cells[k].scores, cells[k].places) for k in range(first, len(cells))}
    for start in range(first, len(cells)):
        cell = cells[start]
        costs, places = _ranked(cell.scores[:-size], cell.places[:-size])
        for length in range(1, min(most, len(cells) - start) + 1):
            # Grown cell by cell, keeping only what fits the budget.
            if length > 1:
                more = whole[start + length - 1]
                costs = np.concatenate([costs, more[0]])
                places = np.concatenate([places, more[1]])
            # Of two sorted runs a stable sort is a merge.
            kept = np.argsort(costs, kind="stable")[:budget]
            costs, places = costs[kept], places[kept]
            if length < least:
                continue
            if budget == 0:
                shown[start, length], worth[start, length] = 0.0, np.inf
                continue
            # Else a whole group would always gain more by a further cell than the last one.
            shown[start, length] = -costs.sum() * (IMAGES_PER_GROUP - 1) / (images - 1)
            span = cells[start + length - 1].stop - cell.start
            bins = (places[: np.searchsorted(costs, 0.0)] - cell.start) * parts // span
            touched = np.count_nonzero(np.bincount(bins)) / parts
            worth[start, length] = shown[start, length] * touched
    return _Table(images, shown, worth)


def _ranked(
    scores: npt.NDArray[np.float64], places: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
    """Return scores, negated, and places, the best first."""
    rank = np.argsort(-scores, kind="stable")
    return -scores[rank], places[rank]


def _solve(tables: Sequence[_Table]) -> list[int]:
    """Return the edges of one group per table: see ``make_groups``."""
    n, width = tables[0].shown.shape
    weakest = np.full(n + 1, -np.inf)
    weakest[0] = np.inf
    for each in tables:
        weakest = _step(np.minimum, weakest, each.worth)[0]
    threshold = weakest[n] * (1 - SLACK)
    # Of cuts that show the same the most even one per canvas, as in a video where nothing happens.
    uneven = 1e-9 * np.arange(width, dtype=np.float64) ** 2
    uneven *= max(1.0, float(tables[0].shown.max())) * IMAGES_PER_GROUP
    total = np.full(n + 1, -np.inf)
    total[0] = 0.0
    lengths = []
    for each in tables:
        gain = np.where(each.worth >= threshold, each.shown - uneven / each.images, -np.inf)
        total, length = _step(np.add, total, gain)
        lengths.append(length)
    edges = [n]
    for length in reversed(lengths):
        edges.append(edges[-1] - int(length[edges[-1]]))
    return edges[::-1]


def _step(
    join: Callable[..., npt.NDArray[np.float64]],
    before: npt.NDArray[np.float64],
    table: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return the best that one more group can do for every end, and that group's length."""
    n = len(table)
    values = np.full(n + 1, -np.inf)
    lengths = np.zeros(n + 1, dtype=np.int64)
    for length in range(1, min(table.shape[1] - 1, n) + 1):
        found = join(before[: n + 1 - length], table[: n + 1 - length, length])
        better = found > values[length:]
        values[length:][better] = found[better]
        lengths[length:][better] = length
    return values, lengths
