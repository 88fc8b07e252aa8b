"""Frozen versions of a data set: which splits they have, and whether a file has changed since.

::

    ropes/                      a project
        versions/2/             a version: complete or absent, and never changed
            SHA256SUMS          checksum of every other file, for ``sha256sum -c``
            version.json        number, splits, what was left out
            test/               a split: a data set in the usual layout
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from jumpscore.data.layout import MANIFEST, data_file
from jumpscore.errors import DataError
from jumpscore.jsonio import write_text
from jumpscore.video import content_hash

PROJECT, VERSIONS, SUMS = "project.json", "versions", "SHA256SUMS"
LARGEST_SUMS = 64 << 20
"""Size limit of a file of checksums in bytes."""
_NUMBER = re.compile(r"[1-9]\d{0,5}")
_SUM = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def version_numbers(project: Path) -> list[int]:
    """Return the numbers of a project's versions, increasing."""
    folder = project / VERSIONS
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return sorted(int(name) for name in names if _NUMBER.fullmatch(name))


def splits_of(version: Path) -> dict[str, Path]:
    """Return the data sets of a version by the name of their split; empty for other folders."""
    if not (version / SUMS).is_file():
        return {}
    return {path.name: path for path in sorted(version.iterdir()) if (path / MANIFEST).is_file()}


def version_of(data: Path) -> Path | None:
    """Return the version that a data set is a split of, or ``None``."""
    version = data.absolute().parent
    return version if data.name in splits_of(version) else None


def not_a_set(folder: Path) -> str | None:
    """Return an error message if a folder is a project or a version, and which paths to use."""
    version, name = folder, "a version"
    if (folder / PROJECT).is_file() and not (folder / MANIFEST).is_file():
        numbers = version_numbers(folder)
        if not numbers:
            return (
                f"{folder}: is a project without a frozen version, not a data set; freeze it with "
                f"'jumpscore data freeze {folder}'"
            )
        version, name = folder / VERSIONS / str(numbers[-1]), "a project"
    paths = " or ".join(str(path) for path in splits_of(version).values())
    return f"{folder}: is {name}, not a data set; use {paths}" if paths else None


def write_sums(version: Path) -> None:
    """Write the checksums of all files of a new version."""
    names = sorted(_files(version))
    lines = [f"{content_hash(version / name)}  {name}\n" for name in names]
    write_text(version / SUMS, "".join(lines))


def verify_version(version: Path) -> list[str]:
    """Compare every file of a version with its checksum.

    Returns:
        One message per changed, missing or added file; empty if the version is as frozen.

    Raises:
        DataError: The file of checksums cannot be read or is malformed.
    """
    expected = _read_sums(version / SUMS)
    present = set(_files(version))
    problems = [f"{version / name}: is missing" for name in expected if name not in present]
    problems += [
        f"{version / name}: was added after the version was frozen"
        for name in sorted(present - expected.keys())
    ]
    for name, checksum in expected.items():
        path, problem = data_file(version, name, column="a path in SHA256SUMS")
        if problem:
            problems.append(f"{version}: {problem}")
        elif name in present and content_hash(path) != checksum:
            problems.append(f"{path}: was changed after the version was frozen")
    return problems


def _read_sums(file: Path) -> dict[str, str]:
    """Return the checksum of every path."""
    try:
        if file.stat().st_size > LARGEST_SUMS:
            raise DataError(f"{file}: is larger than {LARGEST_SUMS:,} bytes; restore it")
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read ({error}); restore it from a copy") from error
    sums = {}
    for number, line in enumerate(lines, start=1):
        match = _SUM.fullmatch(line)
        if match is None:
            raise DataError(
                f"{file}, line {number}: is not a checksum and a path ({line[:80]!r}); restore it"
            )
        sums[match[2]] = match[1]
    return sums


def _files(version: Path) -> Iterator[str]:
    """Yield the paths of all files of a version, without the checksums themselves."""
    for path in version.rglob("*"):
        name = path.relative_to(version).as_posix()
        if (path.is_symlink() or not path.is_dir()) and name != SUMS:
            yield name
