"""Read one number in an answer, and score it by mean relative accuracy (VSI-Bench, ReVSI)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from evaluators.spatial.reference_readers import first_number, first_word
from jumpscore.records import FinishReason
from jumpscore.scoring.parsing import answer_window

NumberPolicy = Literal["strict", "reference_lmms", "reference_official"]
NumberStatus = Literal["ok", "ambiguous", "partial", "not_finite", "unparseable"]

THRESHOLDS: tuple[float, ...] = tuple(k / 100 for k in range(50, 100, 5))
"""theta of the mean relative accuracy."""
EDGE = 1e-9
"""Relative error added, so that 90 of 100 is within 0.1 in float64 too."""

_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
_SMALL += "fifteen sixteen seventeen eighteen nineteen"
_UNITS = {word: value for value, word in enumerate(_SMALL.split())}
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_POWERS = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_WORD = "|".join(sorted([*_UNITS, *_TENS, *_POWERS], key=len, reverse=True))
_WORDS = rf"(?:{_WORD})(?:[\s-]{{1,3}}(?:and\s{{1,3}})?(?:{_WORD})\b)*"
_TOKEN = re.compile(
    rf"(?<![\w.])(?P<digits>[+-]?(?:\d{{1,3}}(?:,\d{{3}}){{1,5}}(?![\d,])(?:\.\d{{1,30}})?"
    rf"|\d++(?:\.\d++)?+|\.\d++)(?:e[+-]?\d++)?+)(?!\d|\.\d)"
    rf"|\b(?P<words>{_WORDS})\b(?:\spoint(?P<decimals>(?:\s(?:{'|'.join(_SMALL.split()[:10])})\b){{1,9}}))?",
    re.IGNORECASE,
)
_FRACTION = re.compile(
    r"[\s-]{1,3}(?:and\s)?(?:an?\s|one\s)?(?:hal(?:f|ves)|quarters?|thirds?)\b(?!-)"
    r"|\s?[½¼¾⅓⅔]|[²³]",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"\banswer(?:\s{1,3}is|\s?:|\s?=)[\s*:$({]{0,6}(?:\\boxed\{)?(?:about\s)?\Z", re.I
)


@dataclass(frozen=True, slots=True)
class ParsedNumber:
    """What a parser read in an answer.

    Attributes:
        status: ``ok``; ``ambiguous`` (two different numbers); ``partial`` (cut off at the token
            limit; a whole number is kept); ``not_finite``; ``unparseable``.
        policy: Which parser read it.
        value: The number, or ``None``.
    """

    status: NumberStatus
    policy: NumberPolicy
    value: float | None = None


def parse_number(
    text: str, *, policy: NumberPolicy = "strict", finish_reason: FinishReason | None = None
) -> ParsedNumber:
    """Read the one number that an answer gives, in digits or in English words.

    Args:
        text: The answer, whole.
        policy: ``strict``: two different numbers are ``ambiguous``, unless one stands behind
            ``answer is``. ``reference_lmms``: the first number, ``1,200`` is 1.
            ``reference_official``: the first word, if it is a number.
        finish_reason: ``"length"`` where the model was stopped at its token limit.

    Raises:
        ValueError: The policy is not known.

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
        return _parse_strict(text, cut=finish_reason == "length")
    value = first_number(text) if policy == "reference_lmms" else first_word(text)
    if value is None:
        return ParsedNumber("unparseable", policy)
    finite = math.isfinite(value)
    return ParsedNumber("ok" if finite else "not_finite", policy, value if finite else None)


def _parse_strict(text: str, *, cut: bool) -> ParsedNumber:
    low, high, _ = answer_window(text)
    answer = text[low:high]
    end = len(answer.rstrip()) if cut else len(answer) + 1
    found = [(value, start) for value, start, stop in _numbers(answer) if stop < end]
    asked = {value for value, start in found if _ASKED.search(answer, max(0, start - 60), start)}
    values = asked or {value for value, _ in found}
    if len(values) != 1:
        status: NumberStatus = "partial" if cut else "ambiguous" if values else "unparseable"
        return ParsedNumber(status, "strict")
    [value] = values
    if value is None:
        return ParsedNumber("partial" if cut else "unparseable", "strict")
    if not math.isfinite(value):
        return ParsedNumber("not_finite", "strict")
    return ParsedNumber("partial" if cut else "ok", "strict", value)


def _numbers(answer: str) -> Iterator[tuple[float | None, int, int]]:
    """Yield (value, start, end) of every number in digits or words; no value of fractions."""
    for match in _TOKEN.finditer(answer):
        if match["digits"]:
            value = float(match["digits"].replace(",", ""))
        else:
            value = _word_value(match["words"])
            digits = [str(_UNITS[word]) for word in (match["decimals"] or "").lower().split()]
            value += float("0." + "".join(digits)) if digits else 0.0
        fraction = _FRACTION.match(answer, match.end())
        yield None if fraction else value, match.start(), match.end()


def _word_value(words: str) -> float:
    """Return the value of number words.

    >>> _word_value("three hundred and twenty-one")
    321.0
    """
    total = current = 0.0
    for word in re.split(r"[\s-]+", words.lower()):
        if word in _POWERS:
            current = (current or 1.0) * _POWERS[word]
            if word != "hundred":
                total, current = total + current, 0.0
        else:
            current += _UNITS.get(word, 0) + _TENS.get(word, 0)
    return total + current


def mean_relative_accuracy(prediction: float | None, truth: float) -> float:
    """Return MRA, 0..1: the share of theta in 0.50, 0.55, ..., 0.95 with error at most 1 - theta.

    The error is ``|prediction - truth| / |truth|`` (Yang et al., "Thinking in Space", 2024). Of
    truth 0 it is not defined: then only an exact match counts.

    Args:
        prediction: Answered number; ``None`` or not finite scores 0.
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


def grouped_means(
    scores: Iterable[tuple[str, float]], groups: Mapping[str, str] | None = None
) -> tuple[dict[str, float], float | None]:
    """Return the mean of every group of sub-tasks, and the mean over groups.

    VSI-Bench's overall is the mean of 8 groups, not of samples; its direction is the mean of three
    difficulties, however many samples each has.

    Args:
        scores: (sub-task, score) of every sample.
        groups: Sub-task -> its group; a sub-task that is not named is a group of its own.

    >>> grouped_means([("easy", 1.0), ("hard", 0.0), ("size", 1.0)], {"easy": "way", "hard": "way"})
    ({'way': 0.5, 'size': 1.0}, 0.75)
    """
    by_task: dict[str, list[float]] = {}
    for task, score in scores:
        by_task.setdefault(task, []).append(score)
    by_group: dict[str, list[float]] = {}
    for task, values in by_task.items():
        by_group.setdefault((groups or {}).get(task, task), []).append(_mean(values))
    means = {group: _mean(values) for group, values in by_group.items()}
    return means, _mean(list(means.values())) if means else None


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)
