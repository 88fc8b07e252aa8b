"""Get the published data set from the Hugging Face hub: pinned, resumable, verified.

The first fetch writes which commit it got into ``fetch.json``; later ones stay on it. A file that
is whole is not loaded again. Every file is held against the hub's own checksum, and archives are
unpacked member by member: a name that leaves the folder is refused.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from jumpscore.data.layout import read_rows
from jumpscore.errors import DataError, UsageError
from jumpscore.jsonio import write_json
from jumpscore.video import content_hash

REPOSITORY = "lmms-lab-encoder/JumpScore"
LOCK = "fetch.json"
LARGEST_MEMBER = 8 << 30
"""Bytes that one unpacked file may have; a bomb stops here."""
OFFLINE = (
    "The published videos cannot be loaded here. Options: run 'jumpscore data fetch --out DIR' on "
    "a machine with a network and copy DIR; score answers without videos through a folder that "
    "holds only the parquet rows; or use task.data=mini (synthetic, rendered on this machine)."
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
        revision: Commit to load; by default the one that ``folder`` is pinned to, or for a new
            folder the newest, which pins it.
        repository: Data set on the hub.

    Raises:
        DataError: The hub cannot be reached (the message says what to do instead), a checksum is
            wrong, or an archive is damaged or hostile.
        UsageError: ``folder`` is pinned to another revision.
    """
    folder = Path(folder)
    pinned = _pinned(folder)
    info = _hub_info(repository, revision or pinned)
    if pinned and info.sha != pinned:
        raise UsageError(
            f"{folder}: is pinned to revision {pinned}, not {info.sha}; choose another folder"
        )
    _download(repository, info.sha, folder)
    for sibling in info.siblings or []:
        _verify(folder, sibling)
    write_json(folder / LOCK, {"repository": repository, "revision": info.sha})
    for archive in sorted(folder.glob("**/*.zip")):
        _unpack(archive, folder)
    rows = read_rows(folder)
    videos = sum((folder / row.video_path).is_file() for row in rows)
    if videos < len(rows):
        gone = next(row for row in rows if not (folder / row.video_path).is_file())
        raise DataError(
            f"{folder}: {len(rows) - videos} of {len(rows)} videos are missing after unpacking, "
            f"such as {gone.video_path} (id {gone.id}); run the command again"
        )
    fetched = Fetched(repository, info.sha, len(rows), videos)
    write_json(folder / LOCK, asdict(fetched))
    return fetched


def _pinned(folder: Path) -> str | None:
    lock = folder / LOCK
    if not lock.exists():
        return None
    try:
        return str(json.loads(lock.read_text(encoding="utf-8"))["revision"])
    except (ValueError, KeyError) as error:
        raise DataError(f"{lock}: is damaged ({error}); delete it to pin anew") from error


def _hub_info(repository: str, revision: str | None) -> Any:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    try:
        return HfApi().dataset_info(repository, revision=revision, files_metadata=True, timeout=30)
    except RepositoryNotFoundError as error:
        raise DataError(f"the hub has no data set {repository!r} that you may read") from error
    except (HfHubHTTPError, OSError) as error:
        raise DataError(f"the hub does not answer ({_short(error)}). {OFFLINE}") from error
    except Exception as error:
        # The client raises its HTTP library's own errors where there is no network at all.
        if type(error).__module__.split(".")[0] in ("httpx", "httpcore", "httpx2", "httpcore2"):
            raise DataError(f"the hub cannot be reached ({_short(error)}). {OFFLINE}") from error
        raise


def _download(repository: str, revision: str, folder: Path) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        snapshot_download(
            repository, repo_type="dataset", revision=revision, local_dir=folder, max_workers=4
        )
    except (HfHubHTTPError, OSError) as error:
        raise DataError(
            f"{folder}: the download stopped ({_short(error)}); run the command again to resume. "
            f"{OFFLINE}"
        ) from error


def _verify(folder: Path, sibling: Any) -> None:
    """Hold a downloaded file against the hub's size and checksum.

    Raises:
        DataError: They differ; the file is removed, so that the next fetch loads it again.
    """
    path = folder / sibling.rfilename
    if sibling.lfs is not None:
        found, expected = content_hash(path), sibling.lfs.sha256
    else:
        found, expected = _git_hash(path), sibling.blob_id
    if expected is not None and found != expected:
        path.unlink()
        raise DataError(
            f"{path}: has checksum {found[:12]}, the hub says {expected[:12]}; it is removed, "
            "run the command again"
        )


def _git_hash(path: Path) -> str:
    """Return git's blob id of a file (SHA-1 over a header and the bytes)."""
    content = path.read_bytes()
    header = f"blob {len(content)}\0".encode()
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack the videos of an archive into ``folder``, each atomically; whole ones are kept."""
    try:
        with zipfile.ZipFile(archive) as packed:
            for member, target in _members(packed, archive, folder):
                if target.exists() and _crc(target) == member.CRC:
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                scratch = target.with_name(target.name + ".part")
                with packed.open(member) as source, scratch.open("wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
                scratch.replace(target)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError) as error:
        raise DataError(
            f"{archive}: cannot be unpacked ({error}); delete it, fetch again"
        ) from error


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
    for member in packed.infolist():
        name = PurePosixPath(member.filename)
        if member.is_dir() or "__MACOSX" in name.parts:
            continue
        if name.is_absolute() or ".." in name.parts or "\\" in member.filename:
            raise DataError(f"{archive}: holds {member.filename!r}, which leaves the folder")
        if member.file_size > LARGEST_MEMBER:
            raise DataError(f"{archive}: {member.filename!r} would unpack to {member.file_size} B")
        inside = name if name.parts[0] == "videos" else PurePosixPath("videos") / name.name
        yield member, folder / inside


def _short(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:200]}" if text else type(error).__name__
