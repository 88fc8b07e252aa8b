"""Published data sets, and how one is converted to this package's layout.

Every set ends as a folder ``<data root>/<name>`` that a task reads without a network. The published
files have columns of their own; a converter per family turns them into rows and files.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from jumpscore.data.hub import LOCK, download, pinned_revision
from jumpscore.errors import DataError, UsageError
from jumpscore.jsonio import read_object, write_json

Fetch = Callable[..., Path]
"""``fetch(set, root, *, revision, source)`` puts a set into the data root; returns its folder."""
Converter = Callable[["PublishedSet", Path, Path], None]
"""(set, folder with the published files, new folder) -> rows, manifest and files in the new one.

Raises ``DataError`` if the published files are invalid.
"""


@dataclass(frozen=True, slots=True)
class PublishedSet:
    """A data set that others publish.

    Attributes:
        name: Name, as in ``task.data=NAME``, and of its folder.
        task: Task that reads it.
        title: One line that describes it.
        repository: Data set on the Hugging Face hub; ``None`` if its owners distribute it
            otherwise, which ``note`` describes.
        convert: ``"module:function"``, a ``Converter``; unused with a ``fetch`` of its own.
        split: Split of the published rows, if they have splits.
        patterns: Shell patterns of the files needed from the repository; empty: all.
        licence: Licence, as its owners state it.
        note: What a user must do or know, if anything.
        revision: Commit that a new fetch loads; ``None``: the newest. ``fetch.json`` records which
            one was loaded.
        fetch: ``"module:function"``, a ``Fetch``.
    """

    name: str
    task: str
    title: str
    repository: str | None
    convert: str = ""
    split: str = "test"
    patterns: tuple[str, ...] = ()
    licence: str = "unknown"
    note: str = ""
    revision: str | None = None
    fetch: str = "jumpscore.data.published:fetch_set"
    kind: Literal["published"] = "published"

    def is_here(self, root: Path) -> bool:
        """Whether it was fetched into the data root."""
        return (root / self.name).is_dir()

    def ensure(self, root: Path, rendering: object = None) -> Path:
        """Return its folder.

        Raises:
            UsageError: It was not fetched.
        """
        if self.is_here(root):
            return root / self.name
        raise UsageError(
            f"{root / self.name}: the data set {self.name!r} is not on this machine. 'jumpscore "
            f"data fetch {self.name}' downloads it, which needs a network; --data-root chooses "
            "where data sets are stored. Offline, leave out task.data to use the rendered one."
        )

    def fetch_into(
        self, root: Path, *, revision: str | None = None, source: Path | None = None
    ) -> Path:
        """Fetch it into the data root and return its folder; see ``fetch_set``."""
        function: Callable[..., Path] = _imported(self.fetch)
        return function(self, root, revision=revision, source=source)


def fetch_set(
    published: PublishedSet,
    root: Path,
    *,
    revision: str | None = None,
    source: Path | None = None,
) -> Path:
    """Bring a published set into ``root``, and return its folder.

    Downloads stay next to it in ``root/.sources/<name>``, pinned to a commit: fetching again
    loads only what is missing.

    Args:
        published: The set.
        root: The data root.
        revision: Commit to load; by default the one that was loaded before, else the set's
            ``revision``, else the newest.
        source: Folder that already contains the published files; nothing is downloaded.

    Raises:
        DataError: It cannot be downloaded, or the files are invalid.
        UsageError: It cannot be fetched from the hub, or is pinned to another revision.
    """
    folder = root / published.name
    origin: dict[str, object] = {"source": str(source)}
    if source is None:
        if published.repository is None:
            raise UsageError(
                f"{published.name} is not on the hub: {published.note}; give the folder with its "
                "files as --source DIR"
            )
        source = root / ".sources" / published.name
        source.mkdir(parents=True, exist_ok=True)
        sha = download(
            published.repository,
            source,
            revision=revision or pinned_revision(source) or published.revision,
            patterns=published.patterns,
            otherwise=_otherwise(published),
        )
        origin = {"repository": published.repository, "revision": sha}
    elif not source.is_dir():
        raise UsageError(f"{source}: no such folder; it should contain the published files")
    else:
        # A folder that was fetched elsewhere records its commit.
        origin = origin_of(source) | origin
    scratch = root / f".{published.name}.{os.getpid()}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        convert: Converter = _imported(published.convert)
        convert(published, source, scratch)
        write_json(scratch / LOCK, origin)
        _replace(folder, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def origin_of(folder: Path) -> dict[str, object]:
    """Return where a fetched set came from (repository and revision, or folder), if known."""
    lock = folder / LOCK
    return read_object(lock, fix="fetch the set again") if lock.is_file() else {}


def _otherwise(published: PublishedSet) -> str:
    """Return what to do if the hub cannot be reached."""
    files = f" ({', '.join(published.patterns)})" if published.patterns else ""
    return (
        "Options: run this command on a machine with a network and copy the data root here; load "
        f"the files of {published.repository}{files} by other means, and give their folder as "
        f"--source FOLDER; or leave out task.data: the rendered set of task={published.task} needs "
        "no network."
    )


def _imported(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def _replace(folder: Path, scratch: Path) -> None:
    """Put a new folder in the place of an old one; a folder that we did not write stays."""
    if folder.exists():
        if any(folder.iterdir()) and not (folder / LOCK).is_file():
            raise DataError(
                f"{folder}: is there already and was not fetched; move it, or choose another "
                "--data-root"
            )
        shutil.rmtree(folder)
    scratch.replace(folder)
