"""How videos and images reach the machines of a cluster.

A path that leads to the same file on the other machine, by size and time of modification, is used
as it is: the folder is shared. Otherwise the file travels through Ray's object store, by its
content, once per machine.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from jumpscore.records import Question


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file of a question as the driver's machine has it.

    Attributes:
        path: Its path there.
        size: Bytes.
        modified: Time of modification in nanoseconds.
        sha256: Digest of its content, once it had to be sent.
    """

    path: Path
    size: int
    modified: int
    sha256: str = ""

    @classmethod
    def of(cls, path: Path) -> MediaFile | None:
        """Return the file at a path, or ``None`` if it cannot be read: preparing reports why."""
        try:
            facts = path.stat()
        except OSError:
            return None
        return cls(path, facts.st_size, facts.st_mtime_ns)


def media_of(question: Question) -> tuple[MediaFile, ...]:
    """Return the files of a question that exist."""
    files = (MediaFile.of(media.path) for media in question.media)
    return tuple(file for file in files if file is not None)


def missing(files: Sequence[MediaFile], folder: Path) -> list[MediaFile]:
    """Return the files that this machine neither shares nor has received.

    Args:
        files: Files of a question.
        folder: Folder of received files.
    """
    return [file for file in files if _here(file, folder) is None]


def receive(file: MediaFile, content: bytes, folder: Path) -> None:
    """Store a file under its digest; several processes may do so at once."""
    target = _received(file, folder)
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_own(folder):
        raise PermissionError(f"{folder} belongs to another user; remove it")
    target.parent.mkdir(exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(handle, "wb") as sink:
        sink.write(content)
    Path(scratch).replace(target)


def localised(question: Question, files: Sequence[MediaFile], folder: Path) -> Question:
    """Return the question with the paths of this machine."""
    places: Mapping[Path, Path | None] = {file.path: _here(file, folder) for file in files}
    media = tuple(replace(item, path=places.get(item.path) or item.path) for item in question.media)
    return replace(question, media=media)


def folder_of(digest: str) -> Path:
    """Return the folder of received files of one job on this machine."""
    return Path(tempfile.gettempdir()) / f"jumpscore-media-{_user()}-{digest[:16]}"


def remove(digest: str) -> None:
    """Remove the received files of a job from this machine."""
    with suppress(OSError):
        shutil.rmtree(folder_of(digest))


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of a file's content."""
    return hashlib.sha256(content).hexdigest()


def _here(file: MediaFile, folder: Path) -> Path | None:
    """Return where this machine has a file."""
    local = MediaFile.of(file.path)
    if local is not None and (local.size, local.modified) == (file.size, file.modified):
        return file.path
    target = _received(file, folder)
    return target if file.sha256 and _is_own(folder) and target.is_file() else None


def _is_own(folder: Path) -> bool:
    """Return whether a folder is this user's: anyone may have put one among temporary files."""
    try:
        facts = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == _user()


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _received(file: MediaFile, folder: Path) -> Path:
    # The name stays: prepared canvases are looked up by it.
    return folder / file.sha256 / file.path.name
