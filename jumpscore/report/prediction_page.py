"""The page of a single video: what a model answered, without ground truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from jumpscore.errors import UsageError
from jumpscore.report.cards import canvas
from jumpscore.report.page import fact_list, header, page, wide_table, write_page
from jumpscore.report.text import DASH, escaped, plural, seconds, shortened
from jumpscore.report.thumbnails import Strip, Thumbnail, moment_strip, video_strip
from jumpscore.report.timeline import Events, gaps

MOST_FRAMES = 60
"""Moments that are shown as a picture."""
MOST_ROWS = 2_000


def write_prediction_page(
    video: Path,
    times: Sequence[float],
    path: Path,
    *,
    model: str,
    confidences: Sequence[float] | None = None,
    note: str | None = None,
) -> Path:
    """Write a page about one video: its timeline, and a frame at each answered time.

    Args:
        video: The file; if it is missing or damaged, the page has no pictures.
        times: Answered times in seconds, in any order and of any value.
        path: Path of the page.
        model: Name of the model.
        confidences: One per time.
        note: A line to show at the top.

    Returns:
        The path of the page.

    Raises:
        UsageError: There are not as many confidences as times, or the page cannot be written.
    """
    if confidences is not None and len(confidences) != len(times):
        raise UsageError(
            f"{len(confidences)} confidences for {len(times)} times; give one per time, or none"
        )
    sure: Sequence[float | None] = confidences if confidences is not None else [None] * len(times)
    # NaN has no order; it goes last.
    answered = sorted(
        zip(map(float, times), sure, strict=True),
        key=lambda pair: (math.isnan(pair[0]), 0.0 if math.isnan(pair[0]) else pair[0]),
    )
    moments = [time for time, _ in answered]
    strip = video_strip(video, budget=200_000, height=120)
    events = Events(truth=None, answers=tuple(moments), duration=strip.duration)
    inside = [time for time in moments if 0 <= time <= events.end]
    frames = moment_strip(video, inside[:MOST_FRAMES]) if strip.duration and inside else Strip()
    facts = _facts(video, strip, moments)
    sub = f"{plural(len(moments), 'time')} answered by <bdi>{shortened(model)}</bdi>"
    banners = [("warn", shortened(note, 600))] if note else []
    body = (
        f"<main>{header('JumpScore prediction', video.name, sub, banners, facts)}"
        f'<section id="list"><h2>Timeline</h2><article class="sample open">'
        f"{canvas(video.name, events, strip)}</article></section>"
        f"{_frames(frames, inside)}{_table(answered, events.end)}</main>"
    )
    return write_page(path, page(f"{video.name}: {model}", body))


def _facts(video: Path, strip: Strip, moments: Sequence[float]) -> str:
    length = DASH if strip.duration is None else f"{seconds(strip.duration)} s"
    known = [gap for gap in gaps(moments) if gap is not None and math.isfinite(gap)]
    typical = f"{seconds(median(known))} s" if known else DASH
    return fact_list([("Video", video.name), ("Length", length), ("Median gap", typical)])


def _frames(frames: Strip, inside: Sequence[float]) -> str:
    """Return the picture at each answered time, and a note about those left out."""
    if not inside or not (frames.pictures or frames.problem):
        return ""
    figures = [_frame(time, frames.pictures) for time in inside[:MOST_FRAMES] if frames.pictures]
    notes = []
    if len(inside) > MOST_FRAMES:
        notes.append(
            f"The first {MOST_FRAMES} of {len(inside):,} answered times; "
            f"{len(inside) - MOST_FRAMES:,} are left out."
        )
    if frames.problem:
        notes.append(f"Some frames could not be decoded: {frames.problem}")
    words = "".join(f'<p class="aside">{escaped(text)}</p>' for text in notes)
    return (
        f"<section><h2>Frames at the answered times</h2>{words}"
        f'<div class="frames">{"".join(figures)}</div></section>'
    )


def _frame(time: float, pictures: Sequence[Thumbnail]) -> str:
    nearest = min(pictures, key=lambda picture: abs(picture.time - time))
    return (
        f'<figure><img loading="lazy" decoding="async" src="{nearest.address}" '
        f'alt="frame at {seconds(nearest.time)} s"><figcaption>{seconds(time)} s'
        f"<span>frame {seconds(nearest.time)} s</span></figcaption></figure>"
    )


def _table(answered: Sequence[tuple[float, float | None]], end: float) -> str:
    if not answered:
        return '<section class="panel"><h2>Times</h2><p>The answer contains no times.</p></section>'
    before = gaps([time for time, _ in answered])
    sure = any(confidence is not None for _, confidence in answered)
    rows = []
    for i, (time, confidence) in enumerate(answered[:MOST_ROWS], start=1):
        gap = before[i - 1]
        cells = [f"{seconds(time)} s", DASH if gap is None else f"{seconds(gap)} s"]
        if sure:
            cells.append(DASH if confidence is None else f"{confidence:.3f}")
        outside = "" if 0 <= time <= end else '<span class="flag">outside the video</span>'
        numbers = "".join(f'<td class="num">{cell}</td>' for cell in cells)
        rows.append(f'<tr><td class="num dim">{i}</td>{numbers}<td>{outside}</td></tr>')
    more = len(answered) - MOST_ROWS
    left = f'<p class="aside">{more:,} more times are left out.</p>' if more > 0 else ""
    confident = '<th scope="col" class="num">confidence</th>' if sure else ""
    table = wide_table(
        '<thead><tr><th scope="col" class="num">#</th><th scope="col" class="num">time</th>'
        f'<th scope="col" class="num">gap to previous</th>{confident}<td></td></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody>",
        "times",
    )
    return f'<section class="panel"><h2>Times</h2>{table}{left}</section>'
