"""Cache of prepared inputs on disk, so that several runs decode a video only once."""

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
from jumpscore.jsonio import is_running
from jumpscore.video.prepared.folders import DOOMED, SCRATCH, read_prepared, remove, save
from jumpscore.video.prepared.layout import DONE, ENTRY, FORMAT, KEPT, sha256
from jumpscore.video.visual_input import VisualInput, content_hash

JSON: TypeAlias = bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"] | None

SHARD = re.compile("[0-9a-f]{2}")
_UNFINISHED = re.compile(rf"({re.escape(SCRATCH)}|{re.escape(DOOMED)})(?P<process>\d+)-")
STALE_SECONDS = 86_400.0
"""Age in seconds from which on leftovers of killed processes are deleted."""

_COUNTING = threading.Lock()
_WARNED: set[Path] = set()
"""Folders about which the user has been warned."""

logger = logging.getLogger(__name__)


@dataclass
class CacheStats:
    """What one ``InputCache`` did in this process.

    Attributes:
        hits: Inputs that were in the cache.
        stored: Inputs that were added to the cache.
        repaired: Damaged entries that were deleted.
        evicted: Entries deleted because the cache was full.
        oversized: Inputs stored although each is larger than the whole limit.
    """

    hits: int = 0
    stored: int = 0
    repaired: int = 0
    evicted: int = 0
    oversized: int = 0


class CacheError(UsageError):
    """The cache cannot be written; ``visual`` is the input that could not be stored, if any."""

    visual: VisualInput | None = None


class InputCache:
    """Prepared inputs by the content of the video and their options.

    Any number of processes and threads may share a folder. An entry is a folder of lossless
    pictures that appears and disappears as a whole. If several processes need the same new entry,
    one creates it and the others wait (if the system has file locks, which end with their process).

    Attributes:
        folder: Folder of the entries: ``<first two digits of the key>/<key>``.
        max_bytes: Size limit; the least recently used entries are deleted to stay below it. A
            larger entry is stored too, but is the first to be deleted. Entries that cannot be
            deleted stay.
        optional: Whether to continue without a cache, with one warning, if it cannot be written.
        stats: Counts of this object so far.
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
        """Return a prepared input; a missing or damaged one is made and stored.

        Digests of pictures are checked when the pixels are read, everything else immediately.

        Args:
            video: A video file; it becomes the input's ``path``.
            options: Everything that affects the input apart from the video, such as backend,
                version and budget.
            make: Function that makes the input.

        Returns:
            The input with ``folder`` set. Its pixels are read from there on first use, or decoded
            again if the entry has been evicted; an error if decoding does not give them.

        Raises:
            VideoError: The video cannot be read.
            CacheError: The cache cannot be written, and is not optional.
            UsageError: The options are not valid JSON.
        """
        key = entry_key(video, options)
        visual = self._find(key)
        if visual is None and self._given_up:
            visual = make()
        elif visual is None:
            try:
                with self._alone(key):
                    visual = self._find(key, repair=True) or self._make(key, make)
            except CacheError as error:
                self._give_up(error)
                visual = error.visual or make()
        return visual.changed(path=Path(video))

    def _give_up(self, error: CacheError) -> None:
        """Stop writing to the cache if it is optional, else raise the error."""
        if not self.optional:
            raise error
        self._given_up = True
        with _COUNTING:
            if self.folder not in _WARNED:
                _WARNED.add(self.folder)
                logger.warning("%s; continuing without the cache, which takes longer", error)

    def _find(self, key: str, *, repair: bool = False) -> VisualInput | None:
        for entry in (self._entry(key), self._entry(key + KEPT)):
            try:
                visual = read_prepared(entry)
            except DataError:
                if repair and entry.exists():
                    with self._explained():
                        remove(entry)
                    self._count("repaired")
                continue
            # A shared cache may be read-only; then its order of use does not change.
            with suppress(OSError):
                os.utime(entry / DONE)
            self._count("hits")
            return visual
        return None

    def _make(self, key: str, make: Callable[[], VisualInput]) -> VisualInput:
        visual = make()
        restorable = visual.folder is None and visual.restorable
        entry = self._entry(key if restorable else key + KEPT)
        with self._explained(visual):
            save(visual, entry, lossless=True, unique_name=True)
        self._count("stored")
        self._evict(entry)
        return visual.changed(folder=entry)

    def _entry(self, name: str) -> Path:
        return self.folder / name[:2] / name

    def _count(self, what: str, number: int = 1) -> None:
        with _COUNTING:
            setattr(self.stats, what, getattr(self.stats, what) + number)

    @contextmanager
    def _explained(self, visual: VisualInput | None = None) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            problem = CacheError(
                f"{self.folder}: the cache of prepared inputs cannot be written "
                f"({error.strerror or error}); free some space, set JUMPSCORE_CACHE to another "
                "folder, or run with run.cache=false"
            )
            problem.visual = visual
            raise problem from error

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Lock an entry, so that no other process or thread makes it."""
        file = self.folder / key[:2] / f".{key}.lock"
        with self._explained():
            file.parent.mkdir(parents=True, exist_ok=True)
            handle = _lock(file)
        try:
            yield
        finally:
            # Windows cannot delete an open file, so an empty file stays.
            with suppress(OSError):
                file.unlink()
            handle.close()

    def _evict(self, keep: Path) -> None:
        """Delete the least recently used entries until the rest is below the limit."""
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
        """Yield every entry with its size in bytes and time of last use; delete old leftovers."""
        for shard in _children(self.folder):
            for entry in _children(shard) if SHARD.fullmatch(shard.name) else ():
                # Other processes may delete at the same time.
                with suppress(OSError):
                    if ENTRY.fullmatch(entry.name):
                        used = (entry / DONE).stat().st_mtime_ns
                        yield entry, self._size(entry), used
                    elif _is_leftover(entry):
                        shutil.rmtree(entry, ignore_errors=True)

    def _size(self, entry: Path) -> int:
        # Sizes are remembered, because entries never change and may have 100,000 files in total.
        if entry not in self._sizes:
            self._sizes[entry] = sum(file.stat().st_size for file in entry.iterdir())
        return self._sizes[entry]


def _is_leftover(folder: Path) -> bool:
    """Whether a folder was left by a process that was killed, here or on another machine."""
    match = _UNFINISHED.match(folder.name)
    if match is None or time.time() - folder.stat().st_mtime <= STALE_SECONDS:
        return False
    # The age alone does not suffice: a clock may be set forward while the folder is filled.
    return not is_running(int(match["process"]))


def entry_key(video: Path, options: Mapping[str, JSON]) -> str:
    """Return the name of an entry, 64 hex digits.

    Raises:
        VideoError: The video cannot be read.
        UsageError: The options are not valid JSON.
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
            f"options of a cached input must be valid JSON without NaN ({error}), got "
            f"{options!r:.200}"
        ) from error
    return sha256(text.encode())


def cache_folder() -> Path:
    """Return this package's folder in the user's cache, or ``$JUMPSCORE_CACHE``.

    Raises:
        UsageError: The user has no home folder.
    """
    folder = os.environ.get("JUMPSCORE_CACHE")
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        if folder:
            return Path(folder).expanduser()
        # The XDG standard requires relative paths to be ignored.
        home = Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache"
    except RuntimeError as error:
        raise UsageError(
            f"there is no folder for the cache ({error}); set JUMPSCORE_CACHE to a folder"
        ) from error
    return home / "jumpscore"


def default_cache_folder() -> Path:
    """Return the folder of cached inputs."""
    return cache_folder() / "inputs"


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _lock(file: Path) -> IO[bytes]:
    """Open a file and lock it, waiting if necessary; closing it releases the lock."""
    while True:
        handle = file.open("ab")
        try:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        except (ImportError, OSError):
            # Without locks (Windows, some file systems) an entry may be made twice.
            return handle
        # The previous owner of the lock deletes the file; then the lock is useless, so try again.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle.fileno()), file.stat()):
                return handle
        handle.close()
