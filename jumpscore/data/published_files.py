"""Published files that rows name: in folders, or in archives, which are unpacked when needed."""

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
    """Files below a folder, by the path that rows know them by.

    A row's path and the path of the published file rarely begin alike, so their ends are compared.
    Two rows with different paths never get the same file.

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
        """Remove what was unpacked; what rows need has been placed."""
        shutil.rmtree(self._scratch, ignore_errors=True)

    def image(self, name: str, path: str) -> str:
        """Place an image among those of the set; return its path there."""
        file = self.find(name, path)
        stem = hashlib.sha256(_normal(path).encode()).hexdigest()[:24]
        target = f"images/{stem}{file.suffix.lower()}"
        if not (self.out / target).exists():
            place(file, self.out / target)
        return target

    def video(self, name: str, template: str, record: Mapping[str, Any]) -> str:
        """Place a video among those of the set; return its path there."""
        path = template.format_map({key: str(value) for key, value in record.items()})
        return self.place_at(name, path, f"videos/{path}")

    def place_at(self, name: str, path: str, target: str, *, exact: bool = False) -> str:
        """Place the published file of a row's path at ``target`` in the set, and return that.

        Args:
            name: Name of the row, for messages.
            path: As the row has it.
            target: Relative to the data set's folder.
            exact: As in ``find``.

        Raises:
            DataError: There is no such file, or the target leaves the folder.
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

        A video may also have another suffix than its row says.

        Args:
            name: Name of the row, for messages.
            path: As the row has it.
            exact: Whether all of ``path`` must be the end of the file's path.

        Raises:
            DataError: There is none, there are several, or it belongs to a row with another path.
        """
        wanted = _normal(path)
        named = self._index().get(PurePosixPath(wanted).name, [])
        if not named and not exact:
            stem = PurePosixPath(wanted)
            suffix = stem.suffix if stem.suffix.lower() in VIDEO_SUFFIXES else ""
            wanted = wanted.removesuffix(suffix)
            named = self._stems.get(PurePosixPath(wanted).name, [])
        whole = [file for known, file in named if _ends_with(known, wanted)]
        others = [] if exact else [file for _, file in named]
        files = _distinct(list(dict.fromkeys(whole or others)))
        if len(files) > 1:
            files = self._at_top(named, wanted) or files
        if len(files) != 1:
            count = "is not" if not files else f"is {len(files)} times"
            raise DataError(
                f"{name}: its file {path!r:.80} {count} among those of {self.source}"
                f"{self._examples(files, PurePosixPath(path).suffix)}"
            )
        check_source(files[0], self.source)
        self._claim(name, files[0], wanted)
        return files[0]

    def _at_top(self, named: Sequence[tuple[str, Path]], wanted: str) -> list[Path]:
        """Return the file with exactly this path below the folder that all of its name share."""
        folders = [PurePosixPath(known).parent.as_posix() for known, _ in named]
        top = PurePosixPath(os.path.commonpath(folders))
        exact = [file for known, file in named if PurePosixPath(known) == top / wanted]
        return _distinct(list(dict.fromkeys(exact)))

    def _examples(self, files: Sequence[Path], suffix: str) -> str:
        """Return the files that a row may mean, or one with its suffix, for a message."""
        if files:
            return f" ({', '.join(self._shown(file) for file in files[:3])})"
        known = (file for named in self._index().values() for _, file in named)
        first = next((file for file in known if file.suffix.lower() == suffix.lower()), None)
        return "" if first is None else f"; there are files such as {self._shown(first)}"

    def _shown(self, file: Path) -> str:
        root = self._scratch if file.is_relative_to(self._scratch) else self.source
        return f"{file.relative_to(root).as_posix()!r:.80}"

    def _claim(self, name: str, file: Path, wanted: str) -> None:
        """Remember the longest path by which rows name a file."""
        before = self._claims.get(file, wanted)
        if not (_ends_with(before, wanted) or _ends_with(wanted, before)):
            raise DataError(
                f"{name}: its file {wanted!r:.80} is not among those of {self.source}; the only "
                f"one of its name belongs to a row that calls it {before!r:.80}"
            )
        self._claims[file] = max(before, wanted, key=len)

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
        for known in _spellings(relative):
            path = PurePosixPath(known)
            self._known.setdefault(path.name, []).append((known, file))
            if path.suffix.lower() in VIDEO_SUFFIXES:
                without = known.removesuffix(path.suffix)
                self._stems.setdefault(path.stem, []).append((without, file))


def _distinct(files: list[Path]) -> list[Path]:
    """Leave out files with the content of another, such as one loose and one in an archive."""
    if len(files) < 2 or len({file.stat().st_size for file in files}) == len(files):
        return files
    return list({content_hash(file): file for file in reversed(files)}.values())[::-1]


def _ends_with(path: str, tail: str) -> bool:
    return f"/{path}".endswith(f"/{tail}")


def _normal(path: str) -> str:
    """Return a path in one spelling; rows and archives from Windows have backslashes."""
    return PurePosixPath(unicodedata.normalize("NFC", path).replace("\\", "/")).as_posix()


def _spellings(path: str) -> set[str]:
    """Return a path as it is, and as it was before an archive's old encoding."""
    spellings = {_normal(path)}
    with contextlib.suppress(UnicodeEncodeError, UnicodeDecodeError):
        spellings.add(_normal(path.encode("cp437").decode("utf-8")))
    return spellings
