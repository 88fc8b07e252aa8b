"""The paper's numbers: the public JumpScore parser and mAP, with their faults, in linear time.

Equal to lmms-eval 0.7.3's ``JumpScore`` task bit for bit wherever that returns. What is wrong with
these numbers, and what to read instead, stands in ``jumpscore.scoring.events``.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from operator import sub

TOLERANCES: tuple[float, ...] = (0.1, 0.2, 0.3)
"""Seconds; the paper averages over these three."""

MAX_DEPTH = 900
"""Nesting at which the public parser runs out of stack; Python's limit of 1000 less its callers."""

_NUMBER_S = re.compile(r"(?<!\d)(\d+(?:\.\d+)?)\s*s\b")
_NUMBER = re.compile(r"\b\d+(?:\.\d+)?\b")
_TRAILING_COMMA = re.compile(r",\s*\]\Z")


class ReferenceCrashError(ValueError):
    """The public parser crashes on this text; the sample gets a status instead of a number."""


def parse_reference(text: str) -> list[float]:
    """Read event times as the public scorer does, sorted, in seconds.

    In this order: every ``number s``, and if there is one only those; the longest ``[...]`` (which
    ends at the first ``]``) as JSON, or its bare numbers where it is no JSON; every bare number.

    Raises:
        ReferenceCrashError: The public parser would crash here (integers beyond float64 or beyond
            4,300 digits, deep nesting).

    >>> parse_reference("There are 3 jumps, at 1.2 seconds, 2.4 seconds and 3.6 seconds.")
    [1.2, 2.4, 3.0, 3.6]
    >>> parse_reference("In this 30s clip: [0.5, 1.0]")
    [30.0]
    """
    text = text.lower()
    times = [float(match) for match in _NUMBER_S.findall(text)]
    if not times:
        span = _longest_list(text)
        if span is not None:
            times = _list_numbers(span)
    if not times:
        times = _bare_numbers(text)
    return sorted(times)


def _bare_numbers(text: str) -> list[float]:
    return [float(match) for match in _NUMBER.findall(text)]


def _longest_list(text: str) -> str | None:
    """Return the longest stretch from a ``[`` to the first ``]`` after it; the first of equals."""
    best: tuple[int, int] | None = None
    start = text.find("[")
    while start >= 0:
        end = text.find("]", start)
        if end < 0:
            break
        if best is None or end - start > best[1] - best[0]:
            best = (start, end)
        start = text.find("[", end)
    return None if best is None else text[best[0] : best[1] + 1]


def _list_numbers(span: str) -> list[float]:
    span = _TRAILING_COMMA.sub("]", span)
    if _depth(span) > MAX_DEPTH:
        raise ReferenceCrashError(
            f"the answer nests brackets more than {MAX_DEPTH} deep, on which the reference crashes"
        )
    try:
        items = json.loads(span)
    except json.JSONDecodeError:
        return _bare_numbers(span)
    except (ValueError, RecursionError) as error:  # more digits than Python converts, or a caller
        # so deep in the stack that even this nesting is too much
        raise ReferenceCrashError(f"the reference crashes on this answer: {error}") from error
    return [number for item in items if (number := _number(item)) is not None]


def _depth(span: str) -> int:
    """Return how many brackets stand open at once outside of strings, at most."""
    if span.count("[") + span.count("{") <= MAX_DEPTH:
        return 1
    deepest = depth = 0
    quoted = escaped = False
    for character in span:
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _number(item: object) -> float | None:
    if isinstance(item, (int, float)):
        try:
            return float(item)
        except OverflowError as error:
            raise ReferenceCrashError(
                "the answer holds an integer beyond the range of float64, on which the reference "
                "crashes"
            ) from error
    if isinstance(item, str):
        try:
            return float(item.replace("s", ""))
        except ValueError:
            return None
    return None


def reference_map(
    predictions: Iterable[float],
    truth: Iterable[float],
    *,
    tolerances: Sequence[float] = TOLERANCES,
) -> float:
    """Return the video's mAP as the paper computes it, a fraction.

    Args:
        predictions: Answered times in seconds, any order.
        truth: True times in seconds, any order.
        tolerances: Seconds.

    Both empty: 1.0; answers where there are no events: 0.0. Late false positives are free and the
    matching is greedy: compare ``event_scores``, which is neither.

    >>> round(reference_map([1, 2, 3] + [9.0] * 5000, [1, 2, 3]), 3)
    1.0
    >>> round(reference_map([0.0, 1, 2, 3], [1, 2, 3]), 3)
    0.639
    """
    values = reference_ap(predictions, truth, tolerances=tolerances)
    return sum(values.values()) / len(values)


def reference_ap(
    predictions: Iterable[float],
    truth: Iterable[float],
    *,
    tolerances: Sequence[float] = TOLERANCES,
) -> dict[float, float]:
    """Return tolerance -> average precision; the per-tolerance form of ``reference_map``.

    Predictions are sorted by time; each takes the nearest truth still free within the tolerance
    (the first wins a tie); AP is the sum of precision_k * (recall_k - recall_{k-1}).

    Raises:
        ValueError: No tolerance is given.
    """
    if not tolerances:
        raise ValueError("no tolerance given; the paper's are (0.1, 0.2, 0.3) seconds")
    answered = sorted(float(time) for time in predictions)
    true = [float(time) for time in truth]
    if not answered or not true:
        same = 1.0 if not answered and not true else 0.0
        return dict.fromkeys(tolerances, same)
    match = _match_sorted if _is_plain(answered, true) else _match_any
    return {
        tolerance: _average_precision(match(answered, true, tolerance), len(true))
        for tolerance in tolerances
    }


def _is_plain(answered: list[float], true: list[float]) -> bool:
    """Whether times are such that the linear matching is exact.

    It needs finite numbers and sorted truth, far enough apart (against float64's resolution) that
    no two events can seem equally near.
    """
    if not math.isfinite(sum(answered)) or not math.isfinite(sum(true)):
        return False
    finest = 1e-9 * max(1.0, abs(true[0]), abs(true[-1]))
    return min(map(sub, true[1:], true), default=1.0) > finest


def _match_sorted(answered: list[float], true: list[float], tolerance: float) -> list[int]:
    """Return the places in ``answered`` that find a partner, in one pass over both lists.

    Free truth at or before the current answer forms a stack, the nearest on top; after it, the
    first one not yet passed is the nearest.
    """
    hits: list[int] = []
    passed: list[float] = []
    following = 0
    count = len(true)
    for place, time in enumerate(answered):
        while following < count and true[following] <= time:
            passed.append(true[following])
            following += 1
        before = time - passed[-1] if passed else math.inf
        after = true[following] - time if following < count else math.inf
        if before <= after:
            if before <= tolerance:
                passed.pop()
                hits.append(place)
        elif after <= tolerance:
            following += 1
            hits.append(place)
    return hits


def _match_any(answered: list[float], true: list[float], tolerance: float) -> list[int]:
    """Return the same for any input (NaN, unsorted truth), looking only at truth in reach."""
    free = sorted((time, order) for order, time in enumerate(true) if not math.isnan(time))
    keys = [time for time, _ in free]
    hits: list[int] = []
    for place, time in enumerate(answered):
        if math.isnan(time) or math.isinf(time):
            continue
        # One unit more on both sides: the comparison below decides, in float64 as the reference.
        margin = tolerance + 1e-6 * max(1.0, abs(time))
        low, high = bisect_left(keys, time - margin), bisect_right(keys, time + margin)
        nearest = min(
            range(low, high), key=lambda k: (abs(time - free[k][0]), free[k][1]), default=None
        )
        if nearest is not None and abs(time - free[nearest][0]) <= tolerance:
            del free[nearest], keys[nearest]
            hits.append(place)
    return hits


def _average_precision(hits: list[int], true_count: int) -> float:
    total = 0.0
    recall = 0.0
    for found, place in enumerate(hits, start=1):
        gained = found / true_count
        total += (found / (place + 1)) * (gained - recall)
        recall = gained
    return total
