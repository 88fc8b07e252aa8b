"""Unpack zip and tar archives from strangers: names stay in the folder, and sizes are limited."""

from __future__ import annotations

import lzma
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from jumpscore.errors import DataError

LARGEST_MEMBER = 8 << 30
"""Size limit of one unpacked file in bytes, against zip bombs."""
LARGEST_ARCHIVE = 4 << 40
"""Size limit of all files of one archive in bytes, if the disk has that much space."""
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
DAMAGED = (zlib.error, lzma.LZMAError, EOFError)
"""Exceptions of the decompressors, apart from ``OSError``."""


def unpack_all(source: Path, out: Path) -> list[Path]:
    """Unpack every archive below ``source`` into ``out`` and return the files in order.

    Raises:
        DataError: An archive is damaged, a name in it leaves the folder, or its files do not fit
            on the disk.
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
            with zipfile.ZipFile(archive) as zipped:
                for member, name in zip_members(zipped, archive):
                    target = out / name
                    space.take(member.filename, member.file_size)
                    with zipped.open(member) as stream:
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
    """Turn every failure to unpack an archive into an error with its fix.

    Raises:
        DataError: The archive is damaged, encrypted, or compressed by a method that Python lacks.
    """
    try:
        yield
    except NotImplementedError as error:
        raise DataError(
            f"{archive}: uses a compression method that Python cannot read ({error}), such as "
            "Deflate64, which Windows uses for large files; unpack it into its folder with another "
            "program, such as 7-Zip, and delete the archive"
        ) from error
    except RuntimeError as error:  # zipfile raises it if a password is needed
        raise DataError(
            f"{archive}: cannot be unpacked ({error}); unpack it into its folder yourself and "
            "delete the archive"
        ) from error
    except (zipfile.BadZipFile, tarfile.TarError, *DAMAGED, OSError) as error:
        raise DataError(
            f"{archive}: cannot be unpacked ({error}); delete it and download it again"
        ) from error


def zip_members(
    zipped: zipfile.ZipFile, archive: Path
) -> Iterator[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """Yield the files of a zip archive with their paths, without folders and links.

    Raises:
        DataError: A name leaves the folder.
    """
    for member in zipped.infolist():
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
        raise DataError(
            f"{archive}: contains the name {name[:200]!r}, which leaves the folder; names must be "
            "relative and without '..'. Do not use an archive that you do not trust"
        )
    is_folder = not path.parts or name.endswith(("/", "\\"))
    return None if is_folder else path


class Space:
    """Space left for an archive: what the disk had free when unpacking began.

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
            DataError: The member is too large, or all members together do not fit.
        """
        if size > LARGEST_MEMBER:
            raise DataError(
                f"{self.archive}: {name[:200]!r} would unpack to {size:,} bytes; at most "
                f"{LARGEST_MEMBER:,} are allowed. Check where the archive comes from"
            )
        self.taken += size
        if self.taken > self.free:
            raise DataError(
                f"{self.archive}: would unpack to more than {self.free:,} bytes, the free space "
                f"(at most {LARGEST_ARCHIVE:,}); free some space, or unpack it on another disk"
            )


def _write(stream: Any, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as sink:
        shutil.copyfileobj(stream, sink, 1 << 20)
