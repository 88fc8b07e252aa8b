"""Attention windows of the vision tower: which patches attend to one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """A run of patches that attend only to one another.

    Attributes:
        start: Index of the first patch.
        length: Number of patches.
    """

    start: int
    length: int


def cut_windows(grid: Sequence[tuple[int, int, int]], frames_per_window: int) -> list[Window]:
    """Cut every grid row into windows along time; a window never spans two rows.

    Args:
        grid: (pictures, patch rows, patch columns) of each row: an image or a frame is a row with
            one picture, all canvases of a video are one row.
        frames_per_window: Pictures per window; the last window of a row may have fewer.

    >>> cut_windows([(1, 2, 2), (5, 2, 2)], 4)
    [Window(start=0, length=4), Window(start=4, length=16), Window(start=20, length=4)]
    """
    windows, start = [], 0
    for pictures, rows, columns in grid:
        for first in range(0, pictures, frames_per_window):
            length = min(frames_per_window, pictures - first) * rows * columns
            windows.append(Window(start, length))
            start += length
    return windows


def passes(windows: Sequence[Window], most_patches: int) -> Iterator[list[int]]:
    """Yield indices of equally long windows that go through the tower together.

    A window with more than ``most_patches`` patches is its own pass.

    >>> list(passes([Window(0, 4), Window(4, 16), Window(20, 4), Window(24, 4)], 8))
    [[0, 2], [3], [1]]
    """
    by_length: dict[int, list[int]] = {}
    for place, window in enumerate(windows):
        by_length.setdefault(window.length, []).append(place)
    for length, places in by_length.items():
        together = max(1, most_patches // length)
        for first in range(0, len(places), together):
            yield places[first : first + together]
