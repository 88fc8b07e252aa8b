"""Published data sets: download one and convert it to this package's layout.

Every set becomes a folder ``<data root>/<name>`` that a task reads without a network. Published
files have their own columns, so each family of tasks has a converter to rows and files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jumpscore.data.hub import LOCK, download, pinned_revision
from jumpscore.data.layout import Manifest
from jumpscore.errors import DataError, UsageError
from jumpscore.jsonio import read_object, replacing_folder, write_json
from jumpscore.registry import imported

Fetch = Callable[..., Path]
"""``fetch(set, root, *, revision, source)`` puts a set into the data root; returns its folder."""
Converter = Callable[["PublishedSet", Path, Path], None]
"""Function (set, folder with the published files, new folder) that fills the new folder.

It raises ``DataError`` if the published files are invalid.
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
        note: Instructions for users, or empty.
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

    @property
    def manifest(self) -> Manifest:
        """Manifest of the converted set."""
        return Manifest(self.name, licence=self.licence, source=self.title)

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
        folder: Path = imported(self.fetch)(self, root, revision=revision, source=source)
        return folder


def fetch_set(
    published: PublishedSet,
    root: Path,
    *,
    revision: str | None = None,
    source: Path | None = None,
) -> Path:
    """Download and convert a published set, and return its folder in ``root``.

    Downloads are stored in ``root/.sources/<name>``, pinned to a commit, and not loaded again.

    Args:
        published: The data set.
        root: Data root.
        revision: Commit to load; by default the one that was loaded before, otherwise the set's
            ``revision``, otherwise the newest.
        source: Folder with the published files, to use instead of a download.

    Raises:
        DataError: The download fails, or the published files are invalid.
        UsageError: The set is not on the hub, or is pinned to another revision.
    """
    folder = root / published.name
    origin: dict[str, object] = {"source": str(source)}
    if source is None:
        if published.repository is None:
            raise UsageError(
                f"{published.name}: is not on the hub ({published.note}); give the folder with its "
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
        raise UsageError(
            f"{source}: no such folder; --source must be the folder with the published files"
        )
    else:
        # A folder that was downloaded elsewhere records its commit.
        origin = origin_of(source) | origin
    _refuse_strangers(folder)
    convert: Converter = imported(published.convert)
    with replacing_folder(folder) as scratch:
        convert(published, source, scratch)
        write_json(scratch / LOCK, origin)
    return folder


def origin_of(folder: Path) -> dict[str, object]:
    """Return the origin of a set: repository and revision, or a folder; empty if not recorded."""
    lock = folder / LOCK
    return read_object(lock, fix="fetch the set again") if lock.is_file() else {}


def _otherwise(published: PublishedSet) -> str:
    """Return the alternatives if the hub cannot be reached."""
    files = f" ({', '.join(published.patterns)})" if published.patterns else ""
    return (
        "Options: run the same command on a machine with network access and copy the data root "
        f"here; download the files of {published.repository}{files} in another way and give their "
        f"folder as --source DIR; or leave out task.data, because the rendered set of "
        f"task={published.task} needs no network."
    )


def _refuse_strangers(folder: Path) -> None:
    """Check that a folder may be replaced: it is new, or was written here.

    Raises:
        DataError: It was not written here.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / LOCK).is_file():
        raise DataError(
            f"{folder}: exists already and was not created by this command; move it, or choose "
            "another --data-root"
        )
