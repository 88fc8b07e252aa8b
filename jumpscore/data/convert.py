"""What converters of published sets share: tables, embedded pictures, archives.

Everything here comes from strangers: names may not leave a folder, sizes are bounded, a picture is
decoded before it is believed.
"""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from jumpscore.errors import DataError
from jumpscore.jsonio import parse_json

LARGEST_MEMBER = 8 << 30
"""Bytes that one unpacked file may have; a bomb stops here."""
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "GIF": ".gif"}


def read_table(source: Path, *, split: str | None, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return the published rows of a split, each with all columns of its file.

    Parquet files are those whose name begins with the split's, as the hub writes them
    (``test-00000-of-00001.parquet``), or that lie in a folder of its name; without parquet, JSON
    lines and JSON lists of such names.

    Args:
        source: Folder with the published files.
        split: Name of the split; ``None`` for every file.
        columns: That every row must have.

    Raises:
        DataError: There is no such file, it is damaged, or lacks a column.
    """
    for ending in ("parquet", "jsonl", "json"):
        files = [
            file for file in sorted(source.rglob(f"*.{ending}")) if _of_split(source, file, split)
        ]
        if not files:
            continue
        read = _parquet_rows if ending == "parquet" else _json_rows
        rows = [row for file in files for row in read(file)]
        for number, row in enumerate(rows, start=1):
            lacking = [column for column in columns if column not in row]
            if lacking:
                raise DataError(
                    f"{source}, split {split}, row {number}: lacks {', '.join(lacking)}; it has "
                    f"{', '.join(map(str, row))[:200]}. The published files may have changed; "
                    "fetch an earlier --revision"
                )
        return rows
    raise DataError(f"{source}: holds no parquet, JSONL or JSON of split {split!r}")


def _of_split(source: Path, file: Path, split: str | None) -> bool:
    relative = file.relative_to(source)
    if any(part.startswith(".") for part in relative.parts):
        return False  # the hub client keeps its own files there
    if split is None:
        return True
    named = re.fullmatch(rf"{re.escape(split)}(-\d+-of-\d+)?", file.stem)
    return named is not None or split in relative.parts[:-1]


def _parquet_rows(file: Path) -> list[dict[str, Any]]:
    import pyarrow
    import pyarrow.parquet

    try:
        rows: list[dict[str, Any]] = pyarrow.parquet.read_table(file).to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read as parquet ({error})") from error
    return rows


def _json_rows(file: Path) -> Iterator[dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        lines = text.splitlines() if file.suffix == ".jsonl" else [text]
        found = [parse_json(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read as JSON ({error})") from error
    rows = found if file.suffix == ".jsonl" else found[0]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{file}: is no list of objects")
    yield from rows


def write_picture(value: Any, target: Path) -> Path:
    """Write a picture that a published table embeds, as it came, and return its file.

    Args:
        value: The hub's ``{"bytes": ..., "path": ...}``, or the bytes.
        target: Where to; the suffix of the picture's format is added.

    Raises:
        DataError: It is no picture.
    """
    import io

    from PIL import Image

    content = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(content, bytes):
        raise DataError(f"{target.name}: the published row embeds no picture but {value!r:.60}")
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            suffix = SUFFIXES.get(picture.format or "")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{target.name}: the published picture is damaged ({error})") from error
    if suffix is None:
        raise DataError(
            f"{target.name}: is a {picture.format} picture; {sorted(SUFFIXES)} are read"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    file = target.with_name(target.name + suffix)
    file.write_bytes(content)
    return file


def unpack_all(source: Path, out: Path) -> list[Path]:
    """Unpack every archive below ``source`` into ``out``, and return the files, in order.

    Raises:
        DataError: An archive is damaged, or a name in it leaves the folder.
    """
    found: list[Path] = []
    for archive in sorted(source.rglob("*")):
        if archive.is_file() and archive.name.lower().endswith(ARCHIVES):
            found += _unpack(archive, out)
    return found


def _unpack(archive: Path, out: Path) -> list[Path]:
    found = []
    try:
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as packed:
                for member in packed.infolist():
                    if not member.is_dir():
                        target = inside(archive, out, member.filename, member.file_size)
                        with packed.open(member) as stream:
                            _write(stream, target)
                        found.append(target)
        else:
            with tarfile.open(archive) as tar:
                for entry in tar:
                    if entry.isfile():
                        target = inside(archive, out, entry.name, entry.size)
                        content = tar.extractfile(entry)
                        assert content is not None  # it is a file
                        _write(content, target)
                        found.append(target)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, RuntimeError, OSError) as error:
        raise DataError(
            f"{archive}: cannot be unpacked ({error}); delete it, fetch again"
        ) from error
    return found


def inside(archive: Path, out: Path, name: str, size: int) -> Path:
    """Return where a member of an archive is to be unpacked to.

    Raises:
        DataError: Its name leaves the folder, or it would be larger than any video.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise DataError(f"{archive}: holds {name!r}, which leaves the folder")
    if size > LARGEST_MEMBER:
        raise DataError(f"{archive}: {name!r} would unpack to {size} B")
    return out / path


def _write(stream: Any, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as sink:
        shutil.copyfileobj(stream, sink, 1 << 20)


def place(file: Path, target: Path) -> None:
    """Put a file at another place without a second copy where the file system allows it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)
