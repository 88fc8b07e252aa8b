"""Find the video of a recording: next to its file, by its stored name, or below a folder.

Stored names come from other machines: Windows paths, URLs, uploads with a prefix. Only files inside
the folder of the annotation file and inside ``--videos`` are opened, so that a file from a stranger
cannot add other files of this machine to the set.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from jumpscore.data.ids import VIDEO_SUFFIXES
from jumpscore.data.layout import LONGEST_PATH
from jumpscore.data.links import link_problem
from jumpscore.errors import DataError

_UPLOAD = re.compile(r"[0-9a-f]{8}-(?=.)")
"""Prefix that Label Studio adds to the name of an uploaded file."""
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
MOST_LISTED = 3


class VideoFinder:
    """Finds videos by their stored names.

    Args:
        folder: Folder to search with all folders inside, or ``None``.

    Raises:
        DataError: ``folder`` is not a folder.
    """

    def __init__(self, folder: Path | None) -> None:
        if folder is not None and not folder.is_dir():
            raise DataError(f"{folder}: is not a folder; choose the folder of videos as --videos")
        self.folder = folder
        self._below: dict[str, list[str]] | None = None

    def find(self, file: Path, names: Sequence[str]) -> Path:
        """Return the video that an annotation file is about.

        Args:
            file: The annotation file, or a folder of them.
            names: Stored names, the most reliable first; if empty, the stem of ``file``.

        Raises:
            DataError: No video has one of the names, several have, or it is a link out of its
                folder.
        """
        home = file if file.is_dir() else file.parent
        tails = [tail for name in names for tail in stored_paths(name)] or [file.stem]
        for tail in tails:
            for path in (tail, PurePosixPath(tail).name):
                if near := _existing(home, path):
                    return _checked(home, near)
        for tail in tails:
            if (place := self._search(tail, file)) is not None:
                return place
        searched = str(home) if self.folder is None else f"{home} or {self.folder}"
        add = "add --videos DIR" if self.folder is None else "choose another --videos"
        raise DataError(f"{file}: its video {tails[0]!r:.120} is not found in {searched}; {add}")

    def _search(self, tail: str, file: Path) -> Path | None:
        """Return the file below the folder whose path ends like the stored one."""
        if self.folder is None:
            return None
        if self._below is None:
            self._below = _index(self.folder)
        paths = self._below.get(_key(PurePosixPath(tail).name), [])
        ends = [path for path in paths if f"/{_spelled(path, tail)}".endswith(f"/{tail}")]
        paths = ends or paths
        if len(paths) > 1:
            listed = ", ".join(paths[:MOST_LISTED])
            raise DataError(
                f"{file}: its video {tail!r:.120} matches {len(paths)} files in {self.folder} "
                f"({listed}); remove the others, or choose a narrower --videos"
            )
        return _checked(self.folder, paths[0]) if paths else None


def stored_paths(name: str) -> list[str]:
    """Return the relative paths that a stored name can stand for.

    >>> stored_paths(r"C:\\clips\\a.mp4"), stored_paths("file:///data/my%20clip.mp4")
    (['clips/a.mp4'], ['data/my clip.mp4'])
    >>> stored_paths("/data/upload/3/1a2b3c4d-clip.mp4")
    ['data/upload/3/1a2b3c4d-clip.mp4', 'data/upload/3/clip.mp4']
    """
    if _URL.match(name) or name.startswith("/data/local-files/?"):
        try:
            url = urlsplit(name)
            local = parse_qs(url.query, max_num_fields=20).get("d")
        except ValueError:
            return []
        name = local[0] if local else unquote(url.path)
    path = re.sub(r"^[A-Za-z]:", "", name.replace("\\", "/"))
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..", ".", "//")]
    if not parts or len(path) > LONGEST_PATH or "\0" in path:
        return []
    without_prefix = [*parts[:-1], _UPLOAD.sub("", parts[-1], count=1)]
    return list(dict.fromkeys(["/".join(parts), "/".join(without_prefix)]))


def _existing(home: Path, path: str) -> str | None:
    """Return a video's path below ``home``, with any suffix of videos if it has none."""
    suffixes = ("",) if _has_suffix(path) else VIDEO_SUFFIXES
    places = [path + suffix for suffix in suffixes if (home / (path + suffix)).is_file()]
    if len(places) > 1:
        raise DataError(f"{home}: {path!r:.120} matches {', '.join(places)}; remove all but one")
    return places[0] if places else None


def _spelled(path: str, tail: str) -> str:
    """Return a path without its suffix if the stored one has none."""
    return path if _has_suffix(tail) else str(PurePosixPath(path).with_suffix(""))


def _has_suffix(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in VIDEO_SUFFIXES


def _key(name: str) -> str:
    """Return what names in an index are compared by; a name without suffix matches any suffix."""
    return name if _has_suffix(name) else f"{name}."


def _index(folder: Path) -> dict[str, list[str]]:
    """Return every video below a folder by its name, and by its stem."""
    index: dict[str, list[str]] = defaultdict(list)
    for path in sorted(_videos(folder)):
        index[PurePosixPath(path).name].append(path)
        index[f"{PurePosixPath(path).stem}."].append(path)
    return index


def _videos(folder: Path) -> Iterator[str]:
    for root, _, names in os.walk(folder):
        for name in names:
            if _has_suffix(name):
                yield (Path(root) / name).relative_to(folder).as_posix()


def _checked(root: Path, path: str) -> Path:
    if link_problem(root, path) is not None:
        raise DataError(
            f"{root / path}: is a link out of {root}; choose the folder that it leads to as "
            "--videos"
        )
    return root / path
