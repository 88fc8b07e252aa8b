"""Figure 5 at true token counts: as a table on the terminal and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jumpscore.report.curves import (
    Point,
    Scale,
    arm,
    axes,
    drawing,
    legend,
    marks,
    score_range,
    token_range,
)
from jumpscore.report.page import page, wide_table, write_page
from jumpscore.report.text import DASH, escaped, number, plural
from jumpscore.studies.reproduction.token_curves import (
    MeasuredCurve,
    MeasuredPoint,
    PictureCost,
    PublishedPair,
    TokenCurve,
    TokenCurves,
)

COLUMNS = (
    "N",
    "N frames",
    "tokens",
    "N canvases",
    "tokens",
    "difference, equal N",
    "difference, equal tokens",
)
NAMES = {"frames": "frames", "canvases": "codec"}
"""Arm -> class of its marks, as in the curves of an ablation."""


def token_table(curves: TokenCurves) -> RenderableType:
    """Return one table per benchmark, the measured runs, and the assumptions."""
    parts: list[RenderableType] = []
    for curve in curves.curves:
        table = Table(title=curve.benchmark, title_justify="left", box=box.SIMPLE_HEAD)
        for name in COLUMNS:
            table.add_column(name, justify="right")
        for pair in curve.pairs:
            table.add_row(*_cells(pair))
        parts.append(table)
        parts += [Text(line) for one in curve.measured for line in _measured_lines(one)]
    parts.append(Text("\n".join([answer(curves), *assumptions(curves)]), "dim"))
    return Group(*parts)


def answer(curves: TokenCurves) -> str:
    """Return in one sentence what is left of the published differences at equal tokens."""
    known = [
        (pair.published_difference, at_equal)
        for curve in curves.curves
        for pair in curve.pairs
        if (at_equal := pair.difference_at_equal_tokens) is not None
    ]
    before = sum(published > 0 for published, _ in known)
    after = sum(at_equal > 0 for _, at_equal in known)
    return (
        f"At {len(known)} budgets there are published frames with as many tokens as the canvases. "
        f"There, canvases are ahead at {before} budgets if N frames are compared with N canvases, "
        f"and at {after} if visual tokens are equal."
    )


def assumptions(curves: TokenCurves) -> list[str]:
    """Return what the token counts assume."""
    cost = curves.assumed
    others = ", ".join(_cost_words(one) for one in curves.other_sizes)
    return [
        "Published sizes: frames of 153,664 pixels, canvases of 100,352 to 313,600 pixels. "
        f"Assumed videos: {_cost_words(cost)}. Other sizes: {others}.",
        "The paper does not state the sizes of the figure's pictures. If its canvases had the size "
        "of its frames, no point would move.",
        "Equal tokens: the score of frames at the tokens of N canvases, on a straight line between "
        "the nearest published points (logarithm of tokens). Beyond the last point there is none.",
        "Difference: canvases minus frames, in points.",
        "Time stamps are not counted. Canvases have about 8 per picture, of 9 to 11 tokens each, "
        "and frames one; counted, canvases would move further right.",
    ]


def _cost_words(cost: PictureCost) -> str:
    width, height = cost.size
    return f"{width}x{height} (frame {cost.frame} tokens, canvas {cost.canvas})"


def _cells(pair: PublishedPair) -> list[str]:
    at_equal = pair.difference_at_equal_tokens
    return [
        f"{pair.pictures}",
        f"{pair.frames:.1f}",
        f"{pair.frame_tokens:,}",
        f"{pair.canvases:.1f}",
        f"{pair.canvas_tokens:,}",
        _points(pair.published_difference),
        DASH if at_equal is None else _points(at_equal),
    ]


def _points(difference: float) -> str:
    return number(difference / 100, "percent", signed=True)


def _measured_lines(curve: MeasuredCurve) -> list[str]:
    lines = [f"measured: {_title(curve)}"]
    for point in curve.points:
        interval = "" if point.low is None else f" [{point.low:.1f}, {point.high:.1f}]"
        lines.append(f"  {point.arm}, {point.tokens:,.0f} tokens: {point.score:.1f}{interval}")
    return lines


def _title(curve: MeasuredCurve) -> str:
    caveats = f"; {'; '.join(curve.caveats)}" if curve.caveats else ""
    return f"{curve.model} on {curve.data}, {curve.metric} ({curve.folder}{caveats})"


def write_token_page(curves: TokenCurves, path: Path) -> Path:
    """Write the page: the answer, the assumptions, and a curve and a table per benchmark.

    Raises:
        UsageError: The page cannot be written.
    """
    everything = [x for curve in curves.curves for x in _tokens(curve)]
    across = token_range(everything)
    listed = "".join(f"<li>{escaped(text)}</li>" for text in assumptions(curves))
    sections = "".join(_section(curve, across) for curve in curves.curves)
    body = (
        '<main class="ablation"><header class="top"><p class="kicker">JumpScore reproduction: '
        "figure 5 of arXiv 2605.25979</p><h1>What N frames against N canvases costs</h1>"
        '<p class="sub">Published scores over visual tokens instead of numbers of pictures</p>'
        '</header><section class="panel first"><h2>The answer</h2>'
        f'<p>{escaped(answer(curves))}</p></section><section class="panel"><h2>Assumptions</h2>'
        f'<ul class="notes">{listed}</ul></section>{sections}</main>'
    )
    return write_page(path, page("Figure 5 over visual tokens", body))


def _section(curve: TokenCurve, across: tuple[float, float]) -> str:
    head = "".join(f'<th scope="col" class="num">{escaped(name)}</th>' for name in COLUMNS)
    rows = "".join(
        f'<tr><th scope="row" class="num">{cells[0]}</th>'
        + "".join(f'<td class="num">{cell}</td>' for cell in cells[1:])
        + "</tr>"
        for cells in map(_cells, curve.pairs)
    )
    measured = "".join(
        f'<p class="aside">Filled marks: {escaped(_title(one))}, '
        f"{plural(len(one.points), 'run')} with 95% intervals.</p>"
        for one in curve.measured
    )
    words = f"{curve.benchmark}: score of frames and canvases against visual tokens"
    return (
        f'<section class="panel"><h2>{escaped(curve.benchmark)}</h2>'
        f'<div class="wide" tabindex="0">{drawing([_panel(curve, across)], words)}</div>{measured}'
        f"{wide_table(f'<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>')}</section>"
    )


def _panel(curve: TokenCurve, across: tuple[float, float]) -> str:
    """Return the published curves with a dotted line per N, and the measured curves."""
    published = {
        "frames": [
            _published(f"{p.pictures} frames", p.frame_tokens, p.frames) for p in curve.pairs
        ],
        "codec": [
            _published(f"{p.pictures} canvases", p.canvas_tokens, p.canvases) for p in curve.pairs
        ],
    }
    measured = [
        (kind, [_measured(p, one) for p in one.points if p.arm == name])
        for one in curve.measured
        for name, kind in NAMES.items()
    ]
    every = [p for points in (*published.values(), *(ps for _, ps in measured)) for p in points]
    scale = Scale(across, *score_range(every, []))
    pairs = "".join(
        f"M{scale.across(a.x):.1f} {scale.down(a.y):.1f}L{scale.across(b.x):.1f} "
        f"{scale.down(b.y):.1f}"
        for a, b in zip(published["frames"], published["codec"], strict=True)
    )
    lines = "".join(
        arm(kind, points, scale) + marks(kind, points, scale) for kind, points in published.items()
    )
    own = "".join(
        arm(k, points, scale) + marks(k, points, scale) for k, points in measured if points
    )
    return (
        axes("visual tokens (log scale)", "percent", scale)
        + f'<path class="pair" d="{pairs}"><title>equal N</title></path>'
        + f'<g class="published">{lines}</g>{own}'
        + legend("score %", [("frames", "frames"), ("codec", "canvases"), ("pair", "equal N")])
    )


def _published(name: str, tokens: int, score: float) -> Point:
    words = f"published, {name}: {score:.1f}%, {tokens:,} visual tokens"
    return Point(tokens, score / 100, None, None, words, measured=False)


def _measured(point: MeasuredPoint, curve: MeasuredCurve) -> Point:
    words = f"{curve.model}, {point.arm}: {point.score:.1f}%, {point.tokens:,.0f} visual tokens"
    low, high = (None if end is None else end / 100 for end in (point.low, point.high))
    return Point(point.tokens, point.score / 100, low, high, words, measured=True)


def _tokens(curve: TokenCurve) -> Sequence[float]:
    """Return the tokens of all points of a benchmark."""
    counts = [float(n) for pair in curve.pairs for n in (pair.frame_tokens, pair.canvas_tokens)]
    return counts + [point.tokens for one in curve.measured for point in one.points]
