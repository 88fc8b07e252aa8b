"""Goals in the image, and scores of answers to them."""

from __future__ import annotations

import numpy as np

from evaluators.traces.rows import Goal
from evaluators.traces.task import Traces, TracesOptions
from jumpscore.records import Response


def score(goal: Goal, text: str, convention=None, **facts):
    task = Traces(TracesOptions(data="none", convention=convention))
    return task.score(goal, Response("a", text, **facts))


def flat(rule: str, trace, *, size=(640, 480), convention="unit") -> Goal:
    fractions = np.array(trace, dtype=float) / ((1, 1) if convention == "unit" else size)
    return Goal(rule, "i.png", size, fractions, convention)
