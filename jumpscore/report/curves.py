"""Curves of scores against tokens, as SVG: axes, arms, marks and legend.

A drawing is part of a page or a file of its own; inside a page it takes the page's colours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from jumpscore.records import Unit
from jumpscore.report.text import escaped, number

WIDTH, HEIGHT = 760, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 24, 44, 46
MOST_TICKS = 8
MARK = 4.5
"""Half the side of a mark."""

STYLE = """
.curves text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: var(--soft, #5a636d); }
.curves .name { fill: var(--ink, #1c2126); font-weight: 600; }
.curves .paper { fill: var(--card, #fff); }
.curves .grid { stroke: var(--line, #e2dfd8); fill: none; }
.curves .frames { --arm: var(--miss, #c2410c); }
.curves .codec { --arm: var(--answer, #0068a8); }
.curves .second { --arm: var(--good, #2e7d4f); }
.curves .third { --arm: #8a6d00; }
.curves .pixels, .curves .selection { --arm: var(--extra, #9b2d7f); opacity: .55; }
.curves .band { fill: var(--arm); opacity: .14; }
.curves .line { stroke: var(--arm); stroke-width: 2; fill: none; }
.curves .thin { stroke: var(--arm); stroke-width: 1.2; fill: none; opacity: .5; }
.curves .mark { fill: var(--arm); stroke: none; }
.curves .open { stroke: var(--arm); stroke-width: 1.6; fill: none; }
.curves .blind { stroke: var(--ink, #1c2126); stroke-dasharray: 5 4; fill: none; opacity: .7; }
.curves .reference { stroke: var(--miss, #c2410c); stroke-dasharray: 1 4; stroke-width: 2;
  stroke-linecap: round; fill: none; }
.curves .published .mark { fill: var(--card, #fff); stroke: var(--arm); stroke-width: 1.8; }
.curves .published .line { stroke-width: 1.4; }
.curves .pair { stroke: var(--soft, #5a636d); stroke-dasharray: 2 4; fill: none; }
"""


@dataclass(frozen=True, slots=True)
class Point:
    """A run in the plane: measured tokens, or its budget if none were; score and interval."""

    x: float
    y: float
    low: float | None
    high: float | None
    words: str
    measured: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps tokens (on a logarithmic scale) and scores to coordinates."""

    x: tuple[float, float]
    y: tuple[float, float]
    step: float

    def across(self, tokens: float) -> float:
        """Return the horizontal coordinate of a number of tokens."""
        low, high = map(math.log, self.x)
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log(tokens) - low) / (high - low)

    def down(self, score: float) -> float:
        """Return the vertical coordinate of a score."""
        low, high = self.y
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (score - low) / (high - low))


def drawing(panels: Sequence[str], words: str) -> str:
    """Return a complete drawing of panels, one below the other.

    Args:
        panels: SVG of every panel, ``HEIGHT`` points high.
        words: Description for screen readers.
    """
    placed = "".join(
        f'<g transform="translate(0 {place * HEIGHT})">{panel}</g>'
        for place, panel in enumerate(panels)
    )
    height = HEIGHT * len(panels)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="curves" viewBox="0 0 {WIDTH} {height}" '
        f'width="100%" role="img" aria-label="{escaped(words)}"><style>{STYLE}</style>'
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>{placed}</svg>\n'
    )


def token_range(tokens: Sequence[float]) -> tuple[float, float]:
    """Return the range of the axis of tokens, a little wider than the tokens."""
    low, high = min(tokens), max(tokens)
    margin = max((high / low) ** 0.05, 1.06)
    return low / margin, high * margin


def score_range(
    points: Sequence[Point], levels: Sequence[float]
) -> tuple[tuple[float, float], float]:
    """Return the range of the axis of scores, in multiples of its step, and that step."""
    scores = [*levels, *(point.y for point in points)]
    scores += [end for point in points for end in (point.low, point.high) if end is not None]
    low, high = min(scores), max(scores)
    step = _step(low, high)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return (low, max(high, low + step)), step


def _step(low: float, high: float) -> float:
    """Return a round step that divides a range into at most ``MOST_TICKS`` parts.

    >>> _step(0.12, 0.87), _step(3.0, 3.0)
    (0.1, 1.0)
    """
    if high <= low:
        return 1.0
    power = 10.0 ** math.floor(math.log10((high - low) / MOST_TICKS))
    return next(
        round(times * power, 12)
        for times in (1, 2, 5, 10)
        if (high - low) / (times * power) <= MOST_TICKS
    )


def axes(what: str, unit: Unit, scale: Scale) -> str:
    """Return the grid, the ticks and the name of the axis of tokens.

    Args:
        what: Which tokens the axis shows.
        unit: Unit of the scores.
        scale: Ranges of both axes.
    """
    low, high = scale.y
    rows = [low + place * scale.step for place in range(round((high - low) / scale.step) + 1)]
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for value in rows:
        y = scale.down(value)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>')
        text = number(value, unit).removesuffix(".0")
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    for tokens in _token_ticks(*scale.x):
        x = scale.across(tokens)
        parts.append(f'<path class="grid" d="M{x:.1f} {bottom}v5"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 19}" text-anchor="middle">{tokens:,}</text>')
    parts.append(
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 8}" text-anchor="middle">'
        f"{escaped(what)}</text>"
    )
    return "".join(parts)


def _token_ticks(low: float, high: float) -> list[int]:
    """Return round numbers of tokens for a logarithmic axis, evenly spaced if it is short.

    >>> _token_ticks(151, 168), _token_ticks(68, 153)
    ([155, 160, 165], [80, 100, 120, 140])
    >>> _token_ticks(900, 40_000)
    [1000, 2000, 5000, 10000, 20000]
    """
    if high < 3 * low:
        step = max(1, round(_step(low, high)))
        return list(range(-(-round(low) // step) * step, math.floor(high) + 1, step))
    steps = (1, 1.5, 2, 3, 4, 5, 7) if high < 10 * low else (1, 2, 5)
    powers = range(max(0, math.floor(math.log10(low))), math.ceil(math.log10(high)) + 1)
    ticks = [round(step * 10.0**power) for power in powers for step in steps]
    inside = [tick for tick in ticks if low <= tick <= high]
    return inside[:: max(1, math.ceil(len(inside) / MOST_TICKS))]


def level(kind: str, name: str, at: float, scale: Scale) -> str:
    """Return a horizontal line across the panel."""
    return (
        f'<path class="{kind}" d="M{LEFT} {scale.down(at):.1f}H{WIDTH - RIGHT}">'
        f"<title>{escaped(name)}</title></path>"
    )


def arm(kind: str, points: Sequence[Point], scale: Scale) -> str:
    """Return the band and line of an arm, with the interval of every point as a bar."""
    places = [f"{scale.across(p.x):.1f},{scale.down(p.y):.1f}" for p in points]
    known = [(p.x, p.low, p.high) for p in points if p.low is not None and p.high is not None]
    top = [f"{scale.across(x):.1f},{scale.down(high):.1f}" for x, _, high in known]
    below = [f"{scale.across(x):.1f},{scale.down(low):.1f}" for x, low, _ in reversed(known)]
    bars = "".join(
        f"M{scale.across(x):.1f} {scale.down(low):.1f}V{scale.down(high):.1f}"
        for x, low, high in known
    )
    return (
        f'<g class="{kind}"><polygon class="band" points="{" ".join(top + below)}"/>'
        f'<path class="thin" d="{bars}"/><polyline class="line" points="{" ".join(places)}"/></g>'
    )


def marks(kind: str, points: Sequence[Point], scale: Scale) -> str:
    """Return the marks of an arm, each with its words as a tip."""
    places = "".join(
        f'<g transform="translate({scale.across(p.x):.1f} {scale.down(p.y):.1f})">'
        f"<title>{escaped(p.words)}</title>{_SHAPES[kind]}</g>"
        for p in points
    )
    return f'<g class="{kind}">{places}</g>'


_SHAPES = {
    "frames": f'<rect class="mark" x="-{MARK}" y="-{MARK}" width="{2 * MARK}" '
    f'height="{2 * MARK}"/>',
    "codec": f'<circle class="mark" r="{MARK + 0.5}"/>',
    "second": '<path class="mark" d="M0 -5.5L5 4H-5Z"/>',
    "third": '<path class="mark" d="M0 -5.5L5.5 0L0 5.5L-5.5 0Z"/>',
    "pixels": '<path class="open" d="M-4 -4L4 4M-4 4L4 -4"/>',
    "selection": '<path class="open" d="M-5 0H5M0 -5V5"/>',
}


def legend(title: str, entries: Sequence[tuple[str, str]]) -> str:
    """Return the name of the vertical axis and the marks with their names, above the panel."""
    parts = [f'<text class="name" x="14" y="16">{escaped(title)}</text>']
    x, y = 40 + 7.8 * len(title), 12
    for kind, name in entries:
        if x + 12 + 6.6 * len(name) > WIDTH:
            x, y = LEFT, y + 18
        # A line is styled by its own class, a mark by the class of its arm.
        mark = f'<path class="{kind}" d="M-9 0H7"/>'
        if kind in _SHAPES:
            mark = f'<g class="{kind}">{_SHAPES[kind]}</g>'
        parts.append(f'<g transform="translate({x:.0f} {y})">{mark}</g>')
        parts.append(f'<text x="{x + 12:.0f}" y="{y + 4}">{escaped(name)}</text>')
        x += 36 + 6.6 * len(name)
    return "".join(parts)
