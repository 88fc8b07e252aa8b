"""A figure of results: every headline metric of every run with its interval, on one axis each.

The figure is a list of lines, discs and words, which ``svg`` and ``pdf`` write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jumpscore.records import Estimate, Metric
from jumpscore.report.exports.results import Results, results_of
from jumpscore.report.summary import bar_range
from jumpscore.report.tables import interval, value_of
from jumpscore.report.text import cut, escaped, suffix
from jumpscore.runs import StoredRun

WIDTH = 760
LEFT, RIGHT = 210, 560
"""Ends of the axes; names are on the left, values on the right."""
MARGIN, PANEL_TITLE, ROW, AXIS, NOTE = 20, 26, 24, 34, 16
"""Heights of the figure's parts, in points."""
LONGEST_NAME, LONGEST_NOTE = 30, 120
TICKS = 4
INK, SOFT, GRID, ACCENT = "#1c2126", "#5a636d", "#e2dfd8", "#0068a8"
FONT = "system-ui, 'DejaVu Sans', sans-serif"

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line."""

    start: tuple[float, float]
    end: tuple[float, float]
    colour: str
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Disc:
    """A filled circle."""

    centre: tuple[float, float]
    radius: float
    colour: str


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text on a baseline."""

    at: tuple[float, float]
    text: str
    colour: str = INK
    size: float = 12
    bold: bool = False
    anchor: Anchor = "start"


Mark = Line | Disc | Words


@dataclass(frozen=True, slots=True)
class Figure:
    """Marks on white paper; sizes in points."""

    title: str
    height: float
    marks: tuple[Mark, ...]


def results_figure(runs: Sequence[StoredRun]) -> Figure:
    """Return the figure of one or several runs.

    Raises:
        UsageError: The runs are not of one task, one version of it and one data set.
    """
    results = results_of(runs)
    marks: list[Mark] = [Words((MARGIN, MARGIN + 8), cut(results.title, 90)[0], size=14, bold=True)]
    top = MARGIN + 24.0
    for place in range(len(results.metrics)):
        marks += _panel(results, place, top)
        top += PANEL_TITLE + ROW * len(results.rows) + AXIS
    notes = ["Discs are means, bars 95% confidence intervals.", *results.notes]
    if any(results.baselines):
        notes[0] = "Discs are means, bars 95% confidence intervals, dashed lines blind baselines."
    for note in notes:
        text, rest = cut(note, LONGEST_NOTE)
        marks.append(Words((MARGIN, top + 6), text + "..." * (rest > 0), SOFT, 11))
        top += NOTE
    return Figure(results.title, top + MARGIN - 8, tuple(marks))


def _panel(results: Results, place: int, top: float) -> list[Mark]:
    """Return the marks of one metric."""
    metric, blind = results.metrics[place], results.baselines[place]
    estimates = [row.estimates[place] for row in results.rows]
    low, high = _axis(metric, [*estimates, *([] if blind is None else [blind])])

    def across(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * min(max((value - low) / (high - low), 0.0), 1.0)

    first, bottom = top + PANEL_TITLE, top + PANEL_TITLE + ROW * len(estimates)
    better = {"higher": ", higher is better", "lower": ", lower is better", "zero": ""}
    unit = f" ({suffix(metric.unit)})" if suffix(metric.unit) else ""
    heading = f"{metric.name}{unit}{better.get(metric.better or '', '')}"
    marks: list[Mark] = [Words((MARGIN, top + 14), heading, bold=True)]
    for step in range(TICKS + 1):
        value = low + (high - low) * step / TICKS
        x = across(value)
        marks.append(Line((x, first), (x, bottom), GRID))
        label = value_of(value, metric).removesuffix(".0")
        marks.append(Words((x, bottom + 14), label, SOFT, 11, anchor="middle"))
    if blind is not None and blind.mean is not None:
        x = across(blind.mean)
        marks.append(Line((x, first), (x, bottom), INK, dashed=True))
    for number, (row, estimate) in enumerate(zip(results.rows, estimates, strict=True)):
        y = first + ROW * (number + 0.5)
        name, rest = cut(row.name, LONGEST_NAME)
        marks.append(Words((LEFT - 12, y + 4), name + "..." * (rest > 0), anchor="end"))
        values = f"{value_of(estimate.mean, metric)} {interval(estimate, metric)}".rstrip()
        marks.append(Words((RIGHT + 16, y + 4), values))
        if estimate.mean is None:
            continue
        if estimate.ci_low is not None and estimate.ci_high is not None:
            ends = across(estimate.ci_low), across(estimate.ci_high)
            marks.append(Line((ends[0], y), (ends[1], y), ACCENT, 3))
        marks.append(Disc((across(estimate.mean), y), 4.5, ACCENT))
    return marks


def _axis(metric: Metric, estimates: Sequence[Estimate]) -> tuple[float, float]:
    """Return the ends of an axis on which every estimate fits."""
    ranges = [bar_range(one, metric) for one in estimates if one.mean is not None]
    if not ranges:
        return 0.0, 1.0
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def svg(figure: Figure) -> bytes:
    """Return the figure as a standalone SVG file."""
    size = f'width="{WIDTH}" height="{figure.height:g}" viewBox="0 0 {WIDTH} {figure.height:g}"'
    marks = "\n".join(map(_svg_mark, figure.marks))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" '
        f'aria-label="{escaped(figure.title)}" font-family="{FONT}">\n'
        f'<rect width="{WIDTH}" height="{figure.height:g}" fill="#fff"/>\n{marks}\n</svg>\n'
    ).encode("utf-8", "backslashreplace")


def _svg_mark(mark: Mark) -> str:
    if isinstance(mark, Line):
        (x1, y1), (x2, y2) = mark.start, mark.end
        dash = ' stroke-dasharray="4 3"' if mark.dashed else ""
        return (
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{mark.colour}" stroke-width="{mark.width:g}"{dash}/>'
        )
    if isinstance(mark, Disc):
        x, y = mark.centre
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{mark.radius:g}" fill="{mark.colour}"/>'
    x, y = mark.at
    weight = ' font-weight="600"' if mark.bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{mark.size:g}" fill="{mark.colour}" '
        f'text-anchor="{mark.anchor}"{weight}>{escaped(mark.text)}</text>'
    )
