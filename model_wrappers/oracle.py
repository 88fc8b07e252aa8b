"""The ground truth with known errors: for testing metrics, never a result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import Field

from jumpscore.errors import UsageError
from jumpscore.records import Convention, Response
from model_wrappers.base import ModelOptions, ModelWrapper, Request, asks_for_count

CONVENTION: Convention = "relative_1000"
"""Coordinate convention of its answers, if the benchmark accepts any."""


class OracleOptions(ModelOptions):
    """Deliberate errors in the times of events; all other answers are exact.

    Attributes:
        jitter: Standard deviation of the error of every time, in seconds.
        misses: Share of jumps left out.
        insertions: Invented times per true jump.
        seed: Seed of the errors; each question has its own generator.
    """

    jitter: float = Field(default=0.05, ge=0)
    misses: float = Field(default=0.05, ge=0, le=1)
    insertions: float = Field(default=0.05, ge=0, le=10)
    seed: int = Field(default=0, ge=0)


class Oracle(ModelWrapper):
    """Answers the truth; times of events with seeded jitter, misses and insertions.

    It gets the truth only under ``run.expose_truth=true``; the result records that, and
    leaderboards refuse it.
    """

    name = "oracle"
    inputs = ("none",)
    needs_truth = True
    batch_size = 64
    Options = OracleOptions
    options: OracleOptions

    def __init__(self, options: OracleOptions | None = None) -> None:
        super().__init__(options)
        self._truth: Mapping[str, Any] = {}

    identity = ModelWrapper.stated

    def receive_truth(self, truth: Mapping[str, Any]) -> None:
        """Receive the truth of every question.

        A truth has ``times`` in seconds, or a method ``answer(convention)`` that returns a right
        answer with coordinates in that convention; its own ``convention``, if it has one.
        """
        self._truth = truth

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        """Answer each question with the truth and its deliberate errors.

        Raises:
            UsageError: It did not receive the truth.
        """
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Response:
        question = request.question
        if question.id not in self._truth:
            raise UsageError("the oracle needs the ground truth; set run.expose_truth=true")
        truth = self._truth[question.id]
        if not hasattr(truth, "times"):
            convention: Convention = getattr(truth, "convention", None) or CONVENTION
            return Response(question.id, truth.answer(convention), convention=convention)
        times = with_errors(np.asarray(truth.times), self.options, salt=question.id)
        rounded = [round(time, 2) for time in times]
        text = str(len(times)) if asks_for_count(question) else json.dumps(rounded)
        return Response(question.id, text)


def with_errors(truth: np.ndarray, options: OracleOptions, *, salt: str) -> list[float]:
    """Return true times (seconds, float64 [events]) with the errors of ``options``, sorted.

    The same seed and salt give the same errors.
    """
    generator = np.random.default_rng([options.seed, *salt.encode()])
    reported = truth[generator.random(len(truth)) >= options.misses]
    moved = reported + generator.normal(0.0, options.jitter, size=len(reported))
    invented = generator.poisson(options.insertions * len(truth))
    end = float(truth[-1]) + 1.0 if len(truth) else 1.0
    extra = generator.uniform(0.0, end, size=invented)
    return [max(0.0, float(time)) for time in np.sort(np.concatenate([moved, extra]))]
