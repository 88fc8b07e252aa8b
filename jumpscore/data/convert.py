"""What converters of published sets share: tables, embedded pictures, archives.

Everything here comes from strangers: names may not leave a folder, sizes are bounded, a picture is
decoded before it is believed.
"""

from __future__ import annotations

import lzma
import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from jumpscore.data.tables import read_parquet_table
from jumpscore.errors import DataError
from jumpscore.jsonio import parse_json

LARGEST_MEMBER = 8 << 30
"""Bytes that one unpacked file may have; a bomb stops here."""
LARGEST_ARCHIVE = 4 << 40
"""Bytes that all files of one archive may have together, if the disk has as much."""
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
DAMAGED = (zlib.error, lzma.LZMAError, EOFError)
"""What decompressors raise, apart from ``OSError``."""
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

    try:
        rows: list[dict[str, Any]] = read_parquet_table(file).to_pylist()
    except (pyarrow.ArrowException, ValueError) as error:
        raise DataError(f"{file}: cannot be read as parquet ({error})") from error
    return rows


def _json_rows(file: Path) -> Iterator[dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        lines = text.splitlines() if file.suffix == ".jsonl" else [text]
        found = [parse_json(line, unique_keys=True) for line in lines if line.strip()]
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
        DataError: An archive is damaged, a name in it leaves the folder, or it unpacks to more than
            the disk can hold.
    """
    files: list[Path] = []
    for archive in sorted(source.rglob("*")):
        if archive.is_file() and archive.name.lower().endswith(ARCHIVES):
            files += _unpack(archive, out)
    return files


def _unpack(archive: Path, out: Path) -> list[Path]:
    files = []
    out.mkdir(parents=True, exist_ok=True)
    space = Space(archive, out)
    with unpacking(archive):
        if archive.name.lower().endswith(".zip"):
            with zipfile.ZipFile(archive) as packed:
                for member, name in zip_members(packed, archive):
                    target = out / name
                    space.take(member.filename, member.file_size)
                    with packed.open(member) as stream:
                        _write(stream, target)
                    files.append(target)
        else:
            with tarfile.open(archive) as tar:
                for entry in tar:
                    path = inside(archive, entry.name) if entry.isfile() else None
                    if path is None:
                        continue
                    space.take(entry.name, entry.size)
                    content = tar.extractfile(entry)
                    assert content is not None  # it is a file
                    _write(content, out / path)
                    files.append(out / path)
    return files


@contextmanager
def unpacking(archive: Path) -> Iterator[None]:
    """Turn what goes wrong while an archive is unpacked into one error that says what to do.

    Raises:
        DataError: It is damaged, encrypted, or compressed by a method that Python lacks.
    """
    try:
        yield
    except NotImplementedError as error:
        raise DataError(
            f"{archive}: uses a compression method that Python cannot read ({error}); Windows "
            "writes Deflate64 for large files. Unpack it into its folder with another program, "
            "such as 7-Zip, and remove the archive"
        ) from error
    except RuntimeError as error:  # zipfile's, if a password is needed
        raise DataError(f"{archive}: cannot be unpacked ({error})") from error
    except (zipfile.BadZipFile, tarfile.TarError, *DAMAGED, OSError) as error:
        raise DataError(
            f"{archive}: cannot be unpacked ({error}); delete it, fetch again"
        ) from error


def zip_members(
    packed: zipfile.ZipFile, archive: Path
) -> Iterator[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """Yield the files of a zip archive with their paths; folders and links are left out.

    Raises:
        DataError: A name leaves the folder.
    """
    for member in packed.infolist():
        is_link = stat.S_ISLNK(member.external_attr >> 16)
        path = None if member.is_dir() or is_link else inside(archive, member.filename)
        if path is not None:
            yield member, path


def inside(archive: Path, name: str) -> PurePosixPath | None:
    """Return the relative path of a member of an archive; ``None`` for a folder.

    Programs for Windows write backslashes between the parts of a path.

    Raises:
        DataError: The name leaves the folder, or begins with a drive letter.

    >>> inside(Path("a.zip"), "videos\\\\clip.mp4")
    PurePosixPath('videos/clip.mp4')
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", path.as_posix()):
        raise DataError(f"{archive}: contains the name {name[:200]!r}, which leaves the folder")
    is_folder = not path.parts or name.endswith(("/", "\\"))
    return None if is_folder else path


class Space:
    """What an archive may unpack to: no more than the disk has free when unpacking begins.

    Args:
        archive: The archive, for messages.
        out: Folder that it is unpacked to.
    """

    def __init__(self, archive: Path, out: Path) -> None:
        self.archive = archive
        self.free = min(shutil.disk_usage(out).free, LARGEST_ARCHIVE)
        self.taken = 0

    def take(self, name: str, size: int) -> None:
        """Count a member before it is written.

        Raises:
            DataError: It is larger than any video, or all members together exceed the bound.
        """
        if size > LARGEST_MEMBER:
            raise DataError(
                f"{self.archive}: {name[:200]!r} would unpack to {size:,} bytes, at most "
                f"{LARGEST_MEMBER:,} are unpacked"
            )
        self.taken += size
        if self.taken > self.free:
            raise DataError(
                f"{self.archive}: would unpack to more than {self.free:,} bytes, the space that is "
                f"left (up to {LARGEST_ARCHIVE:,}); free some, or unpack it elsewhere"
            )


def _write(stream: Any, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as sink:
        shutil.copyfileobj(stream, sink, 1 << 20)


def place(file: Path, target: Path) -> None:
    """Put a file at another place without a second copy where the file system allows it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    file = file.resolve()  # a hard link to a symbolic link would be that link at another place
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)
