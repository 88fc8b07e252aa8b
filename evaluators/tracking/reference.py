"""Read tracks as the public code does, faults included, for comparison with published tables.

Equal to the ``rvos`` tasks of lmms-eval 0.7.3, in linear time on any text.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from evaluators.tracking.parsing import check_video
from evaluators.tracking.tracks import Moment, TrackPoint, Tracks
from jumpscore.scoring.readers import Reader, ReferenceCrashError, Value

# The public grammar is the same, but takes quadratic time on long white space, long digits or many
# tabs. A tab is both white space and a separator, hence "white space except tabs".
_ATTRIBUTE = re.compile(r"coords\s*+=\s*+[\"']([^\"']*+)")
_SEGMENT = re.compile(r"\s*+([0-9]++(?:\.[0-9]++)?)\s++([0-9.](?:[0-9.]|[^\S\t])*+)(?=[\t:,;]|\Z)")
_UNREAD = re.compile(r"\s*+[^\t:,;]*+")
_COORDINATE = re.compile(r"([0-9]{1,4})(?:\.[0-9]+)?")
_TIME_LINE = re.compile(r"time\s++(\d++\.?+\d*+)(\s*+)\{(?!\})")
_OCCLUDED = {"yes", "true", "1"}


def parse_tracks_reference(text: str, *, width: int, height: int, fps: float) -> Tracks:
    """Read points as the public code does.

    It drops fractions (100.7 -> 100) and digits after the fourth, finds numbers inside others, and
    reads a single line break as a space. Dropped items are not counted.

    Args:
        text: The whole answer.
        width: Width of the video in pixels.
        height: Height of the video in pixels.
        fps: Frames per second that the ground truth is indexed by.

    Raises:
        ReferenceCrashError: The answer crashes the public code.
        ValueError: The video has no size or no rate.

    >>> text = 'coords="0.0 0 100.7 12345 6 7"'
    >>> parse_tracks_reference(text, width=1000, height=1000, fps=6).frames
    {0: {'5': (6.0, 7.0)}}
    """
    check_video(width, height, fps)
    video = _Video(width, height, fps)
    try:
        moments = COORDS.read(text, video)
        if moments:
            return Tracks("ok", "coords", tuple(moments))
        moments = TIME_LINES.read(text, video)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ReferenceCrashError(f"the reference crashes on this answer: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise ReferenceCrashError("the answer nests too deep for the reference") from error
    return Tracks("ok", "time_lines", tuple(moments)) if moments else Tracks("unparseable")


@dataclass(frozen=True, slots=True)
class _Video:
    width: int
    height: int
    fps: float

    def moment(self, time: float, points: Mapping[str, TrackPoint]) -> Moment:
        return Moment(time, round(time * self.fps), points)

    def place(self, x: float, y: float, *, of: float, occluded: bool = False) -> TrackPoint:
        return TrackPoint(x / of * self.width, y / of * self.height, occluded)


# Rules of the first form, ``coords="t id x y ..."``. Each receives the result of the previous one.


def coords_attributes(text: str, video: _Video) -> list[str]:
    """Return the text of every ``coords`` attribute, closed or not."""
    return [attribute[1] for attribute in _ATTRIBUTE.finditer(text)]


def timed_segments(attributes: list[str], video: _Video) -> list[tuple[float, str]]:
    """Return the time of each segment and the text of its points."""
    return [segment for attribute in attributes for segment in _segments(attribute)]


def triples_of_tokens(
    segments: list[tuple[float, str]], video: _Video
) -> list[tuple[float, str, float, float]]:
    """Return (time, id, x, y) of consecutive tokens."""
    return [(time, *triple) for time, rest in segments for triple in _triples(rest.split())]


def up_to_a_thousand(
    entries: list[tuple[float, str, float, float]], video: _Video
) -> list[tuple[float, str, float, float]]:
    """Drop coordinates above 1000 thousandths of the frame."""
    return [entry for entry in entries if max(entry[2:]) <= 1000]


def first_entry_of_an_id(
    entries: list[tuple[float, str, float, float]], video: _Video
) -> list[tuple[float, str, float, float]]:
    """Drop later entries of an id at the same time."""
    first: dict[tuple[float, str], tuple[float, str, float, float]] = {}
    for entry in entries:
        first.setdefault(entry[:2], entry)
    return list(first.values())


def moments_by_time(
    entries: list[tuple[float, str, float, float]], video: _Video
) -> Value[list[Moment]]:
    """Return the points of each time, in order of time."""
    times: dict[float, dict[str, TrackPoint]] = {}
    for time, name, x, y in entries:
        times.setdefault(time, {})[name] = video.place(x, y, of=1000)
    return Value([video.moment(time, times[time]) for time in sorted(times)])


COORDS: Reader[list[Moment]] = Reader(
    (
        coords_attributes,
        timed_segments,
        triples_of_tokens,
        up_to_a_thousand,
        first_entry_of_an_id,
        moments_by_time,
    )
)


# Rules of the second form, ``time T`` and a dictionary on the next line.


def lines_of_a_time(text: str, video: _Video) -> list[tuple[float, Any]]:
    """Return each time and its dictionary, which ends at the first ``}``."""
    entries = []
    start = 0
    while (line := _TIME_LINE.search(text, start)) is not None:
        start = line.end()
        end = text.find("}", start)
        if end < 0:
            break
        if "\n" not in line[2]:
            continue
        start = end + 1
        try:
            with warnings.catch_warnings(action="ignore"):  # about the text of an answer
                objects = ast.literal_eval(text[line.end() - 1 : start])
        except (ValueError, SyntaxError):
            continue
        entries.append((float(line[1]), objects))
    return entries


def two_or_more_numbers(entries: list[tuple[float, Any]], video: _Video) -> list[tuple[float, Any]]:
    """Drop objects with fewer than two numbers."""
    return [
        (time, {name: values for name, values in objects.items() if len(values) >= 2})
        for time, objects in entries
    ]


def up_to_a_hundred(entries: list[tuple[float, Any]], video: _Video) -> list[tuple[float, Any]]:
    """Drop coordinates above 100 per cent of the frame."""
    return [
        (time, {name: at for name, at in objects.items() if max(at[0], at[1]) <= 100})
        for time, objects in entries
    ]


def moments_of_lines(entries: list[tuple[float, Any]], video: _Video) -> Value[list[Moment]]:
    """Return the points of each line that has any, in order of the text."""
    moments = []
    for time, objects in entries:
        moment = video.moment(time, {})  # may crash like the public code, even without points
        points = {str(int(name)): _percent(values, video) for name, values in objects.items()}
        if points:
            moments.append(replace(moment, points=points))
    return Value(moments)


def _percent(values: Any, video: _Video) -> TrackPoint:
    occluded = len(values) == 3 and str(values[2]).strip().lower() in _OCCLUDED
    return video.place(float(values[0]), float(values[1]), of=100, occluded=occluded)


TIME_LINES: Reader[list[Moment]] = Reader(
    (lines_of_a_time, two_or_more_numbers, up_to_a_hundred, moments_of_lines)
)


def _segments(value: str) -> Iterator[tuple[float, str]]:
    """Yield (time, the text of its points)."""
    start = 0
    while start < len(value):
        segment = _SEGMENT.match(value, start)
        if segment is not None:
            yield float(segment[1]), segment[2]
            start = segment.end() + 1
        else:
            unread = _UNREAD.match(value, start)
            start = (unread.end() if unread else len(value)) + 1


def _triples(tokens: list[str]) -> Iterator[tuple[str, float, float]]:
    """Yield (id, x, y) of three tokens in a row: the end of one, the next, the start of the third.

    The rest of the third token may be the next id.
    """
    tokens = tokens[::-1]
    while len(tokens) >= 3:
        name = _last_number(tokens.pop())
        x = _COORDINATE.fullmatch(tokens[-1])
        y = _COORDINATE.match(tokens[-2])
        if name and x and y:
            yield name, float(x[1]), float(y[1])
            rest = tokens[-2][y.end() :]
            del tokens[-2:]
            if rest:
                tokens.append(rest)


def _last_number(token: str) -> str:
    """Return the integer part of the number at the end of the token, or an empty string.

    >>> _last_number("1.2.35"), _last_number("..7"), _last_number("7.")
    ('2', '7', '')
    """
    parts = token.rsplit(".", 2)
    if len(parts) > 1 and parts[-1] and parts[-2]:
        return parts[-2]
    return parts[-1]
