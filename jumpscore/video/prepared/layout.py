"""Read the files of a folder of prepared pictures, without trusting their content.

Sizes are checked before anything is decoded or allocated, and nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jumpscore.errors import DataError
from jumpscore.jsonio import parse_json
from jumpscore.video.prepared.pictures import (
    MOST_PICTURE_BYTES,
    decode_picture,
    read_bytes,
    stated_size,
)
from jumpscore.video.sizes import PLAIN_GRID, TokenGrid

OWN = "jumpscore"
"""Key of ``meta.json`` for the data that only ``write_prepared`` writes."""
FORMAT = 1
"""Version of that data."""
META, POSITIONS, FRAMES, DONE = "meta.json", "src_patch_position.npy", "frame_ids.npy", "_DONE"
SEAL = b"sha256 "
"""Prefix of our ``_DONE`` files, followed by the digest of ``meta.json``."""
PICTURE = re.compile(r"canvas_([0-9]{1,6})\.(jpg|jpeg|png)")
# Header of numpy.save. NumPy's reader evaluates it as Python, so it is parsed here.
NPY_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<>]i[48])', 'fortran_order': False, "
    rb"'shape': \(([0-9]{1,12}), ([0-9]{1,12})\), \} *\n",
    re.DOTALL,
)

KEPT = "-kept"
"""Suffix of cache entries whose pixels no recipe can restore: from a folder or another tool."""
ENTRY = re.compile(rf"[0-9a-f]{{64}}({KEPT})?")
"""Names of cache entries."""

MOST_PICTURES = 4096
MOST_PICTURE_PIXELS = 2**24
MOST_PIXELS = 2**31
"""Limit of pixels of all pictures of a folder: 6 GiB in memory."""
MOST_SIDE = 512
MOST_META_BYTES = 2**24
MOST_FRAMES = 2**31 - 1
AGAIN = "delete the folder and prepare the video again"


@dataclass(frozen=True)
class Layout:
    """A folder whose small files have been checked.

    Attributes:
        folder: The folder.
        pictures: Names of all its pictures, in order.
        width: Width of every picture in pixels, a multiple of the grid's side.
        height: Height of every picture in pixels, a multiple of the grid's side.
        grid: Patches and tokens of the pictures; folders of other tools have the default.
        blocks: int32 [pictures, rows, columns, 3] as in ``VisualInput``, padding included.
        meta: Content of ``meta.json``.
        own: The part of it from ``write_prepared``; ``None`` in folders of other tools.
    """

    folder: Path
    pictures: list[str]
    width: int
    height: int
    grid: TokenGrid
    blocks: npt.NDArray[np.int32]
    meta: dict[str, Any]
    own: dict[str, Any] | None

    @property
    def used(self) -> npt.NDArray[np.bool_]:
        """Whether each picture belongs to the input; in our own folders all do."""
        if self.own is not None:
            return np.ones(len(self.pictures), dtype=bool)
        return np.asarray((self.blocks[..., 0] >= 0).any(axis=(1, 2)))

    def read_used(self) -> Iterator[tuple[Path, bytes]]:
        """Yield the pictures of the input with their bytes; ours are verified.

        Raises:
            DataError: A picture is missing or damaged.
        """
        for name, used in zip(self.pictures, self.used, strict=True):
            if used:
                data = _read_verified(self.folder, name, self.own, most=MOST_PICTURE_BYTES)
                yield self.folder / name, data


def read_layout(folder: Path) -> Layout:
    """Read the small files of a finished folder, and the headers of its pictures.

    Raises:
        DataError: A file is missing, damaged or too large.
    """
    names = _list_pictures(folder)
    meta, own = _read_meta(folder)
    if own is not None:
        _check_files(folder, own, names)
    grid = _read_grid(folder, own)
    width, height = stated_size(folder / names[0], fix=AGAIN)
    if problem := excess(len(names), width, height, grid=grid):
        raise DataError(f"{folder}: contains {problem}; {AGAIN}")
    for name in names[1:]:
        size = stated_size(folder / name, fix=AGAIN)
        if size != (width, height):
            raise DataError(
                f"{folder / name}: has {size[0]}x{size[1]} pixels, but {names[0]} has "
                f"{width}x{height}; all pictures must have the same size; {AGAIN}"
            )
    shape = (len(names), height // grid.patch, width // grid.patch)
    blocks = _merge_patches(folder, _read_positions(folder, own, shape), grid.merge)
    return Layout(folder, names, width, height, grid, blocks, meta, own)


def _list_pictures(folder: Path) -> list[str]:
    """Return the names of the pictures of a finished folder, in order."""
    try:
        files = [file.name for file in folder.iterdir()]
    except (OSError, ValueError) as error:
        raise DataError(
            f"{str(folder)[:200]}: is not a folder of prepared pictures ({error}); check the path"
        ) from error
    if DONE not in files:
        raise DataError(f"{folder}: is unfinished ({DONE} is missing); {AGAIN}")
    numbered = sorted((int(match[1]), name) for name in files if (match := PICTURE.fullmatch(name)))
    if not numbered:
        raise DataError(f"{folder}: contains neither canvas_000.jpg nor canvas_000.png; {AGAIN}")
    for place, (number, name) in enumerate(numbered):
        if number != place:
            what = f"{name} is a duplicate" if number < place else f"canvas_{place:03d} is missing"
            raise DataError(f"{folder}: {what}; canvases must be numbered 0, 1, 2, ...; {AGAIN}")
    return [name for _, name in numbered]


def _read_meta(folder: Path) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the content of ``meta.json``, and the part of it from ``write_prepared``."""
    file = folder / META
    data = read_bytes(file, most=MOST_META_BYTES, fix=AGAIN)
    done = read_bytes(folder / DONE, most=MOST_META_BYTES, fix=AGAIN)
    try:
        meta = parse_json(data)
    except ValueError as error:
        raise DataError(f"{file}: is not valid JSON ({error}); {AGAIN}") from error
    if not isinstance(meta, dict):
        raise DataError(f"{file}: is not a JSON object; {AGAIN}")
    own = meta.get(OWN)
    if own is None and not done.startswith(SEAL):
        return meta, None
    if done != SEAL + sha256(data).encode():
        raise DataError(f"{file}: does not match the digest in {DONE}; {AGAIN}")
    if not isinstance(own, dict) or own.get("format") != FORMAT:
        version = own.get("format") if isinstance(own, dict) else own
        raise DataError(
            f"{file}: {OWN!r} has format {version!r:.40}, but this version reads only {FORMAT}; "
            f"{AGAIN}"
        )
    if not isinstance(own.get("input"), dict) or not isinstance(own.get("files"), dict):
        raise DataError(f"{file}: {OWN!r} must contain the objects 'input' and 'files'; {AGAIN}")
    return meta, own


def _read_grid(folder: Path, own: dict[str, Any] | None) -> TokenGrid:
    """Return the grid that a folder states; none is the default, as in earlier versions."""
    stated = None if own is None else own["input"].get("token_grid")
    if stated is None:
        return PLAIN_GRID
    whole = isinstance(stated, list) and [type(value) for value in stated] == [int, int]
    if not (whole and 1 <= stated[1] <= stated[0] <= MOST_SIDE and stated[0] % stated[1] == 0):
        raise DataError(
            f"{folder / META}: token_grid is {stated!r:.60}; it must be [side, merge], a multiple "
            f"of merge up to {MOST_SIDE} pixels; {AGAIN}"
        )
    return TokenGrid(*stated)


def _check_files(folder: Path, own: dict[str, Any], names: list[str]) -> None:
    """Compare the files with the list of written files; pictures only by size."""
    listed = own["files"]
    expected = {*names, POSITIONS, FRAMES}
    if listed.keys() != expected:
        odd = sorted(listed.keys() ^ expected)[0]
        raise DataError(f"{folder}: {odd[:40]!r} is missing or was added; {AGAIN}")
    for name, facts in listed.items():
        if not isinstance(facts, dict) or not facts.keys() >= {"sha256", "bytes"}:
            raise DataError(f"{folder / META}: {name} must have 'sha256' and 'bytes'; {AGAIN}")
        try:
            size = (folder / name).stat().st_size
        except OSError as error:
            raise DataError(
                f"{folder / name}: cannot be read ({error.strerror}); {AGAIN}"
            ) from error
        if size != facts["bytes"]:
            raise DataError(
                f"{folder / name}: has {size} bytes instead of {facts['bytes']!r:.40} as in "
                f"{META}; {AGAIN}"
            )
    _read_verified(folder, FRAMES, own, most=MOST_META_BYTES)


def _read_verified(folder: Path, name: str, own: dict[str, Any] | None, *, most: int) -> bytes:
    data = read_bytes(folder / name, most=most, fix=AGAIN)
    if own is not None and own["files"][name]["sha256"] != sha256(data):
        raise DataError(f"{folder / name}: is damaged (its SHA-256 differs from {META}); {AGAIN}")
    return data


def _read_positions(
    folder: Path, own: dict[str, Any] | None, grid: tuple[int, int, int]
) -> npt.NDArray[np.int64]:
    """Return the source of every patch, [canvases, patch rows, patch columns, 3]."""
    expected = math.prod(grid)
    data = _read_verified(folder, POSITIONS, own, most=expected * 24 + 4096)
    header = NPY_HEADER.match(data)
    if header is None:
        raise DataError(
            f"{folder / POSITIONS}: is not a two-dimensional int32 array written by numpy.save; "
            f"{AGAIN}"
        )
    dtype, shape = np.dtype(header[1].decode()), (int(header[2]), int(header[3]))
    if shape != (expected, 3) or len(data) != header.end() + expected * 3 * dtype.itemsize:
        raise DataError(
            f"{folder / POSITIONS}: states {shape[0]}x{shape[1]} numbers in {len(data)} bytes, "
            f"but the pictures have {expected} patches with 3 numbers each; {AGAIN}"
        )
    flat = np.frombuffer(data, dtype, offset=header.end())
    return flat.astype(np.int64).reshape(*grid, 3)


def _merge_patches(
    folder: Path, positions: npt.NDArray[np.int64], merge: int
) -> npt.NDArray[np.int32]:
    """Return the source of every block, as in ``VisualInput.blocks``."""
    n, rows, columns, _ = positions.shape
    tall = positions.reshape(n, rows // merge, merge, columns // merge, merge, 3)
    patches = tall.transpose(0, 1, 3, 2, 4, 5)
    black = (patches[..., 0] < 0).all(axis=(3, 4))
    first = patches[:, :, :, 0, 0]
    inside = np.stack([np.zeros((merge, merge), np.int64), *np.indices((merge, merge))], axis=-1)
    whole = first[:, :, :, None, None] + inside
    sound = (patches == whole).all(axis=(3, 4, 5)) & (first >= 0).all(axis=3)
    sound &= (first < [MOST_FRAMES, rows, columns]).all(axis=3)
    sound &= (first[..., 1:] % merge == 0).all(axis=3)
    if not (sound | black).all():
        canvas, row, column = np.argwhere(~(sound | black))[0].tolist()
        values = patches[canvas, row, column].reshape(-1, 3).tolist()
        raise DataError(
            f"{folder / POSITIONS}: canvas {canvas}, block ({row}, {column}) is {values}; its "
            f"patches must form one aligned block of {merge}x{merge} of one source frame within "
            f"{rows}x{columns}, starting at multiples of {merge}, or be all -1; {AGAIN}"
        )
    blocks = (first // [1, merge, merge]).astype(np.int32)
    blocks[black] = -1
    return blocks


def excess(count: int, width: int, height: int, *, grid: TokenGrid = PLAIN_GRID) -> str | None:
    """Return which limit of a folder is exceeded, or ``None``.

    >>> excess(4, 56, 50)
    'pictures of 56x50 pixels; sides must be multiples of 28'
    """
    if not 1 <= count <= MOST_PICTURES:
        return f"{count} pictures; 1 to {MOST_PICTURES} are allowed"
    side = grid.side
    if min(width, height) < side or width % side or height % side:
        return f"pictures of {width}x{height} pixels; sides must be multiples of {side}"
    if width * height > MOST_PICTURE_PIXELS or count * width * height > MOST_PIXELS:
        return (
            f"{count} pictures of {width}x{height} pixels; at most {MOST_PICTURE_PIXELS} pixels "
            f"each and {MOST_PIXELS} together are allowed"
        )
    return None


def sha256(*parts: bytes) -> str:
    """Return the SHA-256 of the parts as 64 hex digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def read_pictures(folder: Path, *, count: int, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Read the pictures of a folder, without its padding canvases.

    Args:
        folder: The folder.
        count: Expected number of pictures.
        size: Expected (width, height) in pixels.

    Returns:
        uint8 [n, height, width, 3], RGB.

    Raises:
        DataError: The pictures are damaged, or have changed since the input was read.
    """
    layout = read_layout(folder)
    number_used = int(layout.used.sum())
    if number_used != count or (layout.width, layout.height) != size:
        raise DataError(
            f"{folder}: contains {number_used} pictures of {layout.width}x{layout.height} instead "
            f"of {count} of {size[0]}x{size[1]}; it has changed, so read it again"
        )
    pictures = np.empty((count, layout.height, layout.width, 3), dtype=np.uint8)
    for number, (file, data) in enumerate(layout.read_used()):
        pictures[number] = decode_picture(file, data, size=size, fix=AGAIN)
    return pictures


def was_evicted(folder: Path) -> bool:
    """Whether a folder was a cache entry that is gone but can be restored from its recipe."""
    name = folder.name
    is_entry = ENTRY.fullmatch(name) and folder.parent.name == name[:2]
    return bool(is_entry) and not name.endswith(KEPT) and not folder.exists()
