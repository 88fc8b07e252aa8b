"""Adaptive groups: which stretches of a video share a budget of blocks, and which blocks they get.

This module works on numbers; pixels stay with the caller. Sampled frames are divided into *cells*,
one per canvas (of eight frames, if the video is long enough). Groups consist of whole cells, so the
candidates of a cell are known as soon as it has been read: one whole frame, in case the cell begins
a group, and its best blocks up to the budget of a group. A video can therefore be read in one pass
without keeping it in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

IMAGES_PER_GROUP = 4
"""Canvases per group: one whole frame and three of blocks; also the vision tower's window."""
FRAMES_PER_CANVAS = 8
"""Sampled frames per canvas."""
FEWEST_FRAMES = 8
"""Frames of the smallest group."""
MOST_FRAMES = 128
"""Frames of the largest group."""
TEMPORAL_BINS = 3
"""Equal parts of a group, all of which should have chosen blocks."""
SLACK = 0.05
"""Relative shortfall of the threshold that is allowed if the cut has better blocks in total."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Candidate blocks of a few consecutive sampled frames.

    A place is the position of a sampled frame, from 0; blocks are numbered in raster order.

    Attributes:
        start: Place of the first frame.
        stop: Place after the last frame.
        lead: Place of the frame that is shown whole if the cell begins a group: the first frame
            that is not blank, otherwise the first.
        blank: Whether every frame is blank.
        places: int32 [m], frame of each candidate: the best blocks of the other frames by (place,
            block), then all blocks of the lead.
        blocks: int32 [m], block of each candidate.
        scores: float64 [m], score of each candidate.
        size: Number of blocks of a picture; the last ``size`` candidates are the lead's.
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
    """Cells ``start`` to ``stop`` (exclusive), which share ``canvases`` canvases."""

    start: int
    stop: int
    canvases: int


@dataclass(frozen=True, slots=True)
class Picks:
    """The chosen blocks of a group: cells and candidates, int64 [canvases * blocks] each.

    The whole frame comes first in raster order, then the best blocks by (frame, row, column).
    """

    cells: npt.NDArray[np.int64]
    items: npt.NDArray[np.int64]


def best(scores: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.int64]:
    """Return the indices of the ``count`` highest scores, increasing; ties go to the earliest.

    >>> best(np.array([1.0, 3.0, 2.0, 3.0, 2.0]), 3)
    array([1, 2, 3])
    """
    if count >= len(scores):
        return np.arange(len(scores), dtype=np.int64)
    if count <= 0:
        return np.zeros(0, dtype=np.int64)
    least = np.partition(scores, len(scores) - count)[len(scores) - count]
    selected = scores > least
    ties = np.flatnonzero(scores == least)
    selected[ties[: count - int(selected.sum())]] = True
    return np.flatnonzero(selected)


def cell_edges(frames: int, canvases: int) -> list[int]:
    """Return the edges of the cells among the sampled frames, ``canvases + 1`` numbers.

    >>> cell_edges(10, 4)
    [0, 2, 5, 7, 10]
    """
    return [frames * cell // canvases for cell in range(canvases + 1)]


def make_groups(cells: Sequence[Cell], canvases: int) -> list[CellGroup]:
    """Cut the cells into groups that give exactly ``canvases`` canvases.

    The published recipe extends each group, from 8 frames up to 128, until the scores of its best
    blocks reach a threshold and its temporal bins all have chosen blocks; the number of groups is
    not fixed. Here the number is fixed and the threshold follows: it is the highest that all groups
    of some cut reach. Among the cuts whose groups all reach 95% of it, the one with the highest
    total score is taken. The last group gets the remaining canvases. If these are fewer than four,
    its scores count for more and it has fewer temporal bins, both in proportion, so that it is
    shorter.

    Args:
        cells: One per canvas, with at least one frame each.
        canvases: Number of canvases, above 0.
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
    """Choose the blocks of a group: its lead, then the best blocks of all its other frames.

    Their number is exactly that of the blocks of the group's canvases.
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
    picked = rank[best(scores[rank], (group.canvases - 1) * size)]
    whole = np.arange(len(cells[lead].scores) - size, len(cells[lead].scores))
    return Picks(
        cells=np.concatenate([np.full(size, lead), owners[picked]]),
        items=np.concatenate([whole, items[picked]]),
    )


def _limits(cells: Sequence[Cell], groups: int) -> tuple[int, int] | None:
    """Return the smallest and largest number of cells of a group, or ``None`` without a choice."""
    sizes = [cell.stop - cell.start for cell in cells]
    small, large = min(sizes), max(sizes)
    least = min(-(-FEWEST_FRAMES // small), len(cells) // groups)
    # Every canvas of a group needs a frame of its own.
    return None if least * small < IMAGES_PER_GROUP else (least, MOST_FRAMES // large)


@dataclass(frozen=True, slots=True)
class _Table:
    """Scores of every stretch of cells as one group, float64 [cells, most + 1] each.

    Attributes:
        images: Canvases of the group.
        totals: Sum of the scores of its best blocks by first cell and length, scaled to the number
            of blocks of a full group; -inf if there is no such group.
        values: ``totals`` times the share of temporal bins with chosen blocks; inf if a group has
            no blocks to choose.
    """

    images: int
    totals: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]


def _table(cells: Sequence[Cell], least: int, most: int, images: int) -> _Table:
    """Score every stretch of ``least`` to ``most`` cells as a group of ``images`` canvases.

    A group with fewer canvases than others is the last one; see ``make_groups``.
    """
    totals = np.full((len(cells), most + 1), -np.inf)
    values = totals.copy()
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
            # Extended cell by cell; only the best candidates within the budget are kept.
            if length > 1:
                more = whole[start + length - 1]
                costs = np.concatenate([costs, more[0]])
                places = np.concatenate([places, more[1]])
            # A stable sort of two sorted runs is a merge.
            order = np.argsort(costs, kind="stable")[:budget]
            costs, places = costs[order], places[order]
            if length < least:
                continue
            if budget == 0:
                totals[start, length], values[start, length] = 0.0, np.inf
                continue
            # Scaled, because otherwise a full group would gain more from a cell than the last one.
            totals[start, length] = -costs.sum() * (IMAGES_PER_GROUP - 1) / (images - 1)
            span = cells[start + length - 1].stop - cell.start
            bins = (places[: np.searchsorted(costs, 0.0)] - cell.start) * parts // span
            touched = np.count_nonzero(np.bincount(bins)) / parts
            values[start, length] = totals[start, length] * touched
    return _Table(images, totals, values)


def _ranked(
    scores: npt.NDArray[np.float64], places: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
    """Return negated scores and their places, the best first."""
    rank = np.argsort(-scores, kind="stable")
    return -scores[rank], places[rank]


def _solve(tables: Sequence[_Table]) -> list[int]:
    """Return the edges of the groups, one group per table; see ``make_groups``."""
    n, width = tables[0].totals.shape
    weakest = np.full(n + 1, -np.inf)
    weakest[0] = np.inf
    for each in tables:
        weakest = _step(np.minimum, weakest, each.values)[0]
    threshold = weakest[n] * (1 - SLACK)
    # Among cuts of equal score, prefer equal lengths per canvas, as in a video without any change.
    uneven = 1e-9 * np.arange(width, dtype=np.float64) ** 2
    uneven *= max(1.0, float(tables[0].totals.max())) * IMAGES_PER_GROUP
    total = np.full(n + 1, -np.inf)
    total[0] = 0.0
    lengths = []
    for each in tables:
        gain = np.where(each.values >= threshold, each.totals - uneven / each.images, -np.inf)
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
    """Return the best value after one more group for every end, and that group's length."""
    n = len(table)
    values = np.full(n + 1, -np.inf)
    lengths = np.zeros(n + 1, dtype=np.int64)
    for length in range(1, min(table.shape[1] - 1, n) + 1):
        joined = join(before[: n + 1 - length], table[: n + 1 - length, length])
        better = joined > values[length:]
        values[length:][better] = joined[better]
        lengths[length:][better] = length
    return values, lengths
