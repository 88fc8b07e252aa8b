"""Answers that somebody already has: any model can be scored from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import field_validator

from jumpscore.data.predictions import Prediction, read_predictions
from jumpscore.errors import DataError
from jumpscore.records import Question, Response
from jumpscore.video import VisualInput, content_hash
from model_wrappers.base import ModelOptions, ModelWrapper, Request


class ReplayOptions(ModelOptions):
    """Options of the replay.

    Attributes:
        answers: File of answers: JSONL of ``id`` and ``text`` or ``times``, a JSON object of id to
            times, or what ``lmms-eval --log_samples`` writes.
    """

    answers: Path

    @field_validator("answers")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        # A stored run must find its answers from any folder.
        return value.resolve()


class Replay(ModelWrapper):
    """Hands out the answers of a file, each to the question of its id."""

    name = "replay"
    inputs = ("none",)
    batch_size = 256
    code_modules = (read_predictions.__module__,)
    Options = ReplayOptions
    options: ReplayOptions

    def __init__(self, options: ReplayOptions) -> None:
        super().__init__(options)
        self._answers: Mapping[str, Prediction] = read_predictions(options.answers)
        self.answered_ids = frozenset(self._answers)

    def identity(self) -> Mapping[str, Any]:
        """Return the file's content hash: an edited file is another model."""
        return {"model": self.name, "answers": content_hash(self.options.answers)}

    def prepare(self, question: Question, visual: VisualInput | None) -> Request:
        """Look the answer up.

        Raises:
            DataError: The file has none for this id; the sample stays unscored.
        """
        found = self._answers.get(question.id)
        if found is None:
            raise DataError(
                f"{self.options.answers}: no answer for id {question.id!r}; add one (an empty text "
                "where the model said nothing: that scores as no answer)"
            )
        return Request(question, payload=found)

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
