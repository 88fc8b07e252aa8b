"""Published files that rows name: in folders, or in archives, which are unpacked when needed."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import unicodedata
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from jumpscore.data.convert import place, unpack_all
from jumpscore.data.layout import data_file
from jumpscore.errors import DataError

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
VIDEOS = (".mp4", ".mov", ".avi", ".mkv", ".webm")


class PublishedFiles:
    """Pictures and videos below a folder, by the path that rows know them by.

    Args:
        source: Folder with the published files.
        out: Folder of the new data set.
    """

    def __init__(self, source: Path, out: Path) -> None:
        self.source = source
        self.out = out
        self._scratch = out / ".unpacked"
        self._known: dict[str, list[tuple[str, Path]]] | None = None

    def close(self) -> None:
        """Remove what was unpacked; what rows need has been placed."""
        shutil.rmtree(self._scratch, ignore_errors=True)

    def image(self, name: str, path: str) -> str:
        """Place an image among those of the set; return its path there."""
        found = self.find(name, path)
        stem = hashlib.sha256(_normal(path).encode()).hexdigest()[:24]
        target = f"images/{stem}{found.suffix.lower()}"
        if not (self.out / target).exists():
            place(found, self.out / target)
        return target

    def video(self, name: str, template: str, record: Mapping[str, Any]) -> str:
        """Place a video among those of the set; return its path there."""
        path = template.format_map({key: str(value) for key, value in record.items()})
        target, problem = data_file(self.out / "videos", path, column="the video's path")
        if problem:
            raise DataError(f"{name}: {problem}")
        found = self.find(name, path)
        if not target.exists():
            place(found, target)
        return f"videos/{path}"

    def find(self, name: str, path: str) -> Path:
        """Return the published file with a path, or the only one with its name.

        Raises:
            DataError: There is none, or there are several.
        """
        wanted = _normal(path)
        named = self._index().get(PurePosixPath(wanted).name, [])
        exact = [file for known, file in named if f"/{known}".endswith(f"/{wanted}")]
        found = dict.fromkeys(exact or [file for _, file in named])
        if len(found) != 1:
            count = "is not" if not found else f"is {len(found)} times"
            raise DataError(f"{name}: its file {path!r:.80} {count} among those of {self.source}")
        return next(iter(found))

    def _index(self) -> dict[str, list[tuple[str, Path]]]:
        if self._known is None:
            self._scratch.mkdir(exist_ok=True)
            self._known = {}
            unpacked = unpack_all(self.source, self._scratch)
            for root, files in ((self.source, self.source.rglob("*")), (self._scratch, unpacked)):
                for file in sorted(files):
                    if file.suffix.lower() in (*PICTURES, *VIDEOS) and file.is_file():
                        for known in _spellings(file.relative_to(root).as_posix()):
                            self._known.setdefault(PurePosixPath(known).name, []).append(
                                (known, file)
                            )
        return self._known


def _normal(path: str) -> str:
    return unicodedata.normalize("NFC", path).removeprefix("./")


def _spellings(path: str) -> set[str]:
    """Return a path as it is, and as it was before an archive's old encoding."""
    found = {_normal(path)}
    with contextlib.suppress(UnicodeEncodeError, UnicodeDecodeError):
        found.add(_normal(path.encode("cp437").decode("utf-8")))
    return found
