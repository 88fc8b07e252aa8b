"""Stored answers: scores any model from a file of its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import field_validator

from jumpscore.data.ids import id_hint
from jumpscore.data.predictions import (
    RESPELLED,
    ROW_NUMBERS,
    StoredAnswer,
    Unreadable,
    read_predictions,
)
from jumpscore.errors import DataError
from jumpscore.records import Question, Response
from jumpscore.video import VisualInput, content_hash
from model_wrappers.base import ModelOptions, ModelWrapper, Request

MOST_HINTS = 3
"""Maximum number of unreadable records that are listed."""


class ReplayOptions(ModelOptions):
    """Options of stored answers.

    Attributes:
        answers: File of answers: JSON, a table, or a log of lmms-eval or inspect_ai; see
            ``docs/answer_files.md``.
        display_name: Name of the model that answered; by default the name of the file.
    """

    answers: Path
    display_name: str | None = None

    @field_validator("answers")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        # A stored run must find its answers from any folder.
        return value.resolve()


class Replay(ModelWrapper):
    """Returns the answers of a file, matched to questions by id."""

    name = "replay"
    inputs = ("none",)
    batch_size = 256
    code_modules = tuple(
        f"jumpscore.data.{name}"
        for name in ("predictions", "answer_files", "answer_tables", "inspect_logs", "ids")
    )
    Options = ReplayOptions
    options: ReplayOptions

    def __init__(self, options: ReplayOptions) -> None:
        super().__init__(options)
        self._file = read_predictions(options.answers)
        self._answers: Mapping[str, StoredAnswer] = self._file
        self._unreadable = {record.id: record for record in self._file.unreadable}
        self.answered_ids = frozenset(self._answers)
        self.answer_notes = self._file.notes
        self.answer_hints = tuple(self._unreadable_hints())

    @property
    def display_name(self) -> str:
        """Name of the model that answered."""
        return self.options.display_name or self.options.answers.stem

    def identity(self) -> Mapping[str, Any]:
        """Return the file's content hash: an edited file counts as another model."""
        return {"model": self.name, "answers": content_hash(self.options.answers)}

    def receive_questions(self, questions: Sequence[Question]) -> None:
        """Match the ids of the file to the questions, including other spellings.

        Raises:
            DataError: No id matches; the message shows one id from each side.
        """
        expected = {q.id: [str(media.path) for media in q.media] for q in questions}
        match = self._file.match(expected)
        ambiguous = "" if match.ambiguous is None else f"; {match.ambiguous}"
        if not match.answer_ids:
            raise DataError(
                f"{self.options.answers}: none of the ids belongs to a sample: "
                f"{id_hint(match.unknown, expected)}{ambiguous}"
            )
        self._answers = {name: self._file[answer] for name, answer in match.answer_ids.items()}
        self.answered_ids = frozenset(self._answers) | frozenset(match.unknown)
        note = ROW_NUMBERS if match.by_row_number else RESPELLED
        respelled = {note: match.respelled} if match.respelled else {}
        self.answer_notes = {**self._file.notes, **respelled}
        hints = self._unreadable_hints()
        if match.unknown:
            hint = id_hint(match.unknown, expected)
            hints.append(f"answers under unknown ids: {len(match.unknown)}; {hint}{ambiguous}")
        self.answer_hints = tuple(hints)

    def _unreadable_hints(self) -> list[str]:
        """List the first records that cannot be read, and count the others."""
        unreadable = self._file.unreadable
        hints = [self._place(record) for record in unreadable[:MOST_HINTS]]
        if len(unreadable) > MOST_HINTS:
            hints.append(f"and {len(unreadable) - MOST_HINTS} more records that cannot be read")
        return hints

    def _place(self, record: Unreadable) -> str:
        named = "" if record.id is None else f" (id {record.id!r:.60})"
        return f"{self.options.answers}, {record.place}{named}: {record.reason}"

    def prepare(self, question: Question, visual: VisualInput | None) -> Request:
        """Look up the answer.

        Raises:
            DataError: The file has no readable answer for this id; the sample is unscored.
        """
        answer = self._answers.get(question.id)
        if answer is None and question.id in self._unreadable:
            raise DataError(self._place(self._unreadable[question.id]))
        if answer is None:
            raise DataError(
                f"{self.options.answers}: no answer for id {question.id!r}; add one; if the "
                "model returned nothing, give it an empty text, which scores 0"
            )
        return Request(question, payload=answer)

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        """Return the stored answers."""
        return [
            Response(
                request.question.id,
                request.payload.text,
                finish_reason=request.payload.finish_reason,
                confidences=request.payload.confidences,
            )
            for request in requests
        ]
