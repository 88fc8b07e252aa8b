"""How a stored picture is turned and mirrored for display: eight ways, one rule for all pixels."""

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
"""Share of a matrix's size by which it may differ from a pure turn: about one degree."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """Quarter turns, then a mirror: together all eight orientations.

    Attributes:
        turns: Quarter turns counter-clockwise, 0 to 3.
        mirrored: Whether left and right are then swapped.
        exact: Whether the file asks for exactly this; otherwise its matrix also skews or turns by
            other angles, and this is the nearest of the eight.
    """

    turns: int = 0
    mirrored: bool = False
    exact: bool = True

    @property
    def is_upright(self) -> bool:
        """Whether the stored picture is the displayed one."""
        return not self.turns and not self.mirrored

    @property
    def swaps_sides(self) -> bool:
        """Whether width and height change places."""
        return self.turns % 2 == 1

    def applied(self, pixels: Array) -> Array:
        """Return a view of [rows, columns, ...] as displayed."""
        turned: Any = np.rot90(pixels, self.turns) if self.turns else pixels
        return cast("Array", turned[:, ::-1] if self.mirrored else turned)


def orientation_of(frame: VideoFrame) -> Orientation:
    """Return the orientation that a decoded frame's display matrix asks for."""
    from av.sidedata.sidedata import SideDataContainer

    # Not frame.side_data, which would keep the frame alive in a reference cycle.
    container: Any = SideDataContainer
    data = container(frame).get("DISPLAYMATRIX")
    raw = b"" if data is None else bytes(data)
    if len(raw) != MATRIX_BYTES:
        return Orientation()
    a, b, _, c, d, *_ = struct.unpack("=9i", raw)
    return from_matrix(a, b, c, d)


def from_matrix(a: int, b: int, c: int, d: int) -> Orientation:
    """Return the orientation of a display matrix: (x, y) goes to (a x + c y, b x + d y), y down.

    >>> from_matrix(-ONE, 0, 0, ONE)
    Orientation(turns=0, mirrored=True, exact=True)
    >>> from_matrix(0, ONE, -ONE, 0)  # the phone was held upright: a quarter turn clockwise
    Orientation(turns=3, mirrored=False, exact=True)
    """
    across, along = abs(a) + abs(d), abs(b) + abs(c)
    if across == along == 0:
        return Orientation()
    exact = min(across, along) <= SLACK * max(across, along)
    mirrored = a * d - b * c < 0
    if across >= along:
        # Mirrored, the sign of d decides: upside down is two turns and a mirror.
        turned = a > d if mirrored else a + d < 0
        return Orientation(2 if turned else 0, mirrored, exact)
    clockwise = b + c > 0 if mirrored else b > c
    return Orientation(3 if clockwise else 1, mirrored, exact)
