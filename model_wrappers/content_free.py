"""The blind baseline: answers that never look; for JumpScore a fixed-rate grid of times."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field

from jumpscore.records import Question, Response, Usage
from jumpscore.scoring.controls import GRID_PERIOD, grid_times
from jumpscore.video import VisualInput, probe
from model_wrappers.base import ModelOptions, ModelWrapper, Request, asks_for_count


class ContentFreeOptions(ModelOptions):
    """Options of the blind baseline.

    Attributes:
        period: Seconds between two answered times.
    """

    period: float = Field(default=GRID_PERIOD, gt=0)


class ContentFree(ModelWrapper):
    """Gives the task's blind answer, or a time every ``period`` seconds of the video."""

    name = "content_free"
    answers_blindly = True
    inputs = ("none",)
    batch_size = 64
    Options = ContentFreeOptions
    options: ContentFreeOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._answers: Mapping[str, Response] = {}

    identity = ModelWrapper.stated

    def receive_blind_answers(self, answers: Mapping[str, Response]) -> None:
        """Receive the answers of the task's blind baseline, by id."""
        self._answers = answers

    def prepare(self, question: Question, visual: VisualInput | None) -> Request:
        """Read the length of the video, unless the task has a blind answer."""
        if question.id in self._answers:
            return Request(question)
        info = probe(question.media[0].path).require_whole()
        return Request(question, payload=info.duration, notes=info.notes)

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        """Answer the grid as a JSON list, or its size if the question asks for a count."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Response:
        blind = self._answers.get(request.question.id)
        if blind is not None:
            return replace(blind, usage=Usage(visual=0, visual_source="measured"))
        times = grid_times(request.payload, period=self.options.period)
        text = str(len(times)) if asks_for_count(request.question) else json.dumps(times)
        return Response(request.question.id, text, usage=Usage(visual=0, visual_source="measured"))
