"""Download a data set from the Hugging Face hub: pinned, resumable, verified.

The first download records its commit in ``fetch.json``, and later ones use the same. Complete files
are not downloaded again. Every file is compared with the hub's checksum.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from jumpscore.errors import DataError, UsageError
from jumpscore.jsonio import read_object, write_json
from jumpscore.video import content_hash

LOCK = "fetch.json"


def download(
    repository: str,
    folder: Path,
    *,
    revision: str | None = None,
    patterns: Sequence[str] | None = None,
    otherwise: str = "",
) -> str:
    """Download and verify the files of a data set; complete files are not loaded again.

    Args:
        repository: Data set on the hub.
        folder: Folder for the files.
        revision: Commit or branch to load; by default the one that ``folder`` is pinned to, or the
            newest for a new folder, which is then pinned to it.
        patterns: Shell patterns of the files to load; by default all.
        otherwise: Alternatives if the hub cannot be reached, as sentences.

    Returns:
        The commit, 40 hex digits.

    Raises:
        DataError: The hub cannot be reached (the message lists alternatives), or a checksum is
            wrong.
        UsageError: ``folder`` is pinned to another revision.
    """
    pinned = pinned_revision(folder)
    info = _hub_info(repository, revision or pinned, otherwise)
    if pinned and info.sha != pinned:
        raise UsageError(
            f"{folder}: is pinned to revision {pinned}, not {info.sha}; choose another folder"
        )
    _download(repository, info.sha, folder, patterns, otherwise)
    for sibling in info.siblings or []:
        if not patterns or any(fnmatch(sibling.rfilename, pattern) for pattern in patterns):
            _verify(folder, sibling)
    sha = str(info.sha)
    write_json(folder / LOCK, {"repository": repository, "revision": sha})
    return sha


def pinned_revision(folder: Path) -> str | None:
    """Return the commit that a folder was downloaded from, or ``None``.

    Raises:
        DataError: ``fetch.json`` is damaged.
    """
    lock = folder / LOCK
    if not lock.exists():
        return None
    fix = "delete it to pin the newest revision"
    revision = read_object(lock, fix=fix).get("revision")
    if not isinstance(revision, str):
        raise DataError(f"{lock}: revision is {revision!r:.60}, which is not a text; {fix}")
    return revision


def _hub_info(repository: str, revision: str | None, otherwise: str) -> Any:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    try:
        return HfApi().dataset_info(repository, revision=revision, files_metadata=True, timeout=30)
    except RepositoryNotFoundError as error:
        raise DataError(
            f"{repository}: the hub has no such data set, or you may not read it; accept its terms "
            "on the hub and log in with 'hf auth login'"
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise DataError(_unreached(repository, "does not answer", error, otherwise)) from error
    except Exception as error:
        # Without any network, the client raises errors of its HTTP library.
        if type(error).__module__.split(".")[0] in ("httpx", "httpcore", "httpx2", "httpcore2"):
            message = _unreached(repository, "cannot be reached", error, otherwise)
            raise DataError(message) from error
        raise


def _unreached(repository: str, what: str, error: BaseException, otherwise: str) -> str:
    return f"{repository}: the hub {what} ({_short(error)}). {otherwise}".rstrip()


def _download(
    repository: str,
    revision: str,
    folder: Path,
    patterns: Sequence[str] | None,
    otherwise: str,
) -> None:
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(
            repository,
            repo_type="dataset",
            revision=revision,
            local_dir=folder,
            max_workers=4,
            allow_patterns=list(patterns) if patterns else None,
        )
    except Exception as error:
        # Errors of the client, of its HTTP library (httpx until hub 1, httpx2 since), and an
        # AttributeError if a connection breaks while another thread uses the same client.
        raise DataError(
            f"{folder}: the download stopped ({_short(error)}); run the command again to resume. "
            f"{otherwise}"
        ) from error


def _verify(folder: Path, sibling: Any) -> None:
    """Compare a downloaded file with the hub's checksum.

    Raises:
        DataError: They differ; the file is deleted, so that the next download loads it again.
    """
    path = folder / sibling.rfilename
    if sibling.lfs is not None:
        actual, expected = content_hash(path), sibling.lfs.sha256
    else:
        content = path.read_bytes()
        blob = f"blob {len(content)}\0".encode() + content  # what git hashes
        actual, expected = hashlib.sha1(blob, usedforsecurity=False).hexdigest(), sibling.blob_id
    if expected is not None and actual != expected:
        path.unlink()
        raise DataError(
            f"{path}: has checksum {actual[:12]} instead of {expected[:12]} as on the hub; the "
            "file was deleted, so run the command again"
        )


def _short(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:200]}" if text else type(error).__name__
