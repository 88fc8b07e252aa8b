"""Download a data set from the Hugging Face hub: pinned, resumable, verified.

The first download writes which commit it got into ``fetch.json``; later ones stay on it. A file
that is whole is not loaded again. Every file is held against the hub's own checksum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from jumpscore.errors import DataError, UsageError
from jumpscore.jsonio import write_json
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
    """Download and verify the files of a data set into ``folder``; whole files are kept.

    Args:
        repository: Data set on the hub.
        folder: Where to.
        revision: Commit or branch to load; by default the one that ``folder`` is pinned to, or for
            a new folder the newest, which pins it.
        patterns: Only files that match one, as a shell would; by default all.
        otherwise: What can be done where the hub cannot be reached, in sentences.

    Returns:
        The commit, 40 hex digits.

    Raises:
        DataError: The hub cannot be reached (the message says what to do instead), or a checksum is
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
    """Return the commit that a folder was loaded from, if it was.

    Raises:
        DataError: The file that says so is damaged.
    """
    lock = folder / LOCK
    if not lock.exists():
        return None
    try:
        return str(json.loads(lock.read_text(encoding="utf-8"))["revision"])
    except (ValueError, KeyError) as error:
        raise DataError(f"{lock}: is damaged ({error}); delete it to pin anew") from error


def _hub_info(repository: str, revision: str | None, otherwise: str) -> Any:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    try:
        return HfApi().dataset_info(repository, revision=revision, files_metadata=True, timeout=30)
    except RepositoryNotFoundError as error:
        raise DataError(f"the hub has no data set {repository!r} that you may read") from error
    except (HfHubHTTPError, OSError) as error:
        raise DataError(_unreached(repository, "does not answer", error, otherwise)) from error
    except Exception as error:
        # The client raises its HTTP library's own errors where there is no network at all.
        if type(error).__module__.split(".")[0] in ("httpx", "httpcore", "httpx2", "httpcore2"):
            told = _unreached(repository, "cannot be reached", error, otherwise)
            raise DataError(told) from error
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
        # The client's own errors, those of its HTTP library (httpx until hub 1, httpx2 since), and
        # an AttributeError if a connection breaks while another thread uses the same client.
        raise DataError(
            f"{folder}: the download stopped ({_short(error)}); run the command again to resume. "
            f"{otherwise}"
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


def _short(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:200]}" if text else type(error).__name__
