"""The strict parsers: they read an answer as a careful person would, and say what they read.

Answers are hostile until parsed: any length, any nesting, any digits. Every pass is linear in the
text and nothing recurses. Reasoning in ``<think>`` tags is not the answer. What stands in the
place of a time and is none is kept in ``rejected``; what cannot be read is ``unparseable``, never
guessed.

Readings of times, in this order:

``list``   the last ``[...]`` that holds a time, one value per event: numbers, quoted numbers,
           ``MM:SS.f``; of a pair the start, of an object its ``start`` or ``time``;
``lines``  one time per line or per comma, list numbering, bullets and brackets ignored;
``units``  in prose, every time with a unit or written ``MM:SS``; of ``a to b`` the start.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from jumpscore.records import FinishReason, ParseResult

LONGEST_ITEM = 80
"""Characters of the longest text that can be one time with its quotes, key and unit."""
LONGEST_LINE = 200
"""Characters of the longest line that can hold one numbered time."""
MOST_REJECTED = 20
"""Rejected items kept word for word; all are counted."""

_UNIT = r"(?:seconds?|secs?|s)"
_CLOCK = r"\d{1,4}:[0-5]?\d(?::[0-5]\d)?(?:\.\d{1,30})?"
_PLAIN = r"(?:\d{1,15}(?:\.\d{0,30})?|\.\d{1,30})(?:e[+-]?\d{1,3})?"
_TIME = rf"[+-]?(?:{_CLOCK}|{_PLAIN})"
_RANGE = rf"\s*(?:-|–|—|to|until)\s*{_TIME}"
_I = re.IGNORECASE

_ITEM = re.compile(rf"\s{{0,3}}[\"'`(]{{0,2}}\s?({_TIME})\s{{0,3}}{_UNIT}?\s?[\"'`)]{{0,2}}", _I)
_FIELDS = tuple(
    re.compile(rf"\b{key}(?:_?(?:time|sec|seconds|s))?[\"']?\s?[:=]\s?[\"']?({_TIME})", _I)
    for key in ("start", "begin", "timestamp", "time", "t")
)
_LINE = re.compile(
    r"(?:[-*•]\s+)?(?:\(?\d{1,6}[.):]\)?\s+|(?:jump|event|start)?\s?#?\d{0,6}\s?[:=)]\s+)?"
    rf"[\"'`*\[(]{{0,3}}({_TIME})\s?{_UNIT}?(?:{_RANGE}\s?{_UNIT}?)?[\"'`*\])]{{0,3}}[.,;]?",
    _I,
)
_UNITS = re.compile(
    rf"(?<![\w.:,+-])(?:(-?(?:{_CLOCK}|{_PLAIN}))(?:\s?{_UNIT})?{_RANGE}\s?{_UNIT}\b"
    rf"|(-?{_CLOCK})(?:\s?{_UNIT}\b)?(?![\d:])|(-?{_PLAIN})\s?{_UNIT}\b)",
    _I,
)
_ENUMERATED = re.compile(rf"(?<![\w.:,+-])({_PLAIN})(?:\s?,\s?(?:and\s)?|\sand\s|\s?&\s?)\Z", _I)
_LENGTH = re.compile(r"\b(?:in|of|over|within|for|lasts?|lasting|total|duration:?)\s\Z", _I)
_OF_THE_CLIP = re.compile(r"[\s-]{1,3}(?:long|clip|video|footage|recording)\b", _I)
_BEHIND = re.compile(r"[,;]")
_BRACKET = re.compile(r"[\[\]]")
_OPENER = re.compile(r"\[\s*(?=[\"'`\[\](){+.\d-]|nan\b|null\b|none\b|inf|\Z)", _I)
_SEPARATOR = re.compile(r"[\[\]{},]")
_FENCE = re.compile(r"`{3,}\w*")
_TAG = re.compile(r"<(/?)(?:think|thinking|thought|reasoning)>", _I)
REFUSAL = re.compile(
    r"\b(?:i\s?(?:am|'m|’m)\s(?:sorry|unable|not\sable)|i\s(?:cannot|can['’]?t|could\snot|"
    r"couldn['’]t|won['’]t)|i\sdo\snot\shave|unable\sto|as\san\sai)\b",
    _I,
)
"""Words of an answer that declines to be one."""

Reasoning = Literal["none", "closed", "unclosed"]


@dataclass
class _Reading:
    """Times with the offsets that they were read from, and what was no time."""

    times: list[float] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)

    def add(self, match: re.Match[str], at: int, group: int = 1) -> None:
        """Take one group of a match in a text that starts at offset ``at``."""
        seconds = _seconds(match[group])
        if math.isfinite(seconds):
            self.times.append(seconds)
            self.spans.append((at + match.start(group), at + match.end(group)))
        else:
            self.rejected.append(match[group])

    def drop_last(self) -> None:
        del self.times[-1:], self.spans[-1:]


def parse_times(text: str, *, finish_reason: FinishReason | None = None) -> ParseResult:
    """Read event times (seconds) in an answer.

    Args:
        text: The answer, whole.
        finish_reason: ``"length"`` where the model was stopped at its token limit.

    Returns:
        Times in the order of the text. A cut-off answer is ``partial``; its last number, unless a
        separator follows it, may be half a number and is not used.

    >>> parse_times("There are 3 jumps, at 1.2 seconds, 2.4 seconds and 3.6 seconds.").times
    (1.2, 2.4, 3.6)
    >>> parse_times("[[0.5, 0.7], [1.0, 1.2]]").times
    (0.5, 1.0)
    >>> parse_times("[0.5, 1.0, 1.").times
    (0.5, 1.0)
    """
    low, high, reasoning = answer_window(text)
    cut = finish_reason == "length"
    parsed = replace(_parse_answer(text[low:high], low, cut), reasoning=reasoning, text=text)
    if cut and parsed.status in ("ok", "empty", "unparseable", "refused"):
        parsed = replace(parsed, status="partial")
    return parsed


def answer_window(text: str) -> tuple[int, int, Reasoning]:
    """Return (start, end) of the answer without its reasoning, and whether that was closed.

    >>> answer_window("<think>[0.1]</think> [0.5]")
    (20, 26, 'closed')
    >>> answer_window("<think>[0.1], or [0.2")
    (0, 0, 'unclosed')
    """
    start, open_at, closed = 0, None, False
    for tag in _TAG.finditer(text):
        if tag[1]:
            start, open_at, closed = tag.end(), None, True
        elif open_at is None:
            open_at = tag.start()
    if open_at is not None:
        return start, open_at, "unclosed"
    return start, len(text), "closed" if closed else "none"


def _parse_answer(answer: str, offset: int, cut: bool) -> ParseResult:
    closed, opened = _find_lists(answer)
    if (
        len(closed) > 1
        and opened is None
        and (lines := _read_bracketed_lines(answer, closed, offset))
        and lines.times
    ):
        return _result("ok", "lines", lines)
    readings = [_read_list(answer, start, end, offset) for start, end in closed]
    if opened is not None:
        reading = _read_list(answer, opened, len(answer), offset)
        said = bool(reading.times) and not any(whole.times for whole in readings)
        if reading.times and not _separated(answer, reading.spans[-1][1] - offset):
            reading.drop_last()
        if reading.times or said or not closed:
            return _result("partial", "list", reading)
    if any(reading.times for reading in readings):
        return _result("ok", "list", _chosen(answer, closed, readings))
    rejected = [item for reading in readings for item in reading.rejected]
    if closed and not rejected:
        return _result("empty", "list", _Reading())
    for name, read in (("lines", _read_lines), ("units", _read_units)):
        if found := read(answer, offset):
            if cut and found.spans[-1][1] - offset >= len(answer.rstrip()):
                found.drop_last()
            return _result("ok", name, found)
    refused = not rejected and REFUSAL.search(answer)
    return _result("refused" if refused else "unparseable", "none", _Reading(rejected=rejected))


def _separated(answer: str, end: int) -> bool:
    """Whether a number that ends there is surely whole, though the answer was cut off."""
    return bool(_BEHIND.search(answer, end)) or answer.rstrip().endswith(("]", "}"))


def _chosen(answer: str, closed: list[tuple[int, int]], readings: list[_Reading]) -> _Reading:
    """Return the lists that are the answer: one after another by line and time, or the last.

    A lone whole number behind a longer list is a reference mark. What is not chosen is rejected,
    so that it is counted.
    """
    held = [k for k, reading in enumerate(readings) if reading.times]
    follows = all(
        "\n" in answer[closed[a][1] : closed[b][0]]
        and max(readings[a].times) < min(readings[b].times)
        for a, b in pairwise(held)
    )
    if follows:
        chosen = set(held)
    else:
        longer = [k for k in held if not answer[slice(*closed[k])].strip().isdigit()]
        chosen = {(longer or held)[-1]}
    whole = _Reading()
    for k, reading in enumerate(readings):
        if k in chosen:
            whole.times += reading.times
            whole.spans += reading.spans
            whole.rejected += reading.rejected
        elif reading.times:
            whole.rejected.append(f"[{answer[slice(*closed[k])]}]"[:LONGEST_ITEM])
    return whole


def _result(
    status: Literal["ok", "empty", "partial", "unparseable", "refused"],
    parser: str,
    reading: _Reading,
) -> ParseResult:
    return ParseResult(
        status=status,
        parser=parser,
        times=tuple(reading.times),
        spans=tuple(reading.spans),
        rejected=tuple(reading.rejected[:MOST_REJECTED]),
        rejected_count=len(reading.rejected),
    )


def _find_lists(answer: str) -> tuple[list[tuple[int, int]], int | None]:
    """Return (start, end) of the insides of the outermost lists, and where an open one starts."""
    openers = {match.start() for match in _OPENER.finditer(answer)}
    closed: list[tuple[int, int]] = []
    depth = start = 0
    for bracket in _BRACKET.finditer(answer):
        if bracket[0] == "]":
            depth = max(0, depth - 1)
            if depth == 0 and start:
                closed.append((start, bracket.start()))
                start = 0
        elif depth or bracket.start() in openers:
            depth += 1
            start = start or bracket.end()
    return closed, start if depth else None


def _read_list(answer: str, start: int, end: int, offset: int) -> _Reading:
    """Read the inside of one list, one value per element."""
    reading = _Reading()
    for low, high in _elements(answer, start, end):
        if (plain := _ITEM.fullmatch(answer, low, high)) is not None:
            reading.add(plain, offset)
            continue
        element = answer[low:high].strip()
        low += len(answer[low:high]) - len(answer[low:high].lstrip())
        for part, place in _parts(element):
            match = _match_element(part)
            if match:
                reading.add(match, offset + low + place)
            else:
                reading.rejected.append(part[:LONGEST_ITEM])
    return reading


def _read_bracketed_lines(
    answer: str, closed: list[tuple[int, int]], offset: int
) -> _Reading | None:
    """Read ``[00:01.2] jump`` line by line; ``None`` unless each list opens a line."""
    reading = _Reading()
    for start, end in closed:
        line_start = max(answer.rfind("\n", max(0, start - LONGEST_LINE), start), -1) + 1
        match = _ITEM.fullmatch(answer[start:end].strip()[: LONGEST_ITEM + 1])
        if match is None or answer[line_start : start - 1].strip(" \t\r-*•"):
            return None
        reading.add(match, offset + answer.index(match[0], start, end))
    return reading


def _elements(answer: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of what stands between the commas of one list, nested lists whole."""
    depth = 0
    low = start
    for mark in _SEPARATOR.finditer(answer, start, end):
        if mark[0] in "[{":
            depth += 1
        elif mark[0] in "]}":
            depth -= 1
        elif depth == 0:
            if answer[low : mark.start()].strip():
                yield low, mark.start()
            low = mark.end()
    if answer[low:end].strip():
        yield low, end


def _parts(element: str) -> list[tuple[str, int]]:
    """Return the element, or its parts where it is a row of times without commas."""
    if _ITEM.fullmatch(element[: LONGEST_ITEM + 1]) or element[0] in "[{":
        return [(element, 0)]
    parts = [(match[0], match.start()) for match in re.finditer(r"[^\s;]+", element)]
    if all(_ITEM.fullmatch(part[: LONGEST_ITEM + 1]) for part, _ in parts):
        return parts
    return [(element, 0)]


def _match_element(element: str) -> re.Match[str] | None:
    """Return a match with the time in group 1: of a pair the first, of an object its start."""
    if element[0] == "{":
        found = (field.search(element[:LONGEST_LINE]) for field in _FIELDS)
        return next((match for match in found if match), None)
    if element[0] == "[":
        first = re.compile(r"[\[\s]{1,20}").match(element)
        return _ITEM.match(element[:LONGEST_LINE], first.end() if first else 0)
    return _ITEM.fullmatch(element) if len(element) <= LONGEST_ITEM else None


def _read_lines(answer: str, offset: int) -> _Reading | None:
    """Read one time per line (or per comma); ``None`` unless every line after a heading is one."""
    reading = _Reading()
    marked = False
    lines = [line for line in _lines(answer) if not _FENCE.fullmatch(line[1])]
    for number, (start, line) in enumerate(lines):
        if number == 0 and line.endswith(":") and len(lines) > 1:
            continue
        for low, piece in _pieces(line):
            match = _LINE.fullmatch(piece) if len(piece) <= LONGEST_LINE else None
            if match is None:
                return None
            reading.add(match, offset + start + low)
            marked = marked or match[0] != match[1] or not match[1].isdigit()
    # A lone integer is more likely a count than a time: no guess.
    return reading if len(reading.times) > 1 or (reading.times and marked) else None


def _lines(answer: str) -> Iterator[tuple[int, str]]:
    """Yield (offset, text) of every line that is not blank, stripped."""
    for match in re.finditer(r"[^\r\n]+", answer):
        line = match[0].strip()
        if line:
            yield match.start() + match[0].index(line[0]), line


def _pieces(line: str) -> Iterable[tuple[int, str]]:
    """Yield (offset, text) of what stands between commas or semicolons of a line."""
    for match in re.finditer(r"[^,;]+", line):
        piece = match[0].strip()
        if piece:
            yield match.start() + match[0].index(piece[0]), piece


def _read_units(answer: str, offset: int) -> _Reading | None:
    """Read every time with a unit; a unit behind an enumeration (1.2, 2.4 and 3.6 s) covers it."""
    reading = _Reading()
    done = 0
    for match in _UNITS.finditer(answer):
        before = max(done, match.start() - LONGEST_ITEM)
        done = match.end()
        if _OF_THE_CLIP.match(answer, done) or _LENGTH.search(answer, before, match.start()):
            reading.rejected.append(answer[match.start() : done + 10])
            continue
        for earlier in _enumerated(answer, before, match.start()):
            reading.add(earlier, offset)
        reading.add(match, offset, match.lastindex or 1)
    return reading if reading.times else None


def _enumerated(answer: str, low: int, end: int) -> list[re.Match[str]]:
    """Return the numbers that an enumeration puts before the time at ``end``, in order."""
    found: list[re.Match[str]] = []
    while (earlier := _ENUMERATED.search(answer, low, end)) is not None:
        found.append(earlier)
        end = earlier.start()
    return found[::-1]


def _seconds(time: str) -> float:
    """Return seconds of ``12.5``, ``MM:SS.f`` or ``H:MM:SS.f``.

    >>> _seconds("1:02.5")
    62.5
    """
    if ":" not in time:
        return float(time)
    sign = -1.0 if time.startswith("-") else 1.0
    seconds = 0.0
    for part in time.lstrip("+-").split(":"):
        seconds = seconds * 60 + float(part)
    return sign * seconds
