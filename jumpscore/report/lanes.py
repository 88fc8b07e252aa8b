"""Several runs on the time axis of one video, as SVG: truth above, one lane per run below.

All marks of a kind are one path in milliseconds, stretched to the width of the page; strokes keep
their size. So a page of thousands of drawings stays small, and the script can read the times.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from jumpscore.report.text import escaped
from jumpscore.report.timeline import LONGEST, MOST_ANSWERS, MOST_TRUTH, axis_times, place

LANE = 26
"""Height of a lane in points."""
CLOSE = 0.1
"""Largest error in seconds of an answer that is drawn as a full dot."""


@dataclass(frozen=True, slots=True)
class Lane:
    """What one run answered about a video.

    Attributes:
        label: Short name of the run.
        close: Answered times matched within 0.1 s.
        far: Matched times with a larger error.
        extra: Times without a match.
        missed: True times without a match.
        span: Answered span, for questions about one.
    """

    label: str
    close: tuple[float, ...] = ()
    far: tuple[float, ...] = ()
    extra: tuple[float, ...] = ()
    missed: tuple[float, ...] = ()
    span: tuple[float, float] | None = None


def lanes(
    truth: Sequence[float] | tuple[float, float],
    rows: Sequence[Lane],
    end: float,
    *,
    parted: Collection[float] = (),
    is_span: bool = False,
    words: str,
) -> str:
    """Return the drawing with its axis and the labels of its lanes.

    Args:
        truth: True times in seconds; start and end of the true span.
        rows: Answers of the runs.
        end: End of the axis in seconds.
        parted: True times on which the runs part; they get a band.
        is_span: Whether the truth is a span.
        words: Description for screen readers.
    """
    height = LANE * (1 + len(rows))
    parts = [_bands(parted, end, height), _base(len(rows), end)]
    if is_span:
        parts.append(_bar("truth", (truth[0], truth[1]), 0, end))
    else:
        times = truth[:MOST_TRUTH]
        guides = "".join(f"M{_ms(time)} {LANE - 6}V{height}" for time in times)
        parts.append(_path("guide", guides))
        parts.append(_path("hits", "".join(f"M{_ms(time)} 5V{LANE - 6}" for time in times)))
    for number, row in enumerate(rows, start=1):
        parts.append(_row(row, number, end))
    labels = "".join(
        f'<span style="top:{number * LANE + 4}px">{escaped(label)}</span>'
        for number, label in enumerate(["truth", *(row.label for row in rows)])
    )
    width = min(max(560, 12 * end), 1600)  # as in the report of a run
    return (
        f'<div class="scroll"><div class="lanes">{labels}</div>'
        f'<div class="canvas" style="--w:{width:.0f}px">'
        f'<svg class="runs" height="{height}" viewBox="0 0 {_ms(end)} {height}" '
        f'preserveAspectRatio="none" role="img" tabindex="0" aria-label="{escaped(words)}">'
        f"{''.join(parts)}</svg>"
        f'<div class="seconds" aria-hidden="true">{_axis(end)}</div></div></div>'
    )


def _ms(time: float) -> int:
    return round(1000 * min(max(time, 0.0), LONGEST))


def _path(kind: str, data: str) -> str:
    return f'<path class="{kind}" d="{data}"/>' if data else ""


def _dots(kind: str, times: Iterable[float], y: int, end: float) -> str:
    """Return a stroke without length per time: its round or square end is the mark."""
    inside = [time for time in times if 0 <= time <= end][:MOST_ANSWERS]
    return _path(kind, "".join(f"M{_ms(time)} {y}h0" for time in inside))


def _row(row: Lane, number: int, end: float) -> str:
    y = number * LANE + LANE // 2
    if row.span is not None:
        return _bar("answer", row.span, number, end)
    strokes = "".join(f"M{_ms(time)} {y - 7}v14" for time in row.missed[:MOST_TRUTH])
    return (
        _path("misses", strokes)
        + _dots("dots", row.close, y, end)
        # Twice: the smaller mark on top leaves a ring of the larger one.
        + "".join(
            _dots(kind, times, y, end) + _dots("inner", times, y, end)
            for kind, times in (("dots", row.far), ("extras", row.extra))
        )
    )


def _bar(side: str, span: tuple[float, float], number: int, end: float) -> str:
    start, stop = sorted(min(max(time, 0.0), end) for time in span)
    y = number * LANE + LANE // 2
    return _path(f"bar {side}", f"M{_ms(start)} {y}H{max(_ms(stop), _ms(start) + 1)}")


def _bands(parted: Collection[float], end: float, height: int) -> str:
    shapes = []
    for time in sorted(parted)[:MOST_TRUTH]:
        left, right = _ms(time - CLOSE), _ms(min(time + CLOSE, end))
        shapes.append(f"M{left} 0H{right}V{height}H{left}Z")
    return _path("parted", "".join(shapes))


def _base(rows: int, end: float) -> str:
    lines = "".join(f"M0 {n * LANE + LANE // 2}H{_ms(end)}" for n in range(1, rows + 1))
    return _path("base", lines)


def _axis(end: float) -> str:
    times = axis_times(end)
    return "".join(
        f'<span style="left:{place(time, end)}">{time:g}{" s" if time == times[-1] else ""}</span>'
        for time in times
    )
