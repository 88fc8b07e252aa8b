"""The folder of a run: the one of its name, or a numbered one next to it.

A run is resumed only if its model is certain to be the same. A model that cannot be identified gets
a new numbered folder each time; so does one whose content has changed although the configuration
has not: edited code, trained weights.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jumpscore.errors import DataError
from jumpscore.runs.identity import changes, reason_for
from jumpscore.runs.reader import RUN, holds_repeats, read_record, repeat_folders
from jumpscore.runs.record import Identity


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of a run.

    Attributes:
        folder: The folder.
        reason: Why it differs from the folder of that name; ``None`` if it does not.
    """

    folder: Path
    reason: str | None = None


def place_of(folder: Path, identity: Identity, *, ours: bool) -> Place:
    """Return the folder for a run: one that it can resume, the named one, or the next number.

    A new numbered folder is created at once, so that two processes never take the same one.

    Args:
        folder: Folder of that name, for a run or for repeats.
        identity: Identity of the run to carry out.
        ours: As in ``changes``.
    """
    reason = None
    unknown = not identity.model_is_known
    numbered = [_numbered(folder, number) for number in reversed(_numbers(folder))]
    for place in [*numbered, folder]:
        if not ((place / RUN).is_file() or repeat_folders(place)):
            continue
        stored = _identity_in(place)
        differing = [] if stored is None else changes(stored, identity, ours=ours)
        if stored is not None and not differing:
            return Place(place)
        reasons = [None] if stored is None else [reason_for(change) for change in differing]
        if None not in reasons:
            reason = reason or f"{place}: {reasons[0]}"
        if reason is not None and unknown:
            break
    if reason is None and not unknown:
        return Place(folder)  # if it contains another configuration, opening it refuses
    if unknown and reason is None and _may_begin(folder):
        return Place(folder)
    return Place(_next_number(folder), reason or f"{folder}: exists")


def name_of(parts: Iterable[str]) -> str:
    """Return the name of a run's folder: no separators, no leading dots, no endless names.

    The names of data sets and files in it are hostile.
    """
    return re.sub(r"[^\w.-]+", "_", "-".join(parts))[:120]


def beside_other_data(folder: Path, checksum: str) -> Path:
    """Return a run's folder, with a digest of the data set if it contains a run on another set.

    For folders that a person did not name: two data sets may have the same name.
    """
    if not (folder / RUN).is_file() and not repeat_folders(folder):
        return folder
    stored = _identity_in(folder)
    if stored is None or stored.data.checksum == checksum:
        return folder
    return folder.with_name(f"{folder.name}-{checksum[:8]}")


def _numbers(folder: Path) -> list[int]:
    prefix = f"{folder.name}-"
    try:
        names = [path.name.removeprefix(prefix) for path in folder.parent.iterdir()
                 if path.name.startswith(prefix)]  # fmt: skip
    except OSError:
        return []
    # As this module writes them: from -2, without leading zeros. The name of a data set may end in
    # such a number too; its run then has another configuration.
    return sorted(
        int(name)
        for name in names
        if name.isascii() and name.isdecimal() and len(name) < 8 and name[0] != "0" and name != "1"
    )


def _numbered(folder: Path, number: int) -> Path:
    return folder.with_name(f"{folder.name}-{number}")


def _identity_in(folder: Path) -> Identity | None:
    """Return the stored identity, or ``None`` if it is damaged: opening the run reports why."""
    place = repeat_folders(folder)[0] if holds_repeats(folder) else folder
    try:
        return read_record(place).identity
    except DataError:
        return None


def _may_begin(folder: Path) -> bool:
    """Create the folder of a new run; return False if another process has."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
    except OSError:
        return not folder.exists()  # opening it reports what is wrong
    return True


def _next_number(folder: Path) -> Path:
    number = max([1, *_numbers(folder)])
    while True:
        number += 1
        place = _numbered(folder, number)
        try:
            place.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError:
            pass  # opening it reports what is wrong
        return place
