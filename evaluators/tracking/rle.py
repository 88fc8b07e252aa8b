"""COCO's run-length masks: checked, decoded, and measured without decoding.

COCO's runs go down the columns, so packed masks are transposed here: a row of words is a column of
pixels. J and F are the same for a mask and its transpose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluators.tracking import bits as packed
from evaluators.tracking.metrics.boundary import TOLERANCE
from evaluators.tracking.metrics.j_and_f import JAndF, measure_packed
from evaluators.tracking.metrics.masks import stretch_length
from jumpscore.errors import DataError, nearest_names

Rle = Mapping[str, Any]
"""``{"size": [height, width], "counts": str | bytes | list[int]}``."""

_MOST_CHARACTERS = 7
"""Characters of one run, five bits each: enough for masks of 2**31 pixels."""


def decode_masks(
    rles: Sequence[Rle | None], *, height: int, width: int, name: str = "mask"
) -> NDArray[np.uint8]:
    """Decode one mask per frame; ``None`` is an empty mask.

    Args:
        rles: One per frame.
        height: Height of the video in pixels.
        width: Width of the video in pixels.
        name: Name of the masks in errors.

    Returns:
        uint8 [T, H, W] of 0 and 1; columns are contiguous in memory, as COCO stores them.

    Raises:
        DataError: A mask has another size than the video, or its runs do not add up to it.

    >>> rle = {"size": [2, 3], "counts": [1, 4, 1]}
    >>> decode_masks([rle, None], height=2, width=3).tolist()
    [[[0, 1, 1], [1, 1, 0]], [[0, 0, 0], [0, 0, 0]]]
    """
    columns = np.zeros((len(rles), width, height), dtype=np.uint8)
    for frame, rle in enumerate(rles):
        if rle is not None:
            bits = _pack(rle, height, width, f"{name}, frame {frame}")
            columns[frame] = packed.unpack(bits, height)
    return columns.swapaxes(1, 2)


def j_and_f_of_rles(
    truth: Sequence[Rle | None],
    prediction: Sequence[Rle | None],
    *,
    height: int,
    width: int,
    tolerance: float = TOLERANCE,
) -> JAndF:
    """Return J and F per frame; the same as for decoded masks, but faster.

    Args:
        truth: One per frame, ``None`` for an empty mask.
        prediction: The same number.
        height: Height of the video in pixels.
        width: Width of the video in pixels.
        tolerance: See ``boundary_f``.

    Raises:
        DataError: A mask does not fit the video, or the numbers of frames differ.
        ValueError: There are no frames, or the tolerance is invalid.

    >>> rle = {"size": [2, 3], "counts": [1, 4, 1]}
    >>> j_and_f_of_rles([rle, None], [rle, rle], height=2, width=3).j.tolist()
    [1.0, 0.0]
    """
    if len(truth) != len(prediction):
        raise DataError(f"got masks of {len(truth)} true and {len(prediction)} predicted frames")
    if not truth:
        raise ValueError("no frames: J and F are undefined")
    pairs = _pairs(truth, prediction, height, width)
    # Transposed: the frame's width is the number of rows.
    return measure_packed(pairs, height=width, width=height, tolerance=tolerance)


def decode_union(
    masks: Mapping[str, Sequence[Rle | None]],
    mask_ids: Sequence[str],
    *,
    frames: int,
    height: int,
    width: int,
) -> NDArray[np.uint8]:
    """Decode the union of some objects of a video.

    Args:
        masks: Object id -> one mask or ``None`` per frame.
        mask_ids: The objects of the query.
        frames: Number of frames of the video.
        height: Height of the video in pixels.
        width: Width of the video in pixels.

    Returns:
        uint8 [T, H, W]; all empty without ids.

    Raises:
        DataError: An object has no masks or not one per frame, or a mask does not fit.

    >>> left, right = ({"size": [1, 2], "counts": counts} for counts in ([0, 1, 1], [1, 1]))
    >>> masks = {"a": [left], "b": [right]}
    >>> decode_union(masks, ["a", "b"], frames=1, height=1, width=2).tolist()
    [[[1, 1]]]
    """
    union = np.zeros((frames, width, height), dtype=np.uint8).swapaxes(1, 2)
    for mask_id in mask_ids:
        rles = masks.get(mask_id)
        if rles is None:
            raise DataError(f"no masks of object {mask_id!r}{nearest_names(mask_id, masks)}")
        if len(rles) != frames:
            raise DataError(
                f"object {mask_id!r} has masks of {len(rles)} frames and the video {frames}; give "
                "one per frame"
            )
        union |= decode_masks(rles, height=height, width=width, name=f"object {mask_id!r}")
    return union


def encode_mask(mask: NDArray[Any]) -> dict[str, Any]:
    """Return a mask [H, W] as JSON values: ``size`` and ``counts`` as text.

    >>> encode_mask(np.array([[0, 1, 1], [1, 1, 0]]))
    {'size': [2, 3], 'counts': '141'}
    """
    from pycocotools import mask as coco

    rle = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": [int(side) for side in rle["size"]], "counts": rle["counts"].decode("ascii")}


class PixelMask:
    """A run-length mask that reads single pixels without decoding the whole.

    It is checked when it is first used.

    Args:
        rle: The mask.
        height: Height of the video in pixels.
        width: Width of the video in pixels.
        name: Name of the mask in errors.

    Raises:
        DataError: The mask does not fit the video, or is damaged.

    >>> mask = PixelMask({"size": [2, 3], "counts": [1, 4, 1]}, height=2, width=3)
    >>> mask[0, 0], mask[1, 1]
    (False, True)
    """

    def __init__(self, rle: Rle, *, height: int, width: int, name: str = "mask") -> None:
        self._rle, self._size, self._name = rle, (height, width), name

    @cached_property
    def _changes(self) -> NDArray[np.int64]:
        return np.cumsum(_checked_runs(self._rle, *self._size, self._name))

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        assert len(self._changes)
        return self._size

    def __getitem__(self, place: tuple[int, int]) -> bool:
        row, column = place
        before = np.searchsorted(self._changes, column * self._size[0] + row, side="right")
        return bool(before % 2)


def _pairs(
    truth: Sequence[Rle | None], prediction: Sequence[Rle | None], height: int, width: int
) -> Iterator[tuple[packed.Bits, packed.Bits]]:
    length = stretch_length(width, height)
    shape = (width, -(-height // packed.WORD))
    for start in range(0, len(truth), length):
        stop = min(start + length, len(truth))
        pair = np.zeros((2, stop - start, *shape), dtype=np.uint64)
        for side, (name, rles) in enumerate((("truth", truth), ("prediction", prediction))):
            for frame in range(start, stop):
                rle = rles[frame]
                if rle is not None:
                    pair[side, frame - start] = _pack(rle, height, width, f"{name}, frame {frame}")
        yield pair[0], pair[1]


def _pack(rle: Rle, height: int, width: int, name: str) -> packed.Bits:
    """Return a mask as words [width, ceil(height / 64)]."""
    changes = np.cumsum(_checked_runs(rle, height, width, name))
    changes = changes[changes < height * width]
    return packed.pack_changes(changes, height, width)


def _checked_runs(rle: Rle, height: int, width: int, name: str) -> NDArray[np.int64]:
    if not isinstance(rle, Mapping) or not {"size", "counts"} <= set(rle):
        raise DataError(f"{name} is not a run-length mask with 'size' and 'counts'")
    size = rle["size"]
    if not isinstance(size, Sequence) or len(size) != 2:
        raise DataError(f"{name} has size {size!r}; it must be [height, width]")
    if list(size) != [height, width]:
        raise DataError(
            f"{name} is {size[0]} high and {size[1]} wide, the video {height} and {width}"
        )
    runs = _runs(rle["counts"])
    # Checked one by one, because their sum could overflow to the expected value.
    if runs is None or (runs < 0).any() or (runs > height * width).any():
        runs = None
    if runs is None or runs.sum() != height * width:
        raise DataError(
            f"{name} has runs that do not add up to its {height * width} pixels: damaged"
        )
    return runs


def _runs(counts: Any) -> NDArray[np.int64] | None:
    if isinstance(counts, str):
        counts = _plain(counts).encode("ascii", "replace")
    if isinstance(counts, bytes):
        return _run_lengths(counts)
    if not isinstance(counts, Sequence) or not all(type(run) is int for run in counts):
        return None
    return np.array([min(max(run, -1), 1 << 40) for run in counts], dtype=np.int64)


def _plain(counts: str) -> str:
    """Return COCO's text, also from the text of a bytes object, ``str(rle["counts"])``.

    COCO's text never contains a quote, and only its backslashes are escaped by Python.

    >>> _plain("b'141'"), _plain("141")
    ('141', '141')
    """
    if len(counts) > 2 and counts[0] == "b" and counts[1] in "'\"" and counts[-1] == counts[1]:
        return counts[2:-1].replace("\\\\", "\\")
    return counts


def _run_lengths(text: bytes) -> NDArray[np.int64] | None:
    """Return the runs that COCO's text encodes, or ``None`` if it is invalid.

    Each run is written in groups of five bits, the lowest first; the sixth bit marks that another
    group follows. From the fourth run on, it is the difference to the run two before it.

    >>> _run_lengths(b"141").tolist()
    [1, 4, 1]
    """
    digits = np.frombuffer(text, dtype=np.uint8).astype(np.int64) - ord("0")
    if not digits.size or (digits < 0).any() or (digits > 63).any() or digits[-1] & 32:
        return None
    ends = np.nonzero((digits & 32) == 0)[0]
    starts = np.concatenate(([0], ends[:-1] + 1))
    if (ends - starts).max() >= _MOST_CHARACTERS:
        return None
    places = 5 * (np.arange(digits.size) - np.repeat(starts, ends - starts + 1))
    values = np.add.reduceat((digits & 31) << places, starts)
    # The last group's highest bit is the sign.
    values -= np.where(digits[ends] & 16, np.int64(1) << (places[ends] + 5), 0)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values
