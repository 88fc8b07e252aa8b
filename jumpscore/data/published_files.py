"""Find the published files of rows, in folders or in archives, which are unpacked if needed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from jumpscore.data.archives import ARCHIVES, unpack_all
from jumpscore.data.convert import place
from jumpscore.data.ids import VIDEO_SUFFIXES
from jumpscore.data.layout import data_file
from jumpscore.data.links import check_source
from jumpscore.errors import DataError
from jumpscore.video import content_hash


class PublishedFiles:
    """Files below a folder, by their paths in rows.

    Paths in rows and of published files often start differently, so only their ends are compared.
    Rows with different paths never get the same file.

    Args:
        source: Folder with the published files.
        out: Folder of the new data set.
    """

    def __init__(self, source: Path, out: Path) -> None:
        self.source = source
        self.out = out
        self._scratch = out / ".unpacked"
        self._known: dict[str, list[tuple[str, Path]]] | None = None
        self._stems: dict[str, list[tuple[str, Path]]] = {}
        self._claims: dict[Path, str] = {}

    def close(self) -> None:
        """Delete the unpacked archives; the files of rows have been placed."""
        shutil.rmtree(self._scratch, ignore_errors=True)

    def image(self, name: str, path: str) -> str:
        """Place an image in the data set and return its path there."""
        file = self.find(name, path)
        stem = hashlib.sha256(_normal(path).encode()).hexdigest()[:24]
        target = f"images/{stem}{file.suffix.lower()}"
        if not (self.out / target).exists():
            place(file, self.out / target)
        return target

    def video(self, name: str, template: str, record: Mapping[str, Any]) -> str:
        """Place a video in the data set and return its path there."""
        path = template.format_map({key: str(value) for key, value in record.items()})
        return self.place_at(name, path, f"videos/{path}")

    def place_at(self, name: str, path: str, target: str, *, exact: bool = False) -> str:
        """Place the published file of a row's path at ``target`` in the data set and return that.

        Args:
            name: Name of the row, for messages.
            path: As the row has it.
            target: Relative to the data set's folder.
            exact: As in ``find``.

        Raises:
            DataError: The file is not found, or the target leaves the folder.
        """
        file, problem = data_file(self.out, target, column="the path")
        if problem:
            raise DataError(f"{name}: {problem}")
        source = self.find(name, path, exact=exact)
        if not file.exists():
            place(source, file)
        return target

    def find(self, name: str, path: str, *, exact: bool = False) -> Path:
        """Return the published file with a path, or the only one with its name.

        The suffix of a video may differ from that in its row.

        Args:
            name: Name of the row, for messages.
            path: As the row has it.
            exact: Whether all of ``path`` must be the end of the file's path.

        Raises:
            DataError: No file or several match, or the file belongs to a row with another path.
        """
        path_end = _normal(path)
        named = self._index().get(PurePosixPath(path_end).name, [])
        if not named and not exact:
            stem = PurePosixPath(path_end)
            suffix = stem.suffix if stem.suffix.lower() in VIDEO_SUFFIXES else ""
            path_end = path_end.removesuffix(suffix)
            named = self._stems.get(PurePosixPath(path_end).name, [])
        whole = [file for spelling, file in named if _ends_with(spelling, path_end)]
        others = [] if exact else [file for _, file in named]
        files = _distinct(list(dict.fromkeys(whole or others)))
        if len(files) > 1:
            files = self._at_top(named, path_end) or files
        if len(files) != 1:
            count = "is not found" if not files else f"matches {len(files)} files"
            raise DataError(
                f"{name}: its file {path!r:.80} {count} in {self.source}"
                f"{self._examples(files, PurePosixPath(path).suffix)}"
            )
        check_source(files[0], self.source)
        self._claim(name, files[0], path_end)
        return files[0]

    def _at_top(self, named: Sequence[tuple[str, Path]], path_end: str) -> list[Path]:
        """Return the file with exactly this path below the common folder of files of its name."""
        folders = [PurePosixPath(spelling).parent.as_posix() for spelling, _ in named]
        top = PurePosixPath(os.path.commonpath(folders))
        exact = [file for spelling, file in named if PurePosixPath(spelling) == top / path_end]
        return _distinct(list(dict.fromkeys(exact)))

    def _examples(self, files: Sequence[Path], suffix: str) -> str:
        """Return the candidates, or a file with the same suffix, for a message."""
        if files:
            return f" ({', '.join(self._relative(file) for file in files[:3])})"
        files = [file for entries in self._index().values() for _, file in entries]
        first = next((file for file in files if file.suffix.lower() == suffix.lower()), None)
        return "" if first is None else f", which has files such as {self._relative(first)}"

    def _relative(self, file: Path) -> str:
        root = self._scratch if file.is_relative_to(self._scratch) else self.source
        return f"{file.relative_to(root).as_posix()!r:.80}"

    def _claim(self, name: str, file: Path, path_end: str) -> None:
        """Remember the longest path of a file in rows."""
        before = self._claims.get(file, path_end)
        if not (_ends_with(before, path_end) or _ends_with(path_end, before)):
            raise DataError(
                f"{name}: its file {path_end!r:.80} is not found in {self.source}; the only file "
                f"of that name belongs to a row with the path {before!r:.80}"
            )
        self._claims[file] = max(before, path_end, key=len)

    def _index(self) -> dict[str, list[tuple[str, Path]]]:
        if self._known is None:
            self._scratch.mkdir(parents=True, exist_ok=True)
            self._known = {}
            unpacked = unpack_all(self.source, self._scratch)
            for root, files in ((self.source, self.source.rglob("*")), (self._scratch, unpacked)):
                for file in sorted(files):
                    relative = file.relative_to(root)
                    hidden = any(part.startswith(".") for part in relative.parts[:-1])
                    if not hidden and not file.name.lower().endswith(ARCHIVES) and file.is_file():
                        self._add(relative.as_posix(), file)
        return self._known

    def _add(self, relative: str, file: Path) -> None:
        assert self._known is not None
        for spelling in _spellings(relative):
            path = PurePosixPath(spelling)
            self._known.setdefault(path.name, []).append((spelling, file))
            if path.suffix.lower() in VIDEO_SUFFIXES:
                without = spelling.removesuffix(path.suffix)
                self._stems.setdefault(path.stem, []).append((without, file))


def _distinct(files: list[Path]) -> list[Path]:
    """Drop files with equal content, such as a copy of a file in an archive."""
    if len(files) < 2 or len({file.stat().st_size for file in files}) == len(files):
        return files
    return list({content_hash(file): file for file in reversed(files)}.values())[::-1]


def _ends_with(path: str, tail: str) -> bool:
    return f"/{path}".endswith(f"/{tail}")


def _normal(path: str) -> str:
    """Return the normal form of a path; on Windows rows and archives have backslashes."""
    return PurePosixPath(unicodedata.normalize("NFC", path).replace("\\", "/")).as_posix()


def _spellings(path: str) -> set[str]:
    """Return a path as it is, and with the encoding of old archives undone."""
    spellings = {_normal(path)}
    with contextlib.suppress(UnicodeEncodeError, UnicodeDecodeError):
        spellings.add(_normal(path.encode("cp437").decode("utf-8")))
    return spellings
