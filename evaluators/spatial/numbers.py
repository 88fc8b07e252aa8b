"""Read one number in an answer, and score it by mean relative accuracy (VSI-Bench, ReVSI)."""

from __future__ import annotations

import math
from typing import Literal, get_args

from evaluators.spatial.lmms_numbers import NUMBER, WORD_NUMBER
from jumpscore.answers.numbers import Reading, read_number
from jumpscore.records import FinishReason

NumberPolicy = Literal["strict", "reference_lmms", "reference_official"]

THRESHOLDS: tuple[float, ...] = tuple(k / 100 for k in range(50, 100, 5))
"""Thresholds theta of the mean relative accuracy."""
EDGE = 1e-9
"""Tolerance of the relative error, so that 90 of 100 is within 0.1 in float64."""


def parse_number(
    text: str, *, policy: NumberPolicy = "strict", finish_reason: FinishReason | None = None
) -> Reading:
    """Read the one number in an answer, in digits or in English words.

    Args:
        text: The whole answer.
        policy: ``strict``: two different numbers are ``ambiguous``, unless one follows
            ``answer is`` or is alone on the first or last line.
            ``reference_lmms``: the first number, ``1,200`` is 1.
            ``reference_official``: the first word, if it is a number.
        finish_reason: ``"length"`` if the model was stopped at its token limit.

    Raises:
        ValueError: The policy is unknown.

    >>> parse_number("about 1,200 m").value
    1200.0
    >>> parse_number("1,200", policy="reference_lmms").value
    1.0
    >>> parse_number("ten point five").value
    10.5
    """
    if policy not in get_args(NumberPolicy):
        raise ValueError(f"policy {policy!r} is not one of {', '.join(get_args(NumberPolicy))}")
    if policy == "strict":
        return read_number(text, finish_reason=finish_reason)
    value = (NUMBER if policy == "reference_lmms" else WORD_NUMBER).read(text)
    if value is None:
        return Reading("unparseable")
    finite = math.isfinite(value)
    return Reading("ok" if finite else "not_finite", value if finite else None)


def mean_relative_accuracy(prediction: float | None, truth: float) -> float:
    """Return MRA, 0..1: the share of theta in 0.50, 0.55, ..., 0.95 with error at most 1 - theta.

    The error is ``|prediction - truth| / |truth|`` (Yang et al., "Thinking in Space", 2024). For
    truth 0 it is undefined, and only an exact match counts.

    Args:
        prediction: Answered number; ``None`` and infinite numbers score 0.
        truth: True number, in the same unit.

    Raises:
        ValueError: The truth is not finite.

    >>> mean_relative_accuracy(5, 4)
    0.6
    """
    if not math.isfinite(truth):
        raise ValueError(f"truth {truth} must be a finite number")
    if prediction is None or not math.isfinite(prediction):
        return 0.0
    if truth == 0:
        return float(prediction == 0)
    error = abs(prediction - truth) / abs(truth) - EDGE
    return sum(error <= 1 - theta for theta in THRESHOLDS) / len(THRESHOLDS)
