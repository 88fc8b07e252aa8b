"""The files to take in: videos named by the user, or below a folder that they named."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jumpscore.data.ids import VIDEO_SUFFIXES
from jumpscore.data.links import link_problem
from jumpscore.errors import UsageError


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that may be a video.

    Attributes:
        path: Its path.
        name: Path relative to the folder that the user named, or the file's name; if that is not
            unique, the whole path.
        problem: Why it must not be opened, or ``None``.
    """

    path: Path
    name: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class FileList:
    """All files below the named paths.

    Attributes:
        videos: Files with a suffix of videos, and those that the user named.
        others: Number of other files below folders.
    """

    videos: tuple[SourceFile, ...]
    others: int


def find_files(paths: Sequence[Path], *, project: Path) -> FileList:
    """Return the files to take in.

    Args:
        paths: Files, and folders to search with all folders inside.
        project: Folder of the project, which is not searched.

    Raises:
        UsageError: A path does not exist.
    """
    videos: dict[Path, SourceFile] = {}
    others = 0
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder; check the path")
        if not path.is_dir():
            problem = None if path.is_file() else "is not a regular file"
            videos.setdefault(path, SourceFile(path, path.name, problem))
            continue
        for file in _below(path, project):
            if file.problem is None and not _is_named_like_video(file.path):
                others += 1
            else:
                videos.setdefault(file.path, file)
    counts = Counter(file.name for file in videos.values())
    return FileList(
        tuple(
            replace(file, name=file.path.as_posix()) if counts[file.name] > 1 else file
            for file in videos.values()
        ),
        others,
    )


def _below(root: Path, project: Path) -> Iterator[SourceFile]:
    """Yield every file below a folder in order of name, and the links that are not followed."""
    skipped = project.resolve()
    for place, folders, names in os.walk(root):
        for name in sorted(names):
            path = Path(place) / name
            relative = path.relative_to(root).as_posix()
            yield SourceFile(path, relative, _problem(root, path, relative))
        for name in sorted(folders):
            path = Path(place) / name
            if path.is_symlink():
                relative = path.relative_to(root).as_posix()
                yield SourceFile(path, relative, "is a link to a folder; name that folder, too")
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and (Path(place) / name).resolve() != skipped
        )


def _is_named_like_video(path: Path) -> bool:
    """Whether a file is taken for a video; names with a dot in front are notes of a system."""
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")


def _problem(root: Path, path: Path, relative: str) -> str | None:
    """Return why a file with a suffix of videos must not be opened, or ``None``."""
    if not _is_named_like_video(path):
        return None
    if link_problem(root, relative) is not None:
        return "is a link out of the folder; name the file itself"
    if not path.is_file():  # a pipe or a device would block
        return "is not a regular file" if path.exists() else "is a link to a missing file"
    return None
