"""Orientation: how stored frames are rotated and mirrored for display."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

Array = TypeVar("Array", bound=np.ndarray[Any, Any])

MATRIX_BYTES = 36
"""Nine 32-bit integers."""
ONE = 1 << 16
SLACK = 0.02
"""Relative deviation of a matrix from a pure quarter turn: about one degree."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """Quarter turns, then a mirror: together all eight orientations.

    Attributes:
        turns: Quarter turns counter-clockwise, 0 to 3.
        mirrored: Whether left and right are then swapped.
        exact: Whether this is the file's display matrix; if not, the matrix also skews or rotates
            by other angles, and this is the nearest of the eight orientations.
    """

    turns: int = 0
    mirrored: bool = False
    exact: bool = True

    @property
    def is_upright(self) -> bool:
        """Whether frames are displayed as stored."""
        return not self.turns and not self.mirrored

    @property
    def swaps_sides(self) -> bool:
        """Whether width and height are swapped."""
        return self.turns % 2 == 1

    def applied(self, pixels: Array) -> Array:
        """Return a view of stored pixels, [rows, columns, ...], as displayed."""
        turned: Any = np.rot90(pixels, self.turns) if self.turns else pixels
        return cast("Array", turned[:, ::-1] if self.mirrored else turned)


def orientation_of(frame: VideoFrame) -> Orientation:
    """Return the orientation from a decoded frame's display matrix."""
    from av.sidedata.sidedata import SideDataContainer

    # frame.side_data would keep the frame alive in a reference cycle.
    container: Any = SideDataContainer
    data = container(frame).get("DISPLAYMATRIX")
    raw = b"" if data is None else bytes(data)
    if len(raw) != MATRIX_BYTES:
        return Orientation()
    a, b, _, c, d, *_ = struct.unpack("=9i", raw)
    return from_matrix(a, b, c, d)


def from_matrix(a: int, b: int, c: int, d: int) -> Orientation:
    """Return the orientation of a display matrix: (x, y) maps to (a x + c y, b x + d y), y down.

    >>> from_matrix(-ONE, 0, 0, ONE)
    Orientation(turns=0, mirrored=True, exact=True)
    >>> from_matrix(0, ONE, -ONE, 0)  # a phone in portrait: a quarter turn clockwise
    Orientation(turns=3, mirrored=False, exact=True)
    """
    across, along = abs(a) + abs(d), abs(b) + abs(c)
    if across == along == 0:
        return Orientation()
    exact = min(across, along) <= SLACK * max(across, along)
    mirrored = a * d - b * c < 0
    if across >= along:
        # If mirrored, the sign of d decides: upside down is two turns and a mirror.
        turned = a > d if mirrored else a + d < 0
        return Orientation(2 if turned else 0, mirrored, exact)
    clockwise = b + c > 0 if mirrored else b > c
    return Orientation(3 if clockwise else 1, mirrored, exact)
