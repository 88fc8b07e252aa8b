"""The events of one video as an SVG: truth above, answers below, pairs joined.

All horizontal coordinates are percentages, so a drawing fits every width; marks keep their size
because nothing is scaled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from jumpscore.records import TimelineView, View
from jumpscore.report.text import escaped, plural, seconds

MATCHED_WITHIN = 0.3
"""Tolerance in seconds of the matched pairs."""
LONGEST = 1e9
"""Longest time in a video, in seconds; larger numbers are not times."""
MOST_TRUTH = 3_000
MOST_ANSWERS = 1_500
"""Largest numbers of marks; an answer may contain millions of times."""
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
MOST_LABELS = 13

HEIGHT = 98
_TRUTH = (12, 34)
_ANSWER = 62
_AXIS = 80
_LIFT = 44
"""Points saved without the lane of the truth; the script uses the same number."""


@dataclass(frozen=True, slots=True)
class Events:
    """Events of one video.

    Attributes:
        truth: True times in seconds, increasing; ``None`` without ground truth.
        answers: Answered times in seconds, increasing; any number.
        pairs: (index in truth, index in answers) of every match.
        duration: Length of the video in seconds, if known.
    """

    truth: tuple[float, ...] | None
    answers: tuple[float, ...]
    pairs: tuple[tuple[int, int], ...] = ()
    duration: float | None = None

    @property
    def missed(self) -> list[int]:
        """Indices of true times without an answer."""
        paired = {pair[0] for pair in self.pairs}
        return [i for i in range(len(self.truth or ())) if i not in paired]

    @property
    def extra(self) -> list[int]:
        """Indices of answers without a true time."""
        paired = {pair[1] for pair in self.pairs}
        return [i for i in range(len(self.answers)) if i not in paired]

    @property
    def end(self) -> float:
        """End of the time axis in seconds, above 0."""
        known = list(self.truth or ())
        if self.duration and 0 < self.duration <= LONGEST:
            # An annotation may lie slightly after the end that the header states.
            return max(self.duration, max(known, default=0.0))
        if not known:
            known = [time for time in self.answers if 0 <= time <= 3600]
        return max(max(known, default=0.0) * 1.02, 0.1)


def events_of(view: View | None, *, duration: float | None = None) -> Events | None:
    """Return the events of a timeline, or ``None`` if a score has none that can be drawn.

    Args:
        view: View of a ``SampleScore``.
        duration: Length of the video, if the view does not have it.
    """
    if not isinstance(view, TimelineView) or not all(0 <= time <= LONGEST for time in view.truth):
        return None
    within = (range(len(view.truth)), range(len(view.answered)))
    pairs = tuple((i, j) for i, j in view.pairs if i in within[0] and j in within[1])
    return Events(view.truth, view.answered, pairs, view.duration or duration)


def axis_times(end: float) -> list[float]:
    """Return the times at which the axis is labelled.

    >>> axis_times(18.0)
    [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]
    """
    step = next((step for step in STEPS if end / step < MOST_LABELS), end / MOST_LABELS)
    return [round(i * step, 3) for i in range(int(end / step + 1e-9) + 1)]


def timeline(events: Events, *, label: str = "") -> str:
    """Return the drawing.

    Its data attributes contain the times, from which the script makes tips; without the script the
    drawing is complete.

    Args:
        events: Events to draw.
        label: Label for screen readers; a summary is added.
    """
    end = events.end
    drawn = drawn_answers(events, end)
    truth = list(events.truth or ())[:MOST_TRUTH]
    pairs = [(i, j) for i, j in events.pairs if i < len(truth) and j in drawn]
    lift = 0 if events.truth is not None else _LIFT
    return "".join(
        [
            f'<svg class="timeline" height="{HEIGHT - lift}" role="img" tabindex="0" ',
            f'aria-label="{escaped(f"{label}: " if label else "")}{escaped(summary(events))}"',
            _data(events, truth, drawn, pairs, end),
            f'><g transform="translate(0 {-lift})">' if lift else "><g>",
            _band(truth, end),
            _axis(end),
            _joins(truth, events.answers, pairs, end),
            _truth_marks(truth, {i for i, _ in pairs}, end) if events.truth is not None else "",
            _answer_marks(events, drawn, {j for _, j in pairs}, end),
            "</g></svg>",
        ]
    )


def summary(events: Events) -> str:
    """Return a description of the drawing."""
    if events.truth is None:
        return f"{plural(len(events.answers), 'answered time')} in {seconds(events.end)} s"
    return (
        f"{plural(len(events.truth), 'true jump')}, {len(events.answers):,} answered, "
        f"{len(events.pairs):,} matched within {MATCHED_WITHIN:g} s, "
        f"{len(events.missed):,} missed, {len(events.extra):,} extra"
    )


def left_out(events: Events) -> list[str]:
    """Return notes about times that are not drawn: outside the video, or too many."""
    end = events.end
    outside = [time for time in events.answers if not 0 <= time <= end]
    notes = []
    if outside:
        examples = ", ".join(f"{seconds(time)} s" for time in outside[:3])
        more = ", …" if len(outside) > 3 else ""
        notes.append(
            f"{plural(len(outside), 'answered time')} outside the video, not drawn: "
            f"{examples}{more}"
        )
    hidden = len(events.answers) - len(outside) - len(drawn_answers(events, end))
    if hidden > 0:
        notes.append(f"{plural(hidden, 'more answered time')} inside the video, not drawn")
    return notes


def drawn_answers(events: Events, end: float) -> set[int]:
    """Return the answers to draw: inside the video; if there are too many, matched ones first."""
    inside = [i for i, time in enumerate(events.answers) if 0 <= time <= end]
    if len(inside) <= MOST_ANSWERS:
        return set(inside)
    paired = {pair[1] for pair in events.pairs}
    return set(sorted(inside, key=lambda i: i not in paired)[:MOST_ANSWERS])


def place(time: float, end: float) -> str:
    """Return the coordinate of a time on the axis.

    >>> place(1.5, 12.0)
    '12.5%'
    """
    share = min(max(time / end, 0.0), 1.0)
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def _data(
    events: Events,
    truth: Sequence[float],
    drawn: set[int],
    pairs: Sequence[tuple[int, int]],
    end: float,
) -> str:
    """Return the times as attributes; pairs are numbered among the drawn times."""
    order = {index: rank for rank, index in enumerate(sorted(drawn))}
    answers = [events.answers[index] for index in order]
    joined = " ".join(f"{i}:{order[j]}" for i, j in pairs)
    known = "" if events.truth is None else f' data-truth="{_list(truth)}"'
    return f' data-end="{end:g}"{known} data-answers="{_list(answers)}" data-pairs="{joined}"'


def _list(times: Sequence[float]) -> str:
    return " ".join(f"{time:.3f}".rstrip("0").rstrip(".") for time in times)


def _band(truth: Sequence[float], end: float) -> str:
    """Return the parts of the axis within the tolerance of a jump."""
    parts = [
        f'<rect x="{place(start, end)}" y="{_ANSWER - 9}" width="{place(stop - start, end)}" '
        'height="18"/>'
        for start, stop in within_tolerance(truth, end)
    ]
    return f'<g class="within">{"".join(parts)}</g>'


def within_tolerance(truth: Sequence[float], end: float) -> list[tuple[float, float]]:
    """Return the parts of the axis that lie within the tolerance of a true time, merged.

    >>> within_tolerance([0.1, 0.5, 5.0], 5.0)
    [(0.0, 0.8), (4.7, 5.0)]
    """
    merged: list[tuple[float, float]] = []
    for time in truth:
        start = round(max(0.0, time - MATCHED_WITHIN), 6)
        stop = round(min(end, time + MATCHED_WITHIN), 6)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _axis(end: float) -> str:
    """Return the base line, a stroke per labelled time, and the labels."""
    low = _AXIS
    parts = [f'<g class="axis"><line x1="0" y1="{low}" x2="100%" y2="{low}"/>']
    times = axis_times(end)
    for time in times:
        x = place(time, end)
        parts.append(f'<line x1="{x}" y1="{low}" x2="{x}" y2="{low + 4}"/>')
        anchor = ' class="first"' if time == 0 else ' class="last"' if time > 0.97 * end else ""
        unit = " s" if time == times[-1] else ""
        parts.append(f'<text x="{x}" y="{low + 16}"{anchor}>{time:g}{unit}</text>')
    return "".join(parts) + "</g>"


def _joins(
    truth: Sequence[float],
    answers: Sequence[float],
    pairs: Sequence[tuple[int, int]],
    end: float,
) -> str:
    """Return a line per pair; its class is the tolerance that the pair fits."""
    lines = []
    for i, j in pairs:
        error = abs(answers[j] - truth[i])
        kind = "close" if error <= 0.1 + 1e-9 else "near" if error <= 0.2 + 1e-9 else "far"
        lines.append(
            f'<line class="{kind}" x1="{place(truth[i], end)}" y1="{_TRUTH[1]}" '
            f'x2="{place(answers[j], end)}" y2="{_ANSWER}"/>'
        )
    return f'<g class="joins">{"".join(lines)}</g>'


def _truth_marks(truth: Sequence[float], paired: set[int], end: float) -> str:
    """Return a stroke per true time; a missed one is dashed and has a ring."""
    top, low = _TRUTH
    hits, misses = [], []
    for i, time in enumerate(truth):
        x = place(time, end)
        if i in paired:
            hits.append(f'<line x1="{x}" y1="{top}" x2="{x}" y2="{low}"/>')
        else:
            misses.append(
                f'<line x1="{x}" y1="{top + 1}" x2="{x}" y2="{low}"/>'
                f'<circle cx="{x}" cy="{top - 4}" r="4"/>'
            )
    return f'<g class="hits">{"".join(hits)}</g><g class="misses">{"".join(misses)}</g>'


def _answer_marks(events: Events, drawn: set[int], paired: set[int], end: float) -> str:
    """Return a dot per matched answer and a diamond per extra one."""
    dots, diamonds = [], []
    for i in sorted(drawn):
        x = place(events.answers[i], end)
        if i in paired or events.truth is None:
            dots.append(f'<circle cx="{x}" cy="{_ANSWER}" r="3.5"/>')
        else:
            # The style sheet turns it by 45 degrees about its own middle.
            diamonds.append(f'<rect x="{x}" y="{_ANSWER - 3.5}" width="7" height="7"/>')
    return f'<g class="dots">{"".join(dots)}</g><g class="extras">{"".join(diamonds)}</g>'


def gaps(times: Sequence[float]) -> list[float | None]:
    """Return the seconds since the time before, ``None`` for the first.

    >>> gaps([1.0, 1.5])
    [None, 0.5]
    """
    return [None, *(later - earlier for earlier, later in pairwise(times))]
