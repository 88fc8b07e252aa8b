"""Get the published JumpScore set: downloaded as every set is, and its videos unpacked.

Archives are unpacked member by member: a name that leaves the folder is refused.
"""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from jumpscore.data.archives import Space, unpacking, zip_members
from jumpscore.data.hub import LOCK, download, pinned_revision
from jumpscore.data.layout import read_rows
from jumpscore.data.published import PublishedSet
from jumpscore.errors import DataError, UsageError
from jumpscore.jsonio import write_json

REPOSITORY = "lmms-lab-encoder/JumpScore"
REVISION: str | None = None
"""Commit that a new fetch loads. None is known: no hub was reachable where this was written."""
OTHERWISE = (
    "Options: run the same command where there is a network, and copy the folder here; score "
    "answers without videos through a folder that holds only the parquet rows; or use the rendered "
    "sets (task.data=mini), which need no network."
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched.

    Attributes:
        repository: On the hub.
        revision: Commit, 40 hex digits.
        rows: Rows of the data set.
        videos: Video files that are there.
    """

    repository: str
    revision: str
    rows: int
    videos: int


def fetch(
    folder: str | Path, *, revision: str | None = None, repository: str = REPOSITORY
) -> Fetched:
    """Download, verify and unpack the data set into ``folder``; whole files are kept.

    Args:
        folder: Where to; holds the published layout afterwards.
        revision: Commit to load; by default the one that ``folder`` is pinned to, for a new folder
            ``REVISION``, else the newest, which pins it.
        repository: Data set on the hub.

    Raises:
        DataError: The hub cannot be reached (the message says what to do instead), a checksum is
            wrong, or an archive is damaged or hostile.
        UsageError: ``folder`` is pinned to another revision.
    """
    folder = Path(folder)
    chosen = revision or pinned_revision(folder) or REVISION
    sha = download(repository, folder, revision=chosen, otherwise=OTHERWISE)
    placed: dict[Path, tuple[str, int]] = {}
    for archive in sorted(folder.glob("**/*.zip")):
        _unpack(archive, folder, placed)
    rows = read_rows(folder)
    videos = sum((folder / row.video_path).is_file() for row in rows)
    if videos < len(rows):
        gone = next(row for row in rows if not (folder / row.video_path).is_file())
        raise DataError(
            f"{folder}: {len(rows) - videos} of {len(rows)} videos are missing after unpacking, "
            f"such as {gone.video_path} (id {gone.id}); run the command again"
        )
    fetched = Fetched(repository, sha, len(rows), videos)
    write_json(folder / LOCK, asdict(fetched))
    return fetched


def fetch_jumpscore(
    published: PublishedSet, root: Path, *, revision: str | None = None, source: Path | None = None
) -> Path:
    """Fetch the set into the data root, as ``PublishedSet.fetch`` names it; see ``fetch``.

    Raises:
        UsageError: ``source`` was given.
    """
    if source is not None:
        raise UsageError(
            f"{source}: the published JumpScore set needs no --source; use its folder as task.data"
        )
    fetch(root / published.name, revision=revision)
    return root / published.name


def _unpack(archive: Path, folder: Path, placed: dict[Path, tuple[str, int]]) -> None:
    """Unpack the videos of an archive into ``folder``, each atomically; whole ones are kept.

    Args:
        archive: The archive.
        folder: Folder of the data set.
        placed: File -> (name in its archive, checksum) of what was unpacked before; it grows.
    """
    space = Space(archive, folder)
    with unpacking(archive), zipfile.ZipFile(archive) as packed:
        for member, target in _members(packed, archive, folder):
            name, checksum = placed.setdefault(target, (member.filename, member.CRC))
            if checksum != member.CRC:
                raise DataError(
                    f"{archive}: contains {member.filename[:200]!r}, and {name[:200]!r} is another "
                    f"video of that name; both would be {target.relative_to(folder)}"
                )
            if target.exists() and _crc(target) == member.CRC:
                continue
            space.take(member.filename, member.file_size)
            target.parent.mkdir(parents=True, exist_ok=True)
            scratch = target.with_name(target.name + ".part")
            with packed.open(member) as source, scratch.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
            scratch.replace(target)


def _crc(path: Path) -> int:
    """Return the CRC-32 of a file, as zip archives keep it."""
    found = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            found = zlib.crc32(chunk, found)
    return found


def _members(
    packed: zipfile.ZipFile, archive: Path, folder: Path
) -> Iterator[tuple[zipfile.ZipInfo, Path]]:
    for member, name in zip_members(packed, archive):
        if "__MACOSX" in name.parts:
            continue
        place = name if name.parts[0] == "videos" else PurePosixPath("videos") / name.name
        yield member, folder / place
