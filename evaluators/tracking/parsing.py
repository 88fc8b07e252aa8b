"""The strict parser of track answers: it reads valid points and counts everything else.

Answers are hostile until parsed: any length, any digits, cut off anywhere. Every pass is linear in
the text. Three forms are read, the later ones only if the first has no points:

``coords``      ``<tracks coords="t id x y id x y; t id x y">``, 0..1000 of width and height;
``time_lines``  ``time 1.0`` and on the next line ``{0: [x, y], 1: [x, y, "yes"]}``, 0..100; the
                third value states whether the object is occluded;
``objects``     JSON with a time, an id and a point per object, in the declared convention.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from evaluators.coordinates import full_scale
from evaluators.tracking.objects import json_entries
from evaluators.tracking.tracks import Form, Moment, TrackPoint, Tracks
from jumpscore.answers import Answer, prepare
from jumpscore.records import Convention, FinishReason, Status

INCOMPLETE = "an object without both coordinates"
NO_NUMBER = "not a number"
NO_ID = "not an object id"
NO_TIME = "not a time"
OUTSIDE = "outside the frame"
REPEATED = "an object twice at one time"
CUT_OFF = "cut off"
SAME_FRAME = "a time that rounds to the frame of a later one"
NO_POINT = "not a point"

# Longer numbers are neither times nor coordinates, and overflow a frame number.
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,9}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})")
_ID = re.compile(r"([0-9]{1,9})(?:\.0{0,9})?")
_ATTRIBUTE = re.compile(
    r"\bcoords(?:\\?[\"'])?\s*+[=:]\s*+(?:(?:\\?[\"'`]){1,2}+(?P<quoted>[^\"'`<>\\]*+)|(?P<bare>\d[^\"'`<>\\]*+)(?=[>/]))",
    re.IGNORECASE,
)
_SEGMENT = re.compile(r"[^;,:\t\n]++")
_TIME_LINE = re.compile(
    r"\btime(?:\s*+[:=])?+\s++([^\s{}:]{1,40}+):?\s*+\{([^{}]*+)", re.IGNORECASE
)
_ENTRY = re.compile(r"\s*+[\"']?([^\"':,\[\](){}]{1,40}+)[\"']?\s*+:\s*+[\[(]([^\[\](){}]*+)[\])]")
_OCCLUDED = {"yes", "true", "1"}

Times = dict[float, dict[str, TrackPoint]]


class _Axes(NamedTuple):
    """(width, height) of the video in pixels, and the coordinates of its right and bottom edge."""

    size: tuple[int, int]
    limits: tuple[int, int]


def parse_tracks(
    text: str,
    *,
    width: int,
    height: int,
    fps: float,
    finish_reason: FinishReason | None = None,
    convention: Convention = "relative_1000",
    image_size: tuple[int, int] | None = None,
) -> Tracks:
    """Read points in an answer.

    Unlike the public code it keeps fractions, does not extract numbers from inside others, accepts
    line breaks as separators, ignores reasoning, and skips a last number that may be cut off. Like
    the public code it accepts coordinates at the limits, and the first entry of an object at a time
    counts.

    Args:
        text: The whole answer.
        width: Width of the video in pixels.
        height: Height of the video in pixels.
        fps: Frames per second that the ground truth is indexed by.
        finish_reason: ``"length"`` if the model was stopped at its token limit.
        convention: Convention of the ``coords`` form; ``time_lines`` is 0..100 of width and height.
        image_size: (width, height) of the picture that pixels refer to; by default the video's.

    Returns:
        Points in pixels by time, and counts of rejected items by reason. An unclosed ``coords``
        attribute makes the answer ``partial``; one without a number is ``empty``.

    Raises:
        ValueError: The video has no size or no rate.

    >>> parse_tracks('<tracks coords="0.5 0 100 250">', width=854, height=480, fps=6).frames
    {3: {'0': (85.4, 120.0)}}
    >>> dict(parse_tracks('coords="0 0 100 1200 1 nan 3"', width=854, height=480, fps=6).rejected)
    {'outside the frame': 1, 'not a number': 1}
    """
    check_video(width, height, fps)
    prepared = prepare(text, finish_reason=finish_reason)
    answer = _with_tabs(prepared)
    rejected: Counter[str] = Counter()
    attributes = list(_ATTRIBUTE.finditer(answer))
    size = (width, height)
    axes = _Axes(size, full_scale(convention, image_size or size))
    times: Times = {}
    cut = False
    if attributes:
        times, cut = _read_attributes(answer, attributes, rejected, axes)
    named = bool(attributes)
    if not times:
        lines, left_open = _read_time_lines(answer, rejected, _Axes(size, (100, 100)))
        times, cut, named = lines, cut or left_open, named and not lines
    objects = not times and not named and not rejected and not cut
    if objects:
        times = _read_objects(answer, rejected, axes)
    objects = objects and bool(times or rejected)
    moments = _moments(times, fps, rejected)
    prepared = replace(prepared, cut=prepared.cut or cut)
    read: Form = "time_lines" if moments or rejected else "none"
    return Tracks(
        status=_status(prepared, moments, rejected, named),
        parser="coords" if named else "objects" if objects else read,
        moments=moments,
        rejected=dict(rejected),
        reasoning=prepared.reasoning,
    )


def check_video(width: int, height: int, fps: float) -> None:
    """Check that a video has a size and a rate.

    Raises:
        ValueError: One is not positive.
    """
    if not (width > 0 and height > 0 and 0 < fps < 1e6):
        raise ValueError(
            f"a video of {width} x {height} pixels at {fps} frames per second: all must be above 0"
        )


def _with_tabs(prepared: Answer) -> str:
    """Return the prepared text with the tabs of the original, which separate times."""
    if "\t" not in prepared.original:
        return prepared.text
    pairs = zip(prepared.original, prepared.text, strict=True)
    return "".join("\t" if before == "\t" else after for before, after in pairs)


def _status(
    answer: Answer, moments: tuple[Moment, ...], rejected: Counter[str], attribute: bool
) -> Status:
    if answer.cut:
        return "partial"
    if moments:
        return "ok"
    if attribute and not rejected:
        return "empty"
    return "refused" if not rejected and answer.declines else "unparseable"


def _read_attributes(
    answer: str,
    attributes: list[re.Match[str]],
    rejected: Counter[str],
    axes: _Axes,
) -> tuple[Times, bool]:
    times: Times = {}
    cut = attributes[-1].end() == len(answer)
    for attribute in attributes:
        whole = attribute["quoted"] if attribute["quoted"] is not None else attribute["bare"]
        value = whole
        if cut and attribute is attributes[-1]:
            value = _without_half_number(value)
            if value != whole:
                rejected[CUT_OFF] += 1
        for segment in _SEGMENT.finditer(value):
            if tokens := segment[0].split():
                _read_segment(tokens, times, rejected, axes)
    return times, cut


def _without_half_number(value: str) -> str:
    """Return the value without its last object if that may be cut off."""
    if not value or value[-1] in "; ,:\t\n":
        return value
    start = max(value.rfind(mark) for mark in " ;,:\t\n") + 1
    segment = max(value.rfind(mark) for mark in ";,:\t\n") + 1
    whole = len(value[segment:start].split())
    # Drop the rest of the object with its cut-off number, and a time without objects.
    objects = max(0, whole - 1) // 3
    tokens = value[segment:start].split()[: 1 + 3 * objects] if objects else []
    return value[:segment] + " ".join(tokens)


def _read_segment(tokens: list[str], times: Times, rejected: Counter[str], axes: _Axes) -> None:
    """Read ``t id x y [id x y ...]``."""
    time = _number(tokens[0])
    if time is None or time < 0:
        rejected[NO_TIME] += 1
        return
    whole = len(tokens) - (len(tokens) - 1) % 3
    if whole != len(tokens) or whole == 1:
        rejected[INCOMPLETE] += 1
    for place in range(1, whole, 3):
        name, x, y = tokens[place : place + 3]
        reason = _add(times, time, name, (x, y), axes)
        if reason:
            rejected[reason] += 1


def _add(
    times: Times,
    time: float,
    name: str,
    values: tuple[str, str],
    axes: _Axes,
    *,
    occluded: bool = False,
) -> str | None:
    """Add a point, or return why it is rejected."""
    number = _ID.fullmatch(name)
    if number is None:
        return NO_ID
    x, y = (_number(value) for value in values)
    if x is None or y is None:
        return NO_NUMBER
    (width, height), (right, bottom) = axes.size, axes.limits
    if not (0 <= x <= right and 0 <= y <= bottom):
        return OUTSIDE
    points = times.setdefault(time, {})
    key = str(int(number[1]))
    if key in points:
        return REPEATED
    points[key] = TrackPoint(x / right * width, y / bottom * height, occluded)
    return None


def _read_objects(answer: str, rejected: Counter[str], axes: _Axes) -> Times:
    times: Times = {}
    for entry in json_entries(answer) or ():
        time = _number(entry.time)
        reason = (
            NO_TIME
            if time is None or time < 0
            else _add(times, time, entry.name, (entry.x, entry.y), axes)
        )
        if reason:
            rejected[reason] += 1
    return times


def _number(token: str) -> float | None:
    return float(token) if _NUMBER.fullmatch(token) else None


def _read_time_lines(answer: str, rejected: Counter[str], axes: _Axes) -> tuple[Times, bool]:
    times: Times = {}
    cut = False
    for line in _TIME_LINE.finditer(answer):
        closed = answer[line.end() : line.end() + 1] == "}"
        if not closed:
            # Only the end of the text cuts off; another bracket does not belong to this form.
            cut = line.end() == len(answer)
            rejected[CUT_OFF if cut else NO_POINT] += 1
        time = _number(line[1].removesuffix("s"))
        if time is None or time < 0:
            rejected[NO_TIME] += 1
            continue
        for name, values in _entries(line[2], rejected, closed):
            reason = _read_entry(times, time, name, values, axes)
            if reason:
                rejected[reason] += 1
    return times, cut


def _entries(body: str, rejected: Counter[str], closed: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield (id, values) of ``0: [x, y], 1: [x, y]``."""
    place = 0
    while place < len(body):
        entry = _ENTRY.match(body, place)
        if entry is not None:
            yield entry[1].strip(), [value.strip(" \t\n\"'") for value in entry[2].split(",")]
            place = entry.end()
        # The text before the next comma is not a point, unless it is cut off.
        comma = body.find(",", place)
        end = len(body) if comma < 0 else comma
        if body[place:end].strip() and (closed or comma >= 0):
            rejected[NO_POINT] += 1
        place = end + 1


def _read_entry(times: Times, time: float, name: str, values: list[str], axes: _Axes) -> str | None:
    if len(values) not in (2, 3):
        return INCOMPLETE if len(values) < 2 else NO_POINT
    occluded = len(values) == 3 and values[2].lower() in _OCCLUDED
    return _add(times, time, name, (values[0], values[1]), axes, occluded=occluded)


def _moments(times: Times, fps: float, rejected: Counter[str]) -> tuple[Moment, ...]:
    """Return one moment per frame; the last time of a frame counts."""
    by_frame: dict[int, Moment] = {}
    for time in sorted(times):
        frame = round(time * fps)
        if frame in by_frame:
            rejected[SAME_FRAME] += len(by_frame[frame].points)
        by_frame[frame] = Moment(time, frame, times[time])
    return tuple(by_frame.values())
