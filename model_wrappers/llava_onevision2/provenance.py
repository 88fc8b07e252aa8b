"""What a checkpoint folder is: a digest of its weights, and whose code lies in it."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO

HASHED = (".json", ".safetensors", ".jinja", ".txt", ".bin", ".pt")
DIGEST_BYTES, TENSOR_BYTES, MOST_HEADER = 1 << 20, 1 << 10, 1 << 27


def holds_only_our_code(folder: Path) -> bool:
    """Whether every module in a checkpoint folder is one that this package writes, to the byte."""
    own = files("model_wrappers.llava_onevision2").joinpath("checkpoint_files")
    known = {entry.name: entry.read_bytes() for entry in own.iterdir() if entry.is_file()}
    modules = [path for path in folder.rglob("*.py") if path.is_file()]
    ours = all(
        path.parent == folder and known.get(path.name) == path.read_bytes() for path in modules
    )
    # "owner/name--module.Class" in an auto_map is code that would be fetched from elsewhere.
    local = all("--" not in named for path in folder.glob("*.json") for named in _auto_map(path))
    return bool(modules) and ours and local


def _auto_map(path: Path) -> list[str]:
    """Return the classes that a JSON file of a checkpoint names; all of it where it is odd."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if "auto_map" not in text:
        return []
    try:
        named = json.loads(text)["auto_map"]
        return [str(value) for value in named.values()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [text]


def digest(folder: Path) -> str:
    """Return a digest of a checkpoint's weights and settings, 16 hex digits.

    Of a weight file its size and header are read and the first KiB of every tensor, which any
    training changes; of other weights their first and last MiB. All of 16 GB would take longer than
    many a run.
    """
    found = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix not in HASHED:
            continue
        with path.open("rb") as file:
            size = path.stat().st_size
            found.update(f"{path.name}\0{size}\0".encode())
            for start, count in _sampled(file, path.suffix, size):
                file.seek(start)
                found.update(file.read(count))
    return found.hexdigest()[:16]


def _sampled(file: BinaryIO, suffix: str, size: int) -> list[tuple[int, int]]:
    """Return (start, bytes) of what is read of a file for its digest."""
    ends = [(0, DIGEST_BYTES), (max(0, size - DIGEST_BYTES), DIGEST_BYTES)]
    if suffix != ".safetensors":
        return ends if size > 2 * DIGEST_BYTES else [(0, size)]
    # The format: 8 bytes with the header's length, the header as JSON, the tensors.
    length = int.from_bytes(file.read(8), "little")
    try:
        header = json.loads(file.read(min(length, MOST_HEADER)))
        starts = [8 + length + entry["data_offsets"][0] for entry in header.values()
                  if "data_offsets" in entry]  # fmt: skip
        return [(0, 8 + length), *((int(start), TENSOR_BYTES) for start in sorted(starts))]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return ends  # damaged, which loading will say
