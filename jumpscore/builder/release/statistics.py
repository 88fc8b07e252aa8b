"""Numbers about the videos and events of a version, and their distributions as figures."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from jumpscore.builder.release.contents import FinishedVideo
from jumpscore.report.exports.figure import (
    ACCENT,
    GRID,
    SOFT,
    WIDTH,
    Figure,
    Line,
    Mark,
    Words,
)
from jumpscore.report.text import plural

MOST_BINS = 24
LEFT, RIGHT, TOP, BOTTOM, HEIGHT = 56.0, WIDTH - 20.0, 40.0, 190.0, 236.0
"""Edges of the drawn area, and height of a figure, in points."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The distribution of a number.

    Attributes:
        n: Number of values.
        least: Smallest value.
        quarter: A quarter of the values is below it.
        median: Half of the values are below it.
        three_quarters: Three quarters of the values are below it.
        most: Largest value.
    """

    n: int
    least: float
    quarter: float
    median: float
    three_quarters: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """Return the distribution of values, or ``None`` without values."""
        if not values:
            return None
        ordered = sorted(values)
        quarters = (
            statistics.quantiles(ordered, n=4, method="inclusive")
            if len(ordered) > 1
            else ordered * 3
        )
        numbers = (ordered[0], *quarters, ordered[-1])
        return cls(len(ordered), *(round(number, 6) for number in numbers))


@dataclass(frozen=True, slots=True)
class SetStatistics:
    """Numbers about a set of videos.

    Attributes:
        videos: Number of videos.
        groups: Number of groups that are never divided over splits.
        seconds: Total duration.
        events: Number of events.
        without_events: Number of videos without events.
        events_per_video: Distribution over videos.
        gap: Seconds between neighbouring events of a video, over all pairs of neighbours.
        rate: Events per second, over videos.
        duration: Seconds, over videos.
        sizes: ``width x height`` -> number of videos.
        codecs: Codec -> number of videos.
        decided_by: How the marks were decided -> number of videos.
    """

    videos: int
    groups: int
    seconds: float
    events: int
    without_events: int
    events_per_video: Spread | None
    gap: Spread | None
    rate: Spread | None
    duration: Spread | None
    sizes: Mapping[str, int]
    codecs: Mapping[str, int]
    decided_by: Mapping[str, int]


def gaps_of(videos: Sequence[FinishedVideo]) -> list[float]:
    """Return the seconds between neighbouring events of each video."""
    return [b - a for video in videos for a, b in pairwise(video.times)]


def set_statistics(videos: Sequence[FinishedVideo]) -> SetStatistics:
    """Return the numbers of a set of videos."""
    counts = [len(video.marks) for video in videos]
    durations = [video.video.duration for video in videos]
    rates = [len(video.marks) / video.video.duration for video in videos]
    return SetStatistics(
        videos=len(videos),
        groups=len({video.group for video in videos}),
        seconds=round(sum(durations), 3),
        events=sum(counts),
        without_events=counts.count(0),
        events_per_video=Spread.of(counts),
        gap=Spread.of(gaps_of(videos)),
        rate=Spread.of(rates),
        duration=Spread.of(durations),
        sizes=dict(Counter(f"{video.video.width}x{video.video.height}" for video in videos)),
        codecs=dict(Counter(video.video.codec for video in videos)),
        decided_by=dict(Counter(video.how for video in videos)),
    )


def figures(videos: Sequence[FinishedVideo]) -> dict[str, Figure]:
    """Return the distributions by the name of their file without its suffix."""
    rates = [len(video.marks) / video.video.duration for video in videos]
    return {
        "events": histogram([len(video.marks) for video in videos], "Events per video", "video"),
        "gaps": histogram(gaps_of(videos), "Seconds between neighbouring events", "gap"),
        "rates": histogram(rates, "Events per second of a video", "video"),
        "durations": histogram(
            [video.video.duration for video in videos], "Duration of a video in seconds", "video"
        ),
    }


def bins(values: Sequence[float]) -> tuple[float, float, list[int]]:
    """Return the start of the first bin, the width of a bin, and the number of values in each.

    Widths are round numbers; a value on an edge belongs to the bin that begins there.

    >>> bins([1, 2, 2, 7])
    (1.0, 1.0, [1, 2, 0, 0, 0, 0, 1])
    >>> bins([0.4, 0.4])
    (0.4, 1.0, [2])
    """
    low, high = min(values), max(values)
    if high <= low:
        return float(low), 1.0, [len(values)]
    power = 10.0 ** math.floor(math.log10((high - low) / MOST_BINS))
    widths = [step * power for step in (1, 2, 5, 10, 20)]
    if all(float(value).is_integer() for value in values):
        widths = [width for width in widths if width >= 1] or [1.0]
    width = next(width for width in widths if (high - low) / width <= MOST_BINS - 1)
    first = math.floor(low / width + 1e-9)
    counts = Counter(math.floor(value / width + 1e-9) - first for value in values)
    return round(first * width, 9), width, [counts[place] for place in range(max(counts) + 1)]


def histogram(values: Sequence[float], title: str, noun: str) -> Figure:
    """Return a histogram; the vertical axis counts values.

    Args:
        values: The values, perhaps none.
        title: What the values are.
        noun: What one value belongs to, for the axis: ``video``.
    """
    marks: list[Mark] = [
        Words((20, 24), f"{title} (n = {plural(len(values), noun)})", size=14, bold=True)
    ]
    if not values:
        marks.append(Words((LEFT, (TOP + BOTTOM) / 2), "no values", SOFT))
        return Figure(f"{title}: no values", HEIGHT, tuple(marks))
    start, width, counts = bins(values)
    most = max(counts)
    step = (RIGHT - LEFT) / len(counts)
    for share in sorted({1.0, 0.5} if most > 1 and most % 2 == 0 else {1.0}):
        y = BOTTOM - share * (BOTTOM - TOP)
        marks.append(Line((LEFT, y), (RIGHT, y), GRID))
        marks.append(Words((LEFT - 8, y + 4), f"{share * most:g}", SOFT, 11, anchor="end"))
    for place, count in enumerate(counts):
        x = LEFT + (place + 0.5) * step
        if count:
            top = BOTTOM - count / most * (BOTTOM - TOP)
            marks.append(Line((x, BOTTOM), (x, top), ACCENT, max(1.0, step - 2)))
    marks.append(Line((LEFT, BOTTOM), (RIGHT, BOTTOM), SOFT))
    for place in range(0, len(counts) + 1, max(1, math.ceil(len(counts) / 8))):
        x, label = LEFT + place * step, f"{start + place * width:.6g}"
        marks.append(Line((x, BOTTOM), (x, BOTTOM + 4), SOFT))
        marks.append(Words((x, BOTTOM + 18), label, SOFT, 11, anchor="middle"))
    words = f"each bar covers {width:g} and counts {noun}s"
    marks.append(Words(((LEFT + RIGHT) / 2, HEIGHT - 8), words, SOFT, 11, anchor="middle"))
    return Figure(f"{title}: {plural(len(values), noun)}", HEIGHT, tuple(marks))
