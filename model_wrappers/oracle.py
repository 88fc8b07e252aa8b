"""The truth with known faults: for testing metrics, never a result."""

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
"""Of its coordinates, if the benchmark reads them in any."""


class OracleOptions(ModelOptions):
    """Faults that the oracle makes on purpose in times of events; all else it answers as it is.

    Attributes:
        jitter: Standard deviation of the error of every time, in seconds.
        misses: Share of jumps left out.
        insertions: Invented times per true jump.
        seed: Of the faults; each question has a generator of its own.
    """

    jitter: float = Field(default=0.05, ge=0)
    misses: float = Field(default=0.05, ge=0, le=1)
    insertions: float = Field(default=0.05, ge=0, le=10)
    seed: int = Field(default=0, ge=0)


class Oracle(ModelWrapper):
    """Answers the truth; times of events with seeded jitter, misses and insertions.

    The harness shows it the truth only under ``run.expose_truth=true``; the result then says so,
    and leaderboards refuse it.
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

    def identity(self) -> Mapping[str, Any]:
        """Return name and options, from which all answers follow."""
        return self.stated()

    def receive_truth(self, truth: Mapping[str, Any]) -> None:
        """Take the truth of every question.

        It has ``times`` in seconds, or says itself how a right answer reads:
        ``answer(convention)``, with coordinates in that convention. It is asked for its own
        ``convention``, if it has one.
        """
        self._truth = truth

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        """Answer each question with the spoilt truth.

        Raises:
            UsageError: It was not shown the truth.
        """
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Response:
        question = request.question
        if question.id not in self._truth:
            raise UsageError("the oracle was not shown the truth; set run.expose_truth=true")
        truth = self._truth[question.id]
        if not hasattr(truth, "times"):
            convention: Convention = getattr(truth, "convention", None) or CONVENTION
            return Response(question.id, truth.answer(convention), convention=convention)
        times = spoil(np.asarray(truth.times), self.options, salt=question.id)
        rounded = [round(time, 2) for time in times]
        text = str(len(times)) if asks_for_count(question) else json.dumps(rounded)
        return Response(question.id, text)


def spoil(truth: np.ndarray, options: OracleOptions, *, salt: str) -> list[float]:
    """Return true times (seconds, float64 [events]) with the faults of ``options``, sorted.

    The same seed and salt give the same faults.
    """
    generator = np.random.default_rng([options.seed, *salt.encode()])
    kept = truth[generator.random(len(truth)) >= options.misses]
    moved = kept + generator.normal(0.0, options.jitter, size=len(kept))
    invented = generator.poisson(options.insertions * len(truth))
    end = float(truth[-1]) + 1.0 if len(truth) else 1.0
    extra = generator.uniform(0.0, end, size=invented)
    return [max(0.0, float(time)) for time in np.sort(np.concatenate([moved, extra]))]
