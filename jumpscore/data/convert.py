"""Helpers for converters of published data sets: their tables and the pictures in them.

All input comes from strangers, so every picture is decoded before it is used.
"""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jumpscore.data.tables import read_parquet_rows
from jumpscore.errors import DataError, UsageError
from jumpscore.jsonio import parse_json, replacing_folder

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "GIF": ".gif"}


def read_table(source: Path, *, split: str | None, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return the published rows of a split, each with all columns of its file.

    A file belongs to a split if its name begins with the split's name, as on the Hugging Face hub
    (``test-00000-of-00001.parquet``), or if it lies in a folder of that name. Parquet is preferred,
    then JSON lines, then JSON lists.

    Args:
        source: Folder with the published files.
        split: Name of the split; ``None`` for every file.
        columns: Columns that every row must have.

    Raises:
        DataError: No such file exists, or one is damaged or lacks a column.
    """
    for ending in ("parquet", "jsonl", "json"):
        files = [
            file for file in sorted(source.rglob(f"*.{ending}")) if _of_split(source, file, split)
        ]
        if not files:
            continue
        read = read_parquet_rows if ending == "parquet" else _json_rows
        rows = [row for file in files for row in read(file)]
        for number, row in enumerate(rows, start=1):
            missing = [column for column in columns if column not in row]
            if missing:
                raise DataError(
                    f"{source}, split {split}, row {number}: lacks {', '.join(missing)}; it has "
                    f"{', '.join(map(str, row))[:200]}. The published files may have changed; "
                    "fetch an earlier --revision"
                )
        return rows
    raise DataError(
        f"{source}: contains no parquet, JSONL or JSON file of split {split!r}; check that all "
        "published files were downloaded"
    )


def _of_split(source: Path, file: Path, split: str | None) -> bool:
    relative = file.relative_to(source)
    if any(part.startswith(".") for part in relative.parts):
        return False  # files of the hub's client
    if split is None:
        return True
    named = re.fullmatch(rf"{re.escape(split)}(-\d+-of-\d+)?", file.stem)
    return named is not None or split in relative.parts[:-1]


def _json_rows(file: Path) -> Iterator[dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        lines = text.split("\n") if file.suffix == ".jsonl" else [text]
        values = [parse_json(line, unique_keys=True) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read as JSON ({error}); download it again") from error
    rows = values if file.suffix == ".jsonl" else next(iter(values), None)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{file}: is not a list of JSON objects; download it again")
    yield from rows


def write_picture(value: Any, target: Path) -> Path:
    """Write a picture from a published table, byte for byte, and return its file.

    Args:
        value: The hub's ``{"bytes": ..., "path": ...}``, or the bytes.
        target: File to write, without a suffix; the picture's format decides it.

    Raises:
        DataError: The value is not a picture in a supported format.
    """
    from PIL import Image

    content = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(content, bytes):
        raise DataError(
            f"{target.name}: the published row must contain the bytes of a picture, got "
            f"{value!r:.60}; fetch an earlier --revision"
        )
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            suffix = SUFFIXES.get(picture.format or "")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(
            f"{target.name}: the published picture is damaged ({error}); download it again"
        ) from error
    if suffix is None:
        raise DataError(
            f"{target.name}: {picture.format} pictures are not supported; supported: "
            f"{', '.join(SUFFIXES)}"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    file = target.with_name(target.name + suffix)
    file.write_bytes(content)
    return file


def place(file: Path, target: Path) -> None:
    """Put a file at another path; it is copied only if the file system cannot link it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    file = file.resolve()  # a hard link to a symbolic link would be that link at another place
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Yield a scratch folder that becomes ``out``, unless an error is raised.

    Raises:
        UsageError: ``out`` is not empty.
        DataError: It cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: exists already and is not empty; choose another --out")
    try:
        with replacing_folder(out) as scratch:
            yield scratch
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error}); choose another --out") from error
