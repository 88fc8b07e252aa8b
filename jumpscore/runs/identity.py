"""What identifies a model and a run, and what differs between two identities."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jumpscore.errors import UsageError
from jumpscore.records import Question
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
"""Parts of an identity that can change without the configuration -> message for that case."""


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
            return unknown  # the wrapper returned None itself
        files = files_digest(wrapper.stated()["options"])
        if not wrapper.made_by_name or code is None or files is None:
            return unknown
        stated = wrapper.stated() | ({"files": files} if files else {})
    elif isinstance(stated, str):
        stated = wrapper.stated() | {"digest": stated}
    return {**stated, "code": code} if code else dict(stated)


def _stated(wrapper: ModelWrapper) -> Mapping[str, Any] | str | None:
    """Return the identity that a wrapper states. An inherited one may belong to another model."""
    kind = type(wrapper)
    by = next(base for base in kind.__mro__ if "identity" in vars(base))
    if not wrapper.made_by_name and is_ours(by) and not is_ours(kind):
        return None
    try:
        stated = wrapper.identity()
        json.dumps(stated, allow_nan=False)
    except (TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"model {wrapper.name!r}: identity() must return a digest as text, a JSON object, or "
            "None while the identity is unknown (for example before open()); its value cannot be "
            f"stored ({type(error).__name__}: {error})"
        ) from error
    if not isinstance(stated, Mapping | str | None):
        raise UsageError(
            f"model {wrapper.name!r}: identity() returned {stated!r:.100}; return a digest as "
            "text, a JSON object, or None"
        )
    return stated


def questions_digest(questions: Sequence[Question]) -> str:
    """Return a digest of the questions: ids, prompts and names of media files."""
    digest = hashlib.sha256()
    for question in questions:
        turns = [[turn.role, turn.text] for turn in question.history]
        media = [[media.kind, media.path.name] for media in question.media]
        digest.update(json.dumps([question.id, question.prompt, turns, media]).encode() + b"\n")
    return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs between two identities; ``key`` is its dotted path.

    ``None`` means that the value is not set.
    """

    key: str
    old: Any
    new: Any

    def __str__(self) -> str:
        old, new = ("unset" if value is None else value for value in (self.old, self.new))
        return f"{self.key}: {old} -> {new}"


def differences(old: Identity, new: Identity) -> list[Change]:
    """Return every value that differs between two identities."""
    return document_differences(old.model_dump(), new.model_dump())


def document_differences(old: Any, new: Any, key: str = "") -> list[Change]:
    """Return every value that differs between two JSON documents.

    >>> list(map(str, document_differences({"a": 1, "b": {"c": None}}, {"b": {"c": 3}})))
    ['a: 1 -> unset', 'b.c: unset -> 3']
    """
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return [] if old == new else [Change(key, old, new)]
    return [
        change
        for name in dict.fromkeys([*old, *new])
        for change in document_differences(
            old.get(name), new.get(name), f"{key}.{name}" if key else name
        )
    ]


def changes(old: Identity, new: Identity, *, ours: bool) -> list[Change]:
    """Return the changes that forbid resuming a run; empty if it can be resumed.

    Args:
        old: Identity of the stored run.
        new: Identity of the run to carry out.
        ours: Whether the model comes with this distribution. Then a run counts as identified even
            if its version of the package did not store a digest of the code.
    """
    ignored = {"questions"} if old.questions is None else set()
    if ours and "code" not in old.model:
        ignored.add("model.code")
    listed = [change for change in differences(old, new) if change.key not in ignored]
    if not (old.model_is_known or new.model_is_known):  # two unknown models may be two models
        listed.append(Change(f"model.{IDENTIFIED}", False, False))
    # What follows from another change is left out: that one explains it.
    keys = {change.key for change in listed}
    if "model.model" in keys:
        listed = [c for c in listed if c.key == "model.model" or not c.key.startswith("model.")]
    if any(key.startswith(("task.", "data.", "selection.")) for key in keys):
        listed = [change for change in listed if change.key != "questions"]
    return sorted(listed, key=lambda change: change.key == "questions")


def reason_for(change: Change) -> str | None:
    """Return in words why a run cannot be resumed, unless its configuration differs."""
    parts = (part for part in CONTENT if f"{change.key}.".startswith(f"{part}."))
    return next((CONTENT[part] for part in parts), None)
