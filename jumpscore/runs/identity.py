"""Which run a folder holds: what identifies a model, and the folder that a run is kept in.

Answers are only kept for a run whose model is known to be the same. A model that cannot be
identified gets a new numbered folder each time, and so does one whose content has changed behind an
unchanged configuration: edited code, trained weights.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jumpscore.errors import DataError, UsageError
from jumpscore.records import Question
from jumpscore.runs.reader import RUN, read_record, repeat_folders
from jumpscore.runs.record import Identity
from model_wrappers.base import ModelWrapper
from model_wrappers.identity import code_digest, files_digest, is_ours

IDENTIFIED = "identified"
CONTENT = {
    **{f"model.{key}": words for key, words in {
        "code": "the model's code has changed",
        "digest": "the model has changed",
        "weights": "the model's weights have changed",
        "checkpoint_digest": "the checkpoint has changed",
        "files": "a file that the model's options name has changed",
        "answers": "the file of answers has changed",
        IDENTIFIED: "its model cannot be identified",
    }.items()},
    "questions": "the questions have changed",
}  # fmt: skip
"""Parts of an identity that change while the configuration does not, and what to say then."""
LATER = ("code", "questions")
"""Parts that runs of earlier versions lack."""


def model_identity(wrapper: ModelWrapper) -> dict[str, Any]:
    """Return what identifies a model in ``run.json``; ``identified`` is false if nothing does.

    Raises:
        UsageError: The wrapper's own identity cannot be used.
    """
    unknown = {**wrapper.stated(), IDENTIFIED: False}
    code = None
    if wrapper.identified_by_code:
        code = code_digest(type(wrapper), wrapper.code_modules)
    stated = _stated(wrapper)
    if stated is None:
        if type(wrapper).identity is not ModelWrapper.identity:
            return unknown  # it says so itself
        files = files_digest(wrapper.stated()["options"])
        if not wrapper.made_by_name or code is None or files is None:
            return unknown
        stated = wrapper.stated() | ({"files": files} if files else {})
    elif isinstance(stated, str):
        stated = wrapper.stated() | {"digest": stated}
    return {**stated, "code": code} if code else dict(stated)


def _stated(wrapper: ModelWrapper) -> Mapping[str, Any] | str | None:
    """Return the identity that a wrapper states; one that it only inherits may be another's."""
    kind = type(wrapper)
    by = next(base for base in kind.__mro__ if "identity" in vars(base))
    if not wrapper.made_by_name and is_ours(by) and not is_ours(kind):
        return None
    try:
        stated = wrapper.identity()
        json.dumps(stated, allow_nan=False)
    except (TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"model {wrapper.name!r}: identity() gives nothing that can be stored "
            f"({type(error).__name__}: {error}); return a digest as text, a JSON object, or None "
            "while that is unknown (before open(), say)"
        ) from error
    if not isinstance(stated, Mapping | str | None):
        raise UsageError(
            f"model {wrapper.name!r}: identity() gives {stated!r:.100}; return a digest as text, "
            "a JSON object, or None"
        )
    return stated


def questions_digest(questions: Sequence[Question]) -> str:
    """Return a digest of what is asked: ids, prompts and names of media."""
    digest = hashlib.sha256()
    for question in questions:
        turns = [[turn.role, turn.text] for turn in question.history]
        media = [[media.kind, media.path.name] for media in question.media]
        digest.update(json.dumps([question.id, question.prompt, turns, media]).encode() + b"\n")
    return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs between two identities; ``key`` is its dotted path."""

    key: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.key}: {self.old} -> {self.new}"


def differences(old: Identity, new: Identity) -> list[Change]:
    """Return every value that differs between two identities."""
    return _differences(old.model_dump(), new.model_dump(), "")


def _differences(old: Any, new: Any, key: str) -> list[Change]:
    """Return every value that differs between two JSON documents.

    >>> [str(change) for change in _differences({"a": 1, "b": {"c": 2}}, {"b": {"c": 3}}, "")]
    ['a: 1 -> not set', 'b.c: 2 -> 3']
    """
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return [] if old == new else [Change(key, old, new)]
    absent = "not set"
    return [
        change
        for name in dict.fromkeys([*old, *new])
        for change in _differences(
            old.get(name, absent), new.get(name, absent), f"{key}.{name}" if key else name
        )
    ]


def changes(old: Identity, new: Identity, *, ours: bool) -> list[Change]:
    """Return what speaks against resuming a run.

    Args:
        old: Identity of the stored run.
        new: Identity of the run to carry out.
        ours: Whether the model comes with this distribution. Its runs count as identified even if
            they are of a version that stored no digest of code.
    """
    ignored = {"questions"} if old.questions is None else set()
    if ours and "code" not in old.model:
        ignored.add("model.code")
    found = [change for change in differences(old, new) if change.key not in ignored]
    if not (old.model_is_known or new.model_is_known):  # two unknown models may be two models
        found.append(Change(f"model.{IDENTIFIED}", False, False))
    # What follows from another change is left out: that one explains it.
    keys = {change.key for change in found}
    if "model.model" in keys:
        found = [c for c in found if c.key == "model.model" or not c.key.startswith("model.")]
    if any(key.startswith(("task.", "data.")) for key in keys):
        found = [change for change in found if change.key != "questions"]
    return sorted(found, key=lambda change: change.key == "questions")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run is kept.

    Attributes:
        folder: Its folder.
        reason: Why it is not the one that its name says, if it is another.
    """

    folder: Path
    reason: str | None = None


def place_of(folder: Path, identity: Identity, *, ours: bool) -> Place:
    """Return the folder for a run: one that it may resume, the named one, or the next number.

    A new numbered folder is created at once, so that no two processes take the same.

    Args:
        folder: As named; of a run, or of repeats.
        identity: Identity of the run.
        ours: As in ``changes``.
    """
    reason = None
    unknown = not identity.model_is_known
    for place in reversed(_taken(folder)):
        stored = _identity_in(place)
        differing = [] if stored is None else changes(stored, identity, ours=ours)
        if stored is not None and not differing:
            return Place(place)
        reasons = [None] if stored is None else [_reason(change) for change in differing]
        if None not in reasons:
            reason = reason or f"{place}: {reasons[0]}"
        if reason is not None and unknown:
            break
    if reason is None and not unknown:
        return Place(folder)  # a run of another configuration is refused there
    if unknown and reason is None and _may_begin(folder):
        return Place(folder)
    return Place(_next_number(folder), reason or f"{folder}: exists")


def beside_other_data(folder: Path, checksum: str) -> Path:
    """Return a run's folder, with a digest of the data set if another set's run is there.

    For folders that were not named by a person: two data sets may have the same name.
    """
    if not (folder / RUN).is_file() and not repeat_folders(folder):
        return folder
    stored = _identity_in(folder)
    if stored is None or stored.data.checksum == checksum:
        return folder
    return folder.with_name(f"{folder.name}-{checksum[:8]}")


def _taken(folder: Path) -> list[Path]:
    """Return the folder and its numbered ones as far as they hold runs, in order."""
    numbers = [1, *_numbers(folder)]
    places = [folder if number == 1 else _numbered(folder, number) for number in numbers]
    return [place for place in places if (place / RUN).is_file() or repeat_folders(place)]


def _numbers(folder: Path) -> list[int]:
    prefix = f"{folder.name}-"
    try:
        names = [path.name.removeprefix(prefix) for path in folder.parent.iterdir()
                 if path.name.startswith(prefix)]  # fmt: skip
    except OSError:
        return []
    # As this module writes them: -2 and up, no zeros in front; a data set's own number may look so
    # too, and is then a run of another configuration.
    return sorted(
        int(name)
        for name in names
        if name.isascii() and name.isdecimal() and len(name) < 8 and name[0] != "0" and name != "1"
    )


def _numbered(folder: Path, number: int) -> Path:
    return folder.with_name(f"{folder.name}-{number}")


def _identity_in(folder: Path) -> Identity | None:
    """Return the stored identity, or ``None`` if it is damaged; resuming then reports why."""
    repeats = repeat_folders(folder)
    try:
        return read_record(
            repeats[0] if repeats and not (folder / RUN).is_file() else folder
        ).identity
    except DataError:
        return None


def _reason(change: Change) -> str | None:
    """Return in words why a run cannot be resumed, unless its configuration differs."""
    parts = (part for part in CONTENT if f"{change.key}.".startswith(f"{part}."))
    return next((CONTENT[part] for part in parts), None)


def _may_begin(folder: Path) -> bool:
    """Create a folder for a run that has not begun, if it is not there yet."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
    except OSError:
        return not folder.exists()  # then opening it reports what is wrong
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
