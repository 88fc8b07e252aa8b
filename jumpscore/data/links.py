"""Check symbolic links: a data set from strangers must not reach files outside of its folder.

Such a file would be decoded, shown, or sent to an endpoint. Links within the folder are allowed,
and so are snapshots in the cache of the Hugging Face hub, which link to the ``blobs`` next to them.
"""

from __future__ import annotations

import os
from pathlib import Path

from jumpscore.errors import DataError


def link_problem(root: Path, path: str, *, column: str = "the file") -> str | None:
    """Return why a file must not be opened if a link leads out of the data set's folder.

    Args:
        root: The data set's folder, which may be a link itself.
        path: Path of the file, relative to ``root``, without ``..``.
        column: Name of the column, for the message.
    """
    # Most sets have no links, and these checks are cheap; resolving a path is not.
    link = _first_link(str(root), path)
    target = None if link is None else _outside(root / path, root)
    if target is None:
        return None
    return (
        f"{column} {path!r:.240} leaves the data set's folder: {link!r:.240} is a link to "
        f"{target!r:.240}; if the set is your own, allow its links with task.allow_links=true"
    )


def check_source(file: Path, source: Path) -> None:
    """Reject a published file if a link leads out of the folder of the published files.

    Raises:
        DataError: The file is outside of the folder.
    """
    target = _outside(file, source)
    if target is not None and file.is_relative_to(source):
        raise DataError(
            f"{file}: is a link to {target}, outside of {source}; if the files are your own, "
            "replace the link by the file itself"
        )


def _outside(file: Path, root: Path) -> str | None:
    """Return the real path of a file if it is neither in ``root`` nor in its hub cache."""
    real, inside = os.path.realpath(file), os.path.realpath(root)
    if _within(real, inside):
        return None
    snapshots = (folder for folder in Path(inside).parents if folder.name == "snapshots")
    if any(_within(real, str(folder.with_name("blobs"))) for folder in snapshots):
        return None
    return real


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _first_link(root: str, path: str) -> str | None:
    """Return the first part of a path below ``root`` that is a link, or ``None``."""
    place = root
    for part in path.split("/"):
        place = f"{place}{os.sep}{part}"
        if os.path.islink(place):  # noqa: PTH114 - called for every file of a set
            return place
    return None
