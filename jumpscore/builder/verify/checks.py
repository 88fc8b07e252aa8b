"""Checks of marks: gaps, times outside the video or between frames, and outliers over a set."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from jumpscore.builder.verify.findings import Finding, Kind, Severity
from jumpscore.scoring.matching import EDGE

Floats = npt.NDArray[np.float64]
ROUNDING = 1e-4
"""Seconds by which a stored time may differ from the frame's."""
LONG_GAP = 3.0
"""Multiple of a video's median gap from which on a gap is noted: two events may be missing."""
FEWEST_GAPS = 5
"""Fewest gaps from which a rhythm is estimated."""
LEAST_Z = 3.5
"""Modified z-score above which a value is an outlier (Iglewicz and Hoaglin 1993): its distance
from the median, divided by 1.4826 median absolute deviations."""
FEWEST_VIDEOS = 10
"""Fewest videos among which outliers are sought; the deviation of fewer is too uncertain."""
LEAST_DEVIATION = 0.1
"""Least deviation assumed among logarithms, so that 10% more is normal even in a set of equals."""


@dataclass(frozen=True, slots=True)
class Series:
    """The marks of one video by one person, or of one row of a data set.

    Attributes:
        video: Id of the video or row.
        annotator: Name of the person; empty for a row.
        times: Times in seconds, increasing.
        label: What is repeated; rates are compared among equal labels.
        frames: Frame of every mark, if the marks have them.
    """

    video: str
    annotator: str
    times: tuple[float, ...]
    label: str = ""
    frames: tuple[int, ...] = ()

    def finding(
        self,
        kind: Kind,
        severity: Severity,
        message: str,
        *,
        time: float | None = None,
        value: float | None = None,
    ) -> Finding:
        """Return a finding about these marks."""
        return Finding(kind, severity, self.video, message, self.annotator, time, value)


def check_gaps(series: Series, *, least_gap: float) -> Iterator[Finding]:
    """Yield repeated times, gaps below ``least_gap`` seconds, and gaps much above the median."""
    gaps = [after - before for before, after in pairwise(series.times)]
    rhythm = statistics.median(gaps) if len(gaps) >= FEWEST_GAPS else math.inf
    for time, gap in zip(series.times, gaps, strict=False):
        if gap <= EDGE:
            message = f"two marks at {time:.3f} s"
            yield series.finding("repeated", "error", message, time=time, value=gap)
        elif gap < least_gap - EDGE:
            message = (
                f"{gap:.3f} s between marks at {time:.3f} s; at least {least_gap:g} s expected"
            )
            yield series.finding("short_gap", "warning", message, time=time, value=gap)
        elif gap > LONG_GAP * rhythm > 0:
            message = (
                f"{gap:.2f} s without a mark after {time:.3f} s; the median gap is {rhythm:.2f} s"
            )
            yield series.finding("long_gap", "note", message, time=time, value=gap)


def check_range(series: Series, *, start: float, end: float) -> Iterator[Finding]:
    """Yield marks before the first frame of the video or after its end, in seconds."""
    for time in series.times:
        if time < start - ROUNDING or time > end + ROUNDING:
            message = f"a mark at {time:.3f} s; the video lasts from {start:.3f} to {end:.3f} s"
            yield series.finding("outside", "error", message, time=time, value=time)


def check_frames(
    series: Series, frame_times: Floats, *, tolerance: float = ROUNDING
) -> Iterator[Finding]:
    """Yield the number of marks that are not at their frame, or not at any frame.

    Args:
        series: The marks; without frame numbers, each belongs to the nearest frame.
        frame_times: Presentation time of every frame in seconds, increasing.
        tolerance: Seconds by which a stored time may differ from its frame's.
    """
    times, last = np.array(series.times), len(frame_times) - 1
    right = np.searchsorted(frame_times, times)
    candidates = [series.frames] if series.frames else [right - 1, right]
    distances = np.min(
        [np.abs(frame_times[np.clip(frames, 0, last)] - times) for frames in candidates], axis=0
    )
    if count := int(np.count_nonzero(distances > tolerance)):
        worst = int(np.argmax(distances))
        time, distance = series.times[worst], float(distances[worst])
        message = (
            f"{count} of {len(times)} marks are not at the time of a frame; the one at {time:.3f} s"
            f" is {distance * 1000:.1f} ms from its frame"
        )
        # Frame numbers belong to the file that was annotated; times alone may be rounded.
        severity: Severity = "error" if series.frames else "warning"
        yield series.finding("off_frame", severity, message, time=time, value=distance)


def rate_outliers(all_series: Iterable[tuple[Series, float]]) -> Iterator[Finding]:
    """Yield series with an unusual number of marks per second among those with the same label.

    Args:
        all_series: Marks, and the length of their video in seconds. Those without marks are left
            out.
    """
    by_label: dict[str, list[tuple[Series, float]]] = {}
    for series, duration in all_series:
        if series.times and duration > 0:
            rate = len(series.times) / duration
            by_label.setdefault(series.label, []).append((series, rate))
    for rows in by_label.values():
        if len({series.video for series, _ in rows}) < FEWEST_VIDEOS:
            continue
        medians = _medians_of_outliers([rate for _, rate in rows])
        for (series, rate), median in zip(rows, medians, strict=True):
            if median is not None:
                message = f"{rate:.2f} marks per second; the median of the set is {median:.2f}"
                yield series.finding("rate", "warning", message, value=rate)


def length_outliers(durations: Mapping[str, float]) -> Iterator[Finding]:
    """Yield videos of an unusual length.

    Args:
        durations: Video -> length in seconds, above 0.
    """
    if len(durations) < FEWEST_VIDEOS:
        return
    medians = _medians_of_outliers(list(durations.values()))
    for (video, length), median in zip(durations.items(), medians, strict=True):
        if median is not None:
            message = f"{length:.1f} s long; the median of the set is {median:.1f} s"
            yield Finding("length", "note", video, message, value=length)


def _medians_of_outliers(values: Sequence[float]) -> list[float | None]:
    """Return the median for every outlier, and ``None`` for all other values.

    Logarithms are compared, so that half and twice the median are equally far from it.
    """
    logs = np.log(values)
    distances = np.abs(logs - np.median(logs))
    deviation = max(1.4826 * float(np.median(distances)), LEAST_DEVIATION)
    median = statistics.median(values)
    return [median if distance > LEAST_Z * deviation else None for distance in distances]
