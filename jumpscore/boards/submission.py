"""A submission: a folder with ``submission.yaml`` and ``responses.jsonl``, and nothing else.

It comes from a stranger, so everything is checked before it is used: what is in the folder, sizes,
text encodings, keys and values. Scores are never read from it.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from jumpscore.boards.flat_yaml import LARGEST, parse_flat_yaml
from jumpscore.errors import DataError, nearest_names
from jumpscore.jsonio import parse_json
from jumpscore.records import Convention, Response, Usage
from jumpscore.runs.lines import reason_of
from model_wrappers.base import InputKind

FACTS, ANSWERS = "submission.yaml", "responses.jsonl"
LIMITS = {FACTS: LARGEST, ANSWERS: 64 << 20}
"""File of a submission -> size limit in bytes."""
LONGEST_TEXT = 1_000_000
"""Size limit of one answer in characters."""
LABEL = r"[A-Za-z0-9][A-Za-z0-9 ._:/()+@,-]*"
"""Text of names and settings. ASCII only: no letter looks like another alphabet's, and none
reorders a line or is markup in HTML, Markdown or a spreadsheet."""
SETTINGS = ("input", "budget", "recipe", "protocol")
LOOKALIKES = str.maketrans("01i", "oll")

Label = Annotated[str, Field(max_length=40, pattern=f"^{LABEL}$")]
Line = Annotated[str, Field(max_length=200)]


class Submission(BaseModel):
    """The content of ``submission.yaml``.

    Attributes:
        model: Display name of the model.
        wrapper: What ran the model: a wrapper of this package, or another tool.
        task: Name of the task.
        data: Name of the data set.
        checksum: SHA-256 of its annotations.
        protocol: Prompt protocol.
        input: Kind of input that the model received.
        budget: Amount of input, such as ``16 canvases`` or ``8192 visual tokens``.
        recipe: Codec recipe, if the input is canvases.
        contact: Person or team that answers questions; published.
        licence: Licence of the answers; published.
        hardware: Hardware that the model ran on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Annotated[str, Field(max_length=80, pattern=f"^{LABEL}$")]
    wrapper: Label
    task: Label
    data: Label
    checksum: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    protocol: Label
    input: InputKind
    budget: Label | None = None
    recipe: Label | None = None
    contact: Line
    licence: Line
    hardware: Line | None = None

    @field_validator("*")
    @classmethod
    def _is_plain(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not (value.isprintable() and value.strip() == value):
            raise ValueError("must be one line without control or invisible characters")
        if value is not None and info.field_name != "contact" and "//" in value:
            raise ValueError("must not contain an address")
        return value

    @property
    def settings(self) -> dict[str, str]:
        """What sets submissions of one model apart, in words; unset ones are left out."""
        return {name: value for name in SETTINGS if (value := getattr(self, name)) is not None}

    @property
    def slug(self) -> str:
        """Name of its folder on a board and of its page: model and settings."""
        words = " ".join([self.model, *self.settings.values()])
        return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def lookalike(slug: str) -> str:
    """Return a key that is equal for names that look alike.

    >>> lookalike("intern-10b") == lookalike("lntern-lob")
    True
    """
    return slug.translate(LOOKALIKES)


class Answer(BaseModel):
    """One line of ``responses.jsonl``: the raw text, and what scoring needs next to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(max_length=300)]
    text: str
    finish_reason: Literal["stop", "length"] = "stop"
    confidences: tuple[float, ...] | None = None
    convention: Convention | None = None
    image_size: tuple[int, int] | None = None
    usage: Usage = Usage()

    @field_validator("text")
    @classmethod
    def _is_short(cls, value: str) -> str:
        # Not a limit of the field: pydantic would then refuse half of a surrogate pair.
        if len(value) > LONGEST_TEXT:
            raise ValueError(f"has {len(value):,} characters, at most {LONGEST_TEXT:,} are allowed")
        return value

    def response(self) -> Response:
        """Return the answer as a response of the harness."""
        return Response(**{name: getattr(self, name) for name in type(self).model_fields})


@dataclass(frozen=True, slots=True)
class SubmittedFiles:
    """The bytes of a submission's two files.

    Attributes:
        folder: Folder of the submission, for messages.
        facts: Content of ``submission.yaml``.
        answers: Content of ``responses.jsonl``.
    """

    folder: Path
    facts: bytes
    answers: bytes

    def digest(self, *more: str) -> str:
        """Return the SHA-256 of both files and of further facts."""
        digest = hashlib.sha256()
        for part in (self.facts, self.answers, *(text.encode() for text in more)):
            digest.update(f"{len(part)}\0".encode() + part)
        return digest.hexdigest()

    def submission(self) -> Submission:
        """Return the parsed ``submission.yaml``.

        Raises:
            DataError: It is invalid.
        """
        file = self.folder / FACTS
        try:
            return Submission.model_validate(parse_flat_yaml(self.facts))
        except ValidationError as error:
            raise DataError(f"{file}: {_explain(error)}") from None
        except ValueError as error:
            raise DataError(f"{file}: {error}") from None

    def responses(self, ids: Mapping[str, bool]) -> dict[str, Response]:
        """Return the answers by id.

        Args:
            ids: Id of every sample -> whether it must be answered; none may be answered twice.

        Raises:
            DataError: A line is invalid, or an id is unknown, repeated or missing.
        """
        file = self.folder / ANSWERS
        try:
            lines = self.answers.decode("utf-8-sig").split("\n")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{file}: is not UTF-8 at byte {error.start:,}; write it as UTF-8"
            ) from None
        responses: dict[str, Response] = {}
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                answer = Answer.model_validate(parse_json(line, unique_keys=True))
            except ValueError as error:
                raise DataError(
                    f"{file}, line {number:,}: {reason_of(error)}; write "
                    '{"id": "...", "text": "..."}'
                ) from None
            problem = _id_problem(answer.id, ids, responses)
            if problem is not None:
                raise DataError(f"{file}, line {number:,}: {problem}")
            responses[answer.id] = answer.response()
        missing = [name for name, needed in ids.items() if needed and name not in responses]
        if missing:
            raise DataError(
                f"{file}: lacks {len(missing):,} of {len(ids):,} ids, such as {missing[0]!r}; if "
                "the model returned nothing, write an empty text, which scores 0"
            )
        return responses


def _id_problem(name: str, ids: Collection[str], answered: Collection[str]) -> str | None:
    if name in answered:
        return f"the id {name!r:.60} occurs twice; keep one answer per id"
    if name not in ids:
        return f"the id {name!r:.60} is not in the data set{nearest_names(name[:60], ids)}"
    return None


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    key, message = str(first["loc"][0])[:60], reason_of(error)
    if first["type"] == "missing":
        return f"{key!r} is missing; add '{key}: ...'"
    if first["type"] == "extra_forbidden":
        known = list(Submission.model_fields)
        return f"unknown key {key!r}{nearest_names(key, known)}; known: {', '.join(known)}"
    if first["type"] == "string_pattern_mismatch" and key != "checksum":
        return (
            f"{key} is {str(first['input'])!r:.60}; use ASCII letters, digits, spaces and "
            "._:/()+@,- and begin with a letter or digit"
        )
    return f"{message.removeprefix('value error, ')}, not {str(first['input'])!r:.60}"


def read_files(folder: Path) -> SubmittedFiles:
    """Read the two files of a submission after checking what is in its folder.

    Raises:
        DataError: The folder has other files, a file is missing, too large, a link or not a
            regular file.
    """
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, 100)]
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}); check the path") from None
    extra = sorted(set(names) - set(LIMITS))
    if extra:
        raise DataError(
            f"{folder}: contains {extra[0]!r:.60}; a submission has {FACTS} and {ANSWERS} and no "
            "other file: no code, archives or folders. Remove it"
        )
    missing = [name for name in LIMITS if name not in names]
    if missing:
        raise DataError(
            f"{folder}: lacks {missing[0]}; 'jumpscore leaderboard submit RUN' writes a submission"
        )
    return SubmittedFiles(folder, *(_read_file(folder / name) for name in (FACTS, ANSWERS)))


def _read_file(file: Path) -> bytes:
    # Links are refused and a pipe must not block; what was opened is what is checked.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    limit = LIMITS[file.name]
    try:
        if file.is_symlink():
            raise DataError(f"{file}: is a link; replace it by the file itself")
        handle = os.open(file, flags)
        with open(handle, "rb") as source:  # noqa: PTH123 - opens the handle
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise DataError(f"{file}: is not a regular file; replace it by one")
            content = source.read(limit + 1)
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from None
    if len(content) > limit:
        raise DataError(f"{file}: is larger than the limit of {limit:,} bytes; shorten it")
    return content
