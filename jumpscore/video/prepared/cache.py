"""Prepared inputs kept on disk, so that what several runs ask of a video is decoded once."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias

from jumpscore.errors import DataError, UsageError, VideoError
from jumpscore.video.prepared.folders import DOOMED, SCRATCH, read_prepared, remove, save
from jumpscore.video.prepared.layout import DONE, ENTRY, FORMAT, KEPT, sha256
from jumpscore.video.visual_input import VisualInput, content_hash

JSON: TypeAlias = bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"] | None

SHARD = re.compile("[0-9a-f]{2}")
STALE_SECONDS = 86_400.0
"""Age at which what a killed process was writing or deleting is cleared away."""

_COUNTING = threading.Lock()
_WARNED: set[Path] = set()
"""Folders that the user was warned of."""

logger = logging.getLogger(__name__)


@dataclass
class CacheStats:
    """What one ``InputCache`` did in this process.

    Attributes:
        hits: Inputs that were there.
        made: Inputs that were made and stored.
        repaired: Entries that were damaged and therefore deleted.
        evicted: Entries deleted because the cache was full.
        oversized: Inputs stored although they alone are above the bound.
    """

    hits: int = 0
    made: int = 0
    repaired: int = 0
    evicted: int = 0
    oversized: int = 0


class CacheError(UsageError):
    """The cache cannot be written; ``made`` is the input that could not be stored, if made."""

    made: VisualInput | None = None


class InputCache:
    """Prepared inputs by the content of the video and the options they were made with.

    Any number of processes and threads may share a folder. An entry is a folder of prepared
    pictures (lossless) that appears and disappears as a whole. Of several processes that need the
    same new one, one makes it and the others wait, where the system has file locks; locks end with
    their process.

    Attributes:
        folder: Where the entries are: ``<first two digits of the key>/<key>``.
        max_bytes: Bound that the entries are kept under by deleting those not used for longest.
            An entry above it is stored all the same, and is the first to go when the next is
            stored. Entries that the system does not let us delete stay.
        optional: Whether to go on without a cache that cannot be written, with one warning.
        stats: What was done so far.
    """

    def __init__(
        self, folder: Path, *, max_bytes: int = 20 * 10**9, optional: bool = False
    ) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self.optional = optional
        self._given_up = False
        self.stats = CacheStats()
        self._sizes: dict[Path, int] = {}

    def get(
        self, video: Path, options: Mapping[str, JSON], make: Callable[[], VisualInput]
    ) -> VisualInput:
        """Return a prepared input, made and stored where it is not there or damaged.

        Pictures are compared with their digests when the pixels are read, all else at once.

        Args:
            video: A video file; the input's ``path``, wherever the same content was met before.
            options: All that decides the input besides the content: backend, its version, budgets.
            make: Makes the input.

        Returns:
            The input with ``folder`` set: its pixels are read from there when asked for, or decoded
            again should the entry have been evicted by then.

        Raises:
            VideoError: The video cannot be read.
            CacheError: The cache cannot be written, and is not optional.
            UsageError: The options are no JSON.
        """
        key = entry_key(video, options)
        found = self._find(key)
        if found is None and self._given_up:
            found = make()
        elif found is None:
            try:
                with self._alone(key):
                    found = self._find(key, repair=True) or self._make(key, make)
            except CacheError as error:
                self._give_up(error)
                found = error.made or make()
        return found.changed(path=Path(video))

    def _give_up(self, error: CacheError) -> None:
        """Write nothing from now on, if that is allowed."""
        if not self.optional:
            raise error
        self._given_up = True
        with _COUNTING:
            if self.folder not in _WARNED:
                _WARNED.add(self.folder)
                logger.warning("%s; going on without it, which takes longer", error)

    def _find(self, key: str, *, repair: bool = False) -> VisualInput | None:
        for entry in (self._entry(key), self._entry(key + KEPT)):
            try:
                found = read_prepared(entry)
            except DataError:
                if repair and entry.exists():
                    with self._explained():
                        remove(entry)
                    self._count("repaired")
                continue
            # A shared cache may be read-only; its owner's order of use then stays as it is.
            with suppress(OSError):
                os.utime(entry / DONE)
            self._count("hits")
            return found
        return None

    def _make(self, key: str, make: Callable[[], VisualInput]) -> VisualInput:
        made = make()
        entry = self._entry(key if made.folder is None else key + KEPT)
        with self._explained(made):
            save(made, entry, lossless=True, name_tells=True)
        self._count("made")
        self._evict(entry)
        return made.changed(folder=entry)

    def _entry(self, name: str) -> Path:
        return self.folder / name[:2] / name

    def _count(self, what: str, number: int = 1) -> None:
        with _COUNTING:
            setattr(self.stats, what, getattr(self.stats, what) + number)

    @contextmanager
    def _explained(self, made: VisualInput | None = None) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            problem = CacheError(
                f"{self.folder}: the cache of prepared inputs cannot be written "
                f"({error.strerror or error}); free space there, name another folder in the "
                "environment variable JUMPSCORE_CACHE, or switch the cache off"
            )
            problem.made = made
            raise problem from error

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Keep other processes and threads from making the same entry."""
        file = self.folder / key[:2] / f".{key}.lock"
        with self._explained():
            file.parent.mkdir(parents=True, exist_ok=True)
            handle = _lock(file)
        try:
            yield
        finally:
            # Windows deletes no open file; it stays, empty.
            with suppress(OSError):
                file.unlink()
            handle.close()

    def _evict(self, keep: Path) -> None:
        """Delete entries, those unused for longest first, until the rest is under the bound."""
        entries = list(self._entries())
        total = sum(size for _, size, _ in entries)
        own = next((size for entry, size, _ in entries if entry == keep), 0)
        if own > self.max_bytes:
            # Deleting all others would not help.
            self._count("oversized")
            total -= own
        for entry, size, _ in sorted(
            entries, key=lambda item: (item[1] <= self.max_bytes, item[2])
        ):
            if total <= self.max_bytes:
                break
            if entry == keep:
                continue
            with suppress(OSError):
                self._count("evicted", int(remove(entry)))
                total -= size

    def _entries(self) -> Iterator[tuple[Path, int, int]]:
        """Yield every entry with its size in bytes and when it was last used; clear leftovers."""
        for shard in _children(self.folder):
            for entry in _children(shard) if SHARD.fullmatch(shard.name) else ():
                # Others delete meanwhile.
                with suppress(OSError):
                    if ENTRY.fullmatch(entry.name):
                        used = (entry / DONE).stat().st_mtime_ns
                        yield entry, self._size(entry), used
                    elif entry.name.startswith((SCRATCH, DOOMED)) and _is_stale(entry):
                        shutil.rmtree(entry, ignore_errors=True)

    def _size(self, entry: Path) -> int:
        # Entries never change, and a cache may hold a hundred thousand files.
        if entry not in self._sizes:
            self._sizes[entry] = sum(file.stat().st_size for file in entry.iterdir())
        return self._sizes[entry]


def entry_key(video: Path, options: Mapping[str, JSON]) -> str:
    """Return the name of an entry, 64 hex digits.

    Raises:
        VideoError: The video cannot be read.
        UsageError: The options are no JSON.
    """
    try:
        content = content_hash(video)
    except OSError as error:
        raise VideoError(f"{video}: cannot be read ({error.strerror}); check the path") from error
    facts = {"content": content, "options": options, "format": FORMAT}
    try:
        text = json.dumps(facts, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"options of a cached input must be JSON without NaN ({error}), got {options!r:.200}"
        ) from error
    return sha256(text.encode())


def default_cache_folder() -> Path:
    """Return where inputs are cached: in ``$JUMPSCORE_CACHE``, else in the user's cache folder.

    Raises:
        UsageError: The user has no home folder.
    """
    named = os.environ.get("JUMPSCORE_CACHE")
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        if named:
            return Path(named).expanduser() / "inputs"
        # The standard has relative paths ignored.
        home = Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache"
    except RuntimeError as error:
        raise UsageError(
            f"no folder for the cache of prepared inputs ({error}); name one in the environment "
            "variable JUMPSCORE_CACHE"
        ) from error
    return home / "jumpscore" / "inputs"


def _is_stale(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > STALE_SECONDS


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _lock(file: Path) -> IO[bytes]:
    """Open a file that no other process or thread has locked; closing it unlocks it."""
    while True:
        handle = file.open("ab")
        try:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        except (ImportError, OSError):
            # Windows, and file systems without locks: an entry may then be made twice.
            return handle
        # Who had it deletes the file; one who waited for that file starts over.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle.fileno()), file.stat()):
                return handle
        handle.close()
