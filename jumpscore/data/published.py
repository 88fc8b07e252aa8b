"""Published data sets as rows of a table, and how one is brought into this package's layout.

Every set ends as a folder ``<data root>/<name>`` that a task reads without a network. What the hub
holds has columns of its own; a converter per family turns it into rows and files.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from jumpscore.data.hub import LOCK, download, pinned_revision
from jumpscore.data.layout import MANIFEST
from jumpscore.errors import DataError, UsageError
from jumpscore.jsonio import read_object, write_json

Converter = Callable[["PublishedSet", Path, Path], None]
"""(set, folder with the published files, new folder) -> rows, manifest and files in the new one.

Raises ``DataError`` where the published files are not what they should be.
"""


@dataclass(frozen=True, slots=True)
class PublishedSet:
    """A data set that others publish.

    Attributes:
        name: Of the set here; the name of its folder and of ``task.data``.
        task: That asks about it.
        title: One line that says what it is.
        repository: On the Hugging Face hub; ``None`` where its owners give it out otherwise, and
            ``note`` says how.
        split: Of the published rows, where they have splits.
        patterns: Files of the repository that are needed, as a shell would match them; empty: all.
        licence: As its owners state it.
        convert: ``"module:function"``, a ``Converter``.
        note: What a user must do or know, where anything.
        revision: Commit that a new fetch loads; ``None`` where none is known, and the newest is
            loaded. ``fetch.json`` says which one came.
    """

    name: str
    task: str
    title: str
    repository: str | None
    convert: str
    split: str = "test"
    patterns: tuple[str, ...] = ()
    licence: str = "unknown"
    note: str = ""
    revision: str | None = None


def fetch_set(
    published: PublishedSet,
    root: Path,
    *,
    revision: str | None = None,
    source: Path | None = None,
) -> Path:
    """Bring a published set into ``root``, and return its folder.

    What is loaded is kept beside it in ``root/.sources/<name>``, pinned to a commit: fetching
    again loads nothing that is whole.

    Args:
        published: The set.
        root: The data root.
        revision: Commit to load; by default the one that was loaded before, else the set's
            ``revision``, else the newest.
        source: Folder with the published files, where they are here already; nothing is loaded.

    Raises:
        DataError: It cannot be loaded, or the files are not what they should be.
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
        raise UsageError(f"{source}: no such folder; it should hold the published files")
    else:
        # A folder that was fetched elsewhere says itself which commit it holds.
        origin = origin_of(source) | origin
    scratch = root / f".{published.name}.{os.getpid()}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        _converter(published)(published, source, scratch)
        write_json(scratch / LOCK, origin)
        _replace(folder, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def is_fetched(published: PublishedSet, root: Path) -> bool:
    """Whether the set lies in the data root."""
    return (root / published.name / MANIFEST).is_file()


def origin_of(folder: Path) -> dict[str, object]:
    """Return where a fetched set came from: repository and revision, or a folder; else nothing."""
    lock = folder / LOCK
    return read_object(lock, fix="fetch the set again") if lock.is_file() else {}


def _otherwise(published: PublishedSet) -> str:
    """Return what can be done where the hub cannot be reached."""
    files = f" ({', '.join(published.patterns)})" if published.patterns else ""
    return (
        "Options: run the same command where there is a network, and copy the data root here; load "
        f"the files of {published.repository}{files} by other means, and give their folder as "
        f"--source FOLDER; or leave out task.data: the rendered set of task={published.task} needs "
        "no network."
    )


def _converter(published: PublishedSet) -> Converter:
    module, _, name = published.convert.partition(":")
    found: Converter = getattr(import_module(module), name)
    return found


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
