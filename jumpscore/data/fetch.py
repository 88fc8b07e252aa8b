"""Download the published JumpScore set and unpack its videos."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from jumpscore.data.archives import Space, unpacking, zip_members
from jumpscore.data.hub import LOCK, download, pinned_revision
from jumpscore.data.layout import read_rows
from jumpscore.data.published import PublishedSet
from jumpscore.errors import DataError, UsageError
from jumpscore.jsonio import sync_file, write_json

OTHERWISE = (
    "Options: run the same command on a machine with network access and copy the folder here; "
    "score answers without videos from a folder with only the parquet file of rows; or use the "
    "rendered sets (task.data=mini), which need no network."
)


def fetch_jumpscore(
    published: PublishedSet, root: Path, *, revision: str | None = None, source: Path | None = None
) -> Path:
    """Download, verify and unpack the set into the data root, in the published layout.

    Complete files are not loaded again.

    Args:
        published: Its row of the catalogue.
        root: Data root.
        revision: Commit to load, to which the folder is then pinned; by default its pinned one,
            otherwise the row's, otherwise the newest.
        source: Must be unset: the published files are themselves a data set.

    Raises:
        DataError: The hub cannot be reached (the message lists alternatives), a checksum is wrong,
            or an archive is damaged or malicious.
        UsageError: The folder is pinned to another revision, or ``source`` was given.
    """
    if source is not None or published.repository is None:
        raise UsageError(
            f"{source}: the published JumpScore set needs no --source; use its folder as task.data"
        )
    folder, repository = root / published.name, published.repository
    revision = revision or pinned_revision(folder) or published.revision
    sha = download(repository, folder, revision=revision, otherwise=OTHERWISE)
    placed: dict[Path, tuple[str, int]] = {}
    for archive in sorted(folder.glob("**/*.zip")):
        _unpack(archive, folder, placed)
    rows = read_rows(folder)
    missing = [row for row in rows if not (folder / row.video_path).is_file()]
    if missing:
        raise DataError(
            f"{folder}: {len(missing)} of {len(rows)} videos are missing after unpacking, such as "
            f"{missing[0].video_path} (id {missing[0].id}); run the command again"
        )
    facts = {"repository": repository, "revision": sha, "rows": len(rows), "videos": len(rows)}
    write_json(folder / LOCK, facts)
    return folder


def _unpack(archive: Path, folder: Path, placed: dict[Path, tuple[str, int]]) -> None:
    """Unpack the videos of an archive into ``folder``, each atomically; complete ones are skipped.

    Args:
        archive: The archive.
        folder: Folder of the data set.
        placed: File -> (name in its archive, checksum) of unpacked videos; new ones are added.
    """
    space = Space(archive, folder)
    with unpacking(archive), zipfile.ZipFile(archive) as packed:
        for member, target in _members(packed, archive, folder):
            name, checksum = placed.setdefault(target, (member.filename, member.CRC))
            if checksum != member.CRC:
                raise DataError(
                    f"{archive}: contains the different videos {member.filename[:200]!r} and "
                    f"{name[:200]!r}, which would both be unpacked to "
                    f"{target.relative_to(folder)}; rename one of them and its row"
                )
            if target.exists() and _crc(target) == member.CRC:
                continue
            space.take(member.filename, member.file_size)
            target.parent.mkdir(parents=True, exist_ok=True)
            scratch = target.with_name(target.name + ".part")
            with packed.open(member) as source, scratch.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
            sync_file(scratch)
            scratch.replace(target)


def _crc(path: Path) -> int:
    """Return the CRC-32 of a file, the checksum in zip archives."""
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            checksum = zlib.crc32(chunk, checksum)
    return checksum


def _members(
    packed: zipfile.ZipFile, archive: Path, folder: Path
) -> Iterator[tuple[zipfile.ZipInfo, Path]]:
    for member, name in zip_members(packed, archive):
        if "__MACOSX" in name.parts:
            continue
        place = name if name.parts[0] == "videos" else PurePosixPath("videos") / name.name
        yield member, folder / place
