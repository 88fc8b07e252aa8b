"""Read one number in an answer, and score it by mean relative accuracy (VSI-Bench, ReVSI)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from evaluators.spatial.lmms_numbers import NUMBER, WORD_NUMBER
from jumpscore.answers.numbers import ReadStatus, read_number
from jumpscore.records import FinishReason

NumberPolicy = Literal["strict", "reference_lmms", "reference_official"]
NumberStatus = ReadStatus

THRESHOLDS: tuple[float, ...] = tuple(k / 100 for k in range(50, 100, 5))
"""Thresholds theta of the mean relative accuracy."""
EDGE = 1e-9
"""Tolerance of the relative error, so that 90 of 100 is within 0.1 in float64."""


@dataclass(frozen=True, slots=True)
class ParsedNumber:
    """Result of a parser.

    Attributes:
        status: ``ok``; ``ambiguous`` (two different numbers); ``partial`` (cut off at the token
            limit; a complete number is kept); ``not_finite``; ``unparseable``.
        policy: The parser used.
        value: The number, or ``None``.
        rejected: Number of other numbers in the answer (``strict``).
        span: Offsets of the number in the original text (``strict``).
    """

    status: NumberStatus
    policy: NumberPolicy
    value: float | None = None
    rejected: int = 0
    span: tuple[int, int] | None = None


def parse_number(
    text: str, *, policy: NumberPolicy = "strict", finish_reason: FinishReason | None = None
) -> ParsedNumber:
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
        return _parse_strict(text, finish_reason)
    value = (NUMBER if policy == "reference_lmms" else WORD_NUMBER).read(text)
    if value is None:
        return ParsedNumber("unparseable", policy)
    finite = math.isfinite(value)
    return ParsedNumber("ok" if finite else "not_finite", policy, value if finite else None)


def _parse_strict(text: str, finish_reason: FinishReason | None) -> ParsedNumber:
    reading = read_number(text, finish_reason=finish_reason)
    return ParsedNumber(reading.status, "strict", reading.value, reading.rejected, reading.span)


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
