"""3D rotary positions of the vision tower, exactly as the released weights need them.

Half a head is divided among time, rows and columns as 4 : 6 : 6. Angles are laid out as
``cat(angles, angles)``, as if channel i were rotated with channel i + half, but the rotation pairs
neighbours, (0, 1), (2, 3), ... The two channels of a pair therefore use different angles, and
scores depend on absolute positions, not only on differences. The weights were trained like this.
"""

from __future__ import annotations

import torch
from torch import Tensor

from model_wrappers.llava_onevision2.configuration import ROTARY_UNITS

AXIS_UNITS = (4, 6, 6)
"""Units of time, row and column among ``ROTARY_UNITS``."""


def inverse_frequencies(head_size: int, theta: float) -> tuple[Tensor, ...]:
    """Return the frequencies of time, rows and columns: ``theta ** (-k / size)``, float32.

    Each axis counts k from 0 up to its own size: 4, 6 and 6 units of ``head_size / 32`` channels.

    Args:
        head_size: Width of a head, a multiple of 32.
        theta: Base of the frequencies.
    """
    unit = head_size // (2 * ROTARY_UNITS)
    sizes = (unit * units for units in AXIS_UNITS)
    return tuple(theta ** (-torch.arange(size, dtype=torch.float32) / size) for size in sizes)


def rotary_tables(positions: Tensor, frequencies: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """Return the factors of each channel and of its neighbour, both float32 [..., head_size].

    The second table is the sine with the sign of the pairing (x0, x1) -> (-x1, x0) built in, so
    that ``rotate`` is ``x * cosine + neighbour(x) * sine``.

    Args:
        positions: int [..., 3]: (time, row, column).
        frequencies: One tensor per axis, from ``inverse_frequencies``.
    """
    at = positions.to(torch.float32)
    angles = torch.cat(
        [at[..., axis, None] * scale for axis, scale in enumerate(frequencies)],
        dim=-1,
    )
    angles = torch.cat([angles, angles], dim=-1)
    sine = angles.sin()
    sine[..., 0::2].neg_()
    return angles.cos(), sine


def rotate(heads: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Apply positions to queries or keys, computed in float32 and returned in their dtype.

    Args:
        heads: [..., tokens, heads, head_size].
        cosine: First table of ``rotary_tables``, [..., tokens, head_size].
        sine: Second table.
    """
    wide = heads.to(torch.float32)
    neighbour = wide.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
    turned = wide * cosine.unsqueeze(-2)
    return turned.addcmul_(neighbour, sine.unsqueeze(-2)).to(heads.dtype)
