"""JSON on disk: read from any source, and written so that no reader ever sees half a file.

Everything is written in ASCII with escapes, so that line separators and lone surrogates from models
cannot break a line or an encoder, and read back unchanged.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import IO, Any

from jumpscore.errors import DataError, UsageError

DISK_ERRORS = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO,
)  # fmt: skip
"""Error numbers of a disk that is full, read-only, broken or not accessible."""
_SCRATCH = re.compile(r"\.(?P<file>.+)\.(?P<process>[1-9]\d{0,9})")


def parse_json(text: str | bytes, *, unique_keys: bool = False) -> Any:
    """Parse JSON of any origin.

    Args:
        text: The document.
        unique_keys: Refuse objects in which a key occurs twice. JSON allows them, and Python uses
            the last value.

    Raises:
        ValueError: The text is not valid JSON, is nested too deeply, contains an integer with too
            many digits or, with ``unique_keys``, the same key twice.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique_keys if unique_keys else None)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise ValueError(f"the key {twice[:60]!r} occurs {counts[twice]} times in one object")
    return content


_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
"""A string, or the rest of the text if the string does not end; each quote is visited once."""
_TOKEN = re.compile(rf"{_STRING}|[][{{}},]", re.DOTALL)
_KEY = re.compile(rf"\s*({_STRING})\s*:", re.DOTALL)


def split_json(text: str) -> list[tuple[str, str]] | None:
    """Return the members of a JSON object, or the items of a JSON list, as separate texts.

    If one member cannot be parsed, the others are still readable. Linear in time, with any nesting
    depth.

    Returns:
        (key, text of the value) in order, including repeated keys; keys of list items are empty.
        ``None`` if the text is not a single object or list.

    >>> split_json('{"a": [1, 2], "b": {"c": ","}}')
    [('a', '[1, 2]'), ('b', '{"c": ","}')]
    """
    text = text.strip()
    closing = {"{": "}", "[": "]"}.get(text[:1])
    if closing is None:
        return None
    pieces: list[str] = []
    depth, start = 0, 1
    for token in _TOKEN.finditer(text, 1):
        mark = token[0]
        if mark in ("{", "["):
            depth += 1
        elif mark in ("}", "]"):
            depth -= 1
        if depth < 0 or (depth == 0 and mark == ","):
            pieces.append(text[start : token.start()])
            start = token.end()
        if depth < 0:
            break
    if depth >= 0 or text[-1] != closing or start < len(text):
        return None
    if len(pieces) == 1 and not pieces[0].strip():
        return []
    if closing == "]":
        return [("", piece.strip()) for piece in pieces]
    keys = [_KEY.match(piece) for piece in pieces]
    try:
        return (
            [
                (json.loads(key[1]), piece[key.end() :].strip())
                for key, piece in zip(keys, pieces, strict=True)
                if key is not None
            ]
            if all(keys)
            else None
        )
    except ValueError:
        return None


def split_lines(text: str) -> Iterator[str]:
    """Yield the lines of a text one by one; only a line feed ends a line, as in JSONL.

    >>> list(split_lines("a\\n\\nb\\u2028c"))
    ['a', '', 'b\\u2028c']
    """
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def read_object(file: Path, *, fix: str, unique_keys: bool = False) -> dict[str, Any]:
    """Return the JSON object in a file.

    Args:
        file: The file.
        fix: How to fix an error; the end of its message.
        unique_keys: Refuse objects in which a key occurs twice.

    Raises:
        DataError: The file cannot be read or is not a JSON object.
    """
    try:
        content = parse_json(file.read_bytes(), unique_keys=unique_keys)
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read as JSON ({error}); {fix}") from error
    if not isinstance(content, dict):
        raise DataError(f"{file}: is not a JSON object; {fix}")
    return content


def lock_file(file: IO[bytes] | FileIO) -> bool:
    """Lock an open file for this process until it is closed, if the system supports file locks.

    Returns:
        False if another process has locked it.
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
    """Replace a file atomically; after a crash it has either the old or the new content.

    Raises:
        UsageError: The file cannot be written.
    """
    write_lines(file, [text])


def write_lines(file: Path, lines: Iterable[str]) -> None:
    """Replace a file like ``write_text``, one line after another.

    Raises:
        UsageError: The file cannot be written.
    """
    with replacing(file) as scratch, scratch.open("w", encoding="utf-8") as sink:
        sink.writelines(lines)


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Yield a scratch file that replaces a file at the end, unless an error is raised.

    Raises:
        UsageError: The file cannot be written.
    """
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        remove_leftovers(file.parent, file.name)
        yield scratch
        sync_file(scratch)
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


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield a scratch folder that replaces a folder at the end, unless an error is raised.

    After a crash, the folder is complete or absent; the next call removes what the crash left.

    Raises:
        OSError: It cannot be written.
    """
    with scratch_folder(folder) as scratch:
        yield scratch
        sync_tree(scratch)
        # Deleting takes long: a half deleted folder would look like one of the user's.
        with scratch_folder(folder.with_name(f"{folder.name}.old")) as replaced:
            if folder.exists():
                folder.rename(replaced / folder.name)
            scratch.rename(folder)
        _sync_folder(folder.parent)


@contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder next to a folder; what is left of it at the end is deleted.

    Raises:
        OSError: It cannot be written.
    """
    scratch = folder.with_name(f".{folder.name}.{os.getpid()}")
    remove_leftovers(folder.parent, folder.name)
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir(parents=True)
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def disk_problem(error: OSError) -> str | None:
    """Return the description of an error of the disk, or ``None`` for other errors."""
    if error.errno in DISK_ERRORS:
        return error.strerror or os.strerror(error.errno)
    # NumPy writes arrays itself; its errors have no number.
    return "the disk is full" if "requested and" in str(error) else None


def sync_file(file: Path) -> None:
    """Force a written file to disk, so that it is whole under its name after a power failure.

    Raises:
        OSError: The disk does not accept it.
    """
    # A linked file may be read-only; but Windows flushes only files that are open for writing.
    with file.open("rb+" if os.name == "nt" else "rb") as written:
        os.fsync(written.fileno())


def sync_tree(folder: Path) -> None:
    """Force all files below a folder to disk.

    Raises:
        OSError: The disk does not accept them.
    """
    for place, _, names in os.walk(folder):
        for name in names:
            file = Path(place, name)
            if not file.is_symlink():
                sync_file(file)
        _sync_folder(Path(place))


def _sync_folder(folder: Path) -> None:
    """Flush the names in a folder to disk, if the system supports it."""
    with suppress(OSError, AttributeError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def is_scratch(name: str) -> bool:
    """Whether a name is that of a scratch file of ``replacing``, or of a scratch folder.

    >>> is_scratch(".manifest.json.4711"), is_scratch("manifest.json"), is_scratch(".a.mp4.12a")
    (True, False, False)
    """
    return _SCRATCH.fullmatch(name) is not None


def remove_leftovers(folder: Path, of: str | None = None) -> None:
    """Remove scratch files and folders of processes of this machine that have ended.

    Args:
        folder: The folder they are in.
        of: Name of the file or folder that they would have replaced; by default any file, and no
            folder.
    """
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.name.startswith(".")]
    except OSError:
        return
    for name in names:
        match = _SCRATCH.fullmatch(name)
        if match and of in (None, match["file"]) and not is_running(int(match["process"])):
            with suppress(OSError):
                if of is not None and (folder / name).is_dir():
                    shutil.rmtree(folder / name)
                else:
                    (folder / name).unlink()


def is_running(process: int) -> bool:
    """Whether a process is running on this machine; True if that is unknown."""
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
    """Replace a file with a JSON document with sorted keys."""
    write_text(file, json.dumps(content, indent=1, sort_keys=True) + "\n")
