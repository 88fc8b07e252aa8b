"""A fixed-rate grid of times, independent of the video: the blind baseline."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
    """Answers a time every ``period`` seconds over the length of the video."""

    name = "content_free"
    inputs = ("none",)
    batch_size = 64
    Options = ContentFreeOptions
    options: ContentFreeOptions

    def identity(self) -> Mapping[str, Any]:
        """Return name and options, which determine every answer."""
        return self.stated()

    def prepare(self, question: Question, visual: VisualInput | None) -> Request:
        """Read the duration of the video, the only input of this model."""
        info = probe(question.media[0].path).require_whole()
        return Request(question, payload=info.duration, notes=info.notes)

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        """Answer the grid as a JSON list, or its size if the question asks for a count."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Response:
        times = grid_times(request.payload, period=self.options.period)
        text = str(len(times)) if asks_for_count(request.question) else json.dumps(times)
        return Response(request.question.id, text, usage=Usage(visual=0, visual_source="measured"))
