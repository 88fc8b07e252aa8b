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
from jumpscore.runs.reader import RUN, read_facts, repeat_folders
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


def differences(old: Any, new: Any, where: str = "") -> list[str]:
    """Return one line per value that differs between two JSON documents.

    >>> differences({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}})
    ['b.c: 2 -> 3']
    """
    if isinstance(old, dict) and isinstance(new, dict):
        keys = list(dict.fromkeys([*old, *new]))
        absent = "not set"
        return [
            line
            for key in keys
            for line in differences(
                old.get(key, absent), new.get(key, absent), f"{where}.{key}" if where else key
            )
        ]
    return [] if old == new else [f"{where}: {old} -> {new}"]


def changes(old: Mapping[str, Any], new: Mapping[str, Any], *, ours: bool) -> list[str]:
    """Return what differs between two identities, one line each.

    Args:
        old: As stored.
        new: Of now.
        ours: Whether the model comes with this distribution: then its runs of versions that stored
            no digest of code are identified all the same.
    """
    # Through JSON, so that tuples equal the lists that were stored.
    now = json.loads(json.dumps(new))
    lines = differences(old, now)
    model = old.get("model")
    if "questions" not in old:
        lines = [line for line in lines if not line.startswith("questions: ")]
    if ours and isinstance(model, dict) and "code" not in model:
        lines = [line for line in lines if not line.startswith("model.code: ")]
    unknown = isinstance(model, dict) and model.get(IDENTIFIED) is False
    if unknown and not any(line.startswith(f"model.{IDENTIFIED}: ") for line in lines):
        lines.append(f"model.{IDENTIFIED}: False -> False")
    # Other questions mostly follow from something else that has changed, which says more.
    return sorted(lines, key=lambda line: line.startswith("questions: "))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run is kept.

    Attributes:
        folder: Its folder.
        reason: Why it is not the one that its name says, if it is another.
    """

    folder: Path
    reason: str | None = None


def place_of(folder: Path, identity: Mapping[str, Any], *, ours: bool) -> Place:
    """Return the folder for a run: one that it may resume, the named one, or the next number.

    A new numbered folder is created at once, so that no two processes take the same.

    Args:
        folder: As named; of a run, or of repeats.
        identity: Identity of the run.
        ours: As in ``changes``.
    """
    reason = None
    unknown = identity["model"].get(IDENTIFIED) is False
    for place in reversed(_taken(folder)):
        lines = changes(_identity_in(place), identity, ours=ours)
        if not lines:
            return Place(place)
        reasons = [_reason(line) for line in lines]
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
    stored = _identity_in(folder).get("data")
    if not isinstance(stored, dict) or stored.get("checksum") in (checksum, None):
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


def _identity_in(folder: Path) -> Mapping[str, Any]:
    """Return the stored identity; empty if it cannot be read, which resuming then reports."""
    repeats = repeat_folders(folder)
    try:
        facts = read_facts(repeats[0] if repeats and not (folder / RUN).is_file() else folder)
    except DataError:
        return {}
    identity: Mapping[str, Any] = facts["identity"]
    return identity


def _reason(line: str) -> str | None:
    """Return in words why a run may not be resumed, if not for its configuration."""
    key = line.partition(": ")[0]
    known = (words for part, words in CONTENT.items() if key == part or key.startswith(f"{part}."))
    return next(known, None)


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
