"""Check the marks of a data set: rows without annotators, as ``data import`` writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from jumpscore.builder.verify.checks import (
    ROUNDING,
    Series,
    check_frames,
    check_gaps,
    check_range,
    length_outliers,
    rate_outliers,
)
from jumpscore.builder.verify.findings import Finding
from jumpscore.data.events import EVENTS
from jumpscore.data.layout import Row, data_file, parse_truth, read_manifest, read_rows
from jumpscore.errors import VideoError
from jumpscore.video import VideoInfo, probe


def verify_set(
    folder: Path, *, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Finding, ...]:
    """Check the marks of all rows of a data set against their videos and each other.

    Args:
        folder: The data set.
        on_progress: Called with (rows done, all rows).

    Raises:
        DataError: The folder is not a data set with events.
    """
    rows, manifest = read_rows(folder), read_manifest(folder)
    event = manifest.event or EVENTS["jump_rope"]
    findings: list[Finding] = []
    judged: list[tuple[Series, float]] = []
    for number, row in enumerate(rows, start=1):
        series, problem = _series(row)
        info = _probed(folder, row)
        if isinstance(info, VideoInfo):
            # Rendered events happen at exact times, between frames.
            findings += _check_video(series, info, between=manifest.synthetic)
            judged.append((series, info.duration))
        else:
            problem = problem or info
        if problem:
            findings.append(Finding("unreadable", "error", row.id, problem))
        elif not series.times:
            findings.append(series.finding("empty", "warning", "no marks"))
        findings += check_gaps(series, least_gap=event.least_gap)
        on_progress(number, len(rows))
    findings += rate_outliers(judged)
    findings += length_outliers({series.video: duration for series, duration in judged})
    return tuple(findings)


def _series(row: Row) -> tuple[Series, str | None]:
    """Return the marks of a row, and why they cannot be read, or ``None``."""
    times, problem = parse_truth(row.answer)
    # Sets of several actions name them in the question.
    return Series(row.id, "", tuple(times), row.question), problem


def _probed(folder: Path, row: Row) -> VideoInfo | str:
    """Return the facts of a row's video, or why it cannot be read."""
    path, problem = data_file(folder, row.video_path)
    if problem:
        return problem
    try:
        return probe(path)
    except VideoError as error:
        return str(error)


def _check_video(series: Series, info: VideoInfo, *, between: bool) -> Iterator[Finding]:
    yield from check_range(series, start=info.times[0], end=info.duration)
    if not between:
        yield from check_frames(series, info.times, tolerance=_resolution(series.times))


def _resolution(times: Sequence[float]) -> float:
    """Return the seconds by which rounding to the given decimals can change a time.

    >>> _resolution([0.28, 4.4]), _resolution([1.0333333333333334])
    (0.0051, 0.0001)
    """
    decimals = max((len(repr(time).partition(".")[2]) for time in times), default=1)
    return ROUNDING + (0.5 * 10**-decimals if decimals < 6 else 0.0)
