"""A model that answers from the frames that it is shown; processes of Ray import this module."""

from __future__ import annotations

from jumpscore.records import Response
from model_wrappers.base import ModelWrapper


class Second(ModelWrapper):
    """Answers the time of the second frame, on the clock of what it is shown."""

    name = "second"
    inputs = ("frames", "codec")

    def generate(self, requests):
        return [
            Response(request.question.id, f"[{request.visual.stamps[1].seconds:.2f}]")
            for request in requests
        ]
