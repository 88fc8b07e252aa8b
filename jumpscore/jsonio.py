"""JSON on disk: read from anybody, written so that no reader ever sees half a file.

Everything is written in ASCII with escapes: line separators and lone surrogates that models emit
cannot break a line or an encoder then, and read back as they were.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import IO, Any

from jumpscore.errors import DataError, UsageError

DISK_ERRORS = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO,
)  # fmt: skip
"""Numbers of errors of a disk that is full, read-only, broken or someone else's."""
_SCRATCH = re.compile(r"\.(?P<file>.+)\.(?P<process>[1-9]\d{0,9})")


def parse_json(text: str | bytes) -> Any:
    """Parse JSON of any origin.

    Raises:
        ValueError: It is no JSON, nests too deep, or holds an integer of absurd length.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def read_object(file: Path, *, fix: str) -> dict[str, Any]:
    """Return the JSON object that a file holds.

    Raises:
        DataError: It cannot be read or is something else; the message ends with ``fix``.
    """
    try:
        content = parse_json(file.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read as JSON ({error}); {fix}") from error
    if not isinstance(content, dict):
        raise DataError(f"{file}: is no JSON object; {fix}")
    return content


def lock_file(file: IO[bytes] | FileIO) -> bool:
    """Take an open file for this process until it is closed, where the system knows file locks.

    Returns:
        False where another process has it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def write_text(file: Path, text: str) -> None:
    """Replace a file as a whole; after a crash of the machine it is the old or the new one.

    Raises:
        UsageError: It cannot be written.
    """
    with replacing(file) as scratch, scratch.open("w", encoding="utf-8") as sink:
        sink.write(text)
        sync(sink)


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Yield a scratch file that takes the place of a file at the end, if nothing is raised.

    Raises:
        UsageError: It cannot be written.
    """
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        remove_leftovers(file.parent, file.name)
        yield scratch
        scratch.replace(file)
        _sync_folder(file.parent)
    except OSError as error:
        raise UsageError(
            f"{file}: cannot be written ({error.strerror or error}); free space, remove what is in "
            "the way, or choose another folder"
        ) from error
    finally:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)


def disk_problem(error: OSError) -> str | None:
    """Return in words that a disk is full, read-only or broken, if that is what an error says."""
    if error.errno in DISK_ERRORS:
        return error.strerror or os.strerror(error.errno)
    # NumPy's arrays write themselves, and say no more.
    return "the disk is full" if "requested and" in str(error) else None


def sync(file: IO[Any]) -> None:
    """Force an open file to disk."""
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk, where the system can."""
    with suppress(OSError, AttributeError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def is_scratch(name: str) -> bool:
    """Whether a file's name is one that ``replacing`` gives.

    >>> is_scratch(".manifest.json.4711"), is_scratch("manifest.json"), is_scratch(".a.mp4.12a")
    (True, False, False)
    """
    return _SCRATCH.fullmatch(name) is not None


def remove_leftovers(folder: Path, of: str | None = None) -> None:
    """Remove scratch files of processes that have ended.

    Args:
        folder: Where they are.
        of: Name of the file that they were to replace; by default of any.
    """
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.name.startswith(".")]
    except OSError:
        return
    for name in names:
        match = _SCRATCH.fullmatch(name)
        if match and of in (None, match["file"]) and not _runs(int(match["process"])):
            with suppress(OSError):
                (folder / name).unlink()


def _runs(process: int) -> bool:
    """Whether a process of this machine runs; where that cannot be asked, it may."""
    if os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def write_json(file: Path, content: object) -> None:
    """Replace a file by a JSON document with sorted keys."""
    write_text(file, json.dumps(content, indent=1, sort_keys=True) + "\n")
