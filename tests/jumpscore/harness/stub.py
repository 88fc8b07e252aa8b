"""A model for tests of the harness."""

from __future__ import annotations

from jumpscore.records import Response
from model_wrappers.base import ModelWrapper


class Stub(ModelWrapper):
    """Answers by a function of the question; counts what it is asked."""

    name = "stub"

    def __init__(self, answer="[0.5, 1.0, 1.5]", *, fail=(), batch_size=1, tag="") -> None:
        super().__init__()
        self.answer, self.fail, self.tag = answer, set(fail), tag
        self.batch_size = batch_size
        self.asked: list[str] = []

    def identity(self):
        return {"model": self.name, "tag": self.tag}

    def generate(self, requests):
        self.asked += [request.question.id for request in requests]
        if self.fail & {request.question.id for request in requests}:
            raise RuntimeError("out of memory")
        return [Response(request.question.id, self.answer) for request in requests]
