"""Bits of each frame of a video over time, with the groups that canvases are made of."""

from __future__ import annotations

import math

import numpy as np

from jumpscore.report.text import escaped, seconds
from jumpscore.video.codec.canvases import CodecPlan

MOST_POINTS = 900
"""Columns of the curve; each shows the costliest of its frames."""
MOST_NAMES = 10
"""Groups whose numbers fit above the curve on a phone."""
HEIGHT = 180
WIDTH = 1000
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
"""Seconds between two ticks, the first that gives at most ten of them."""


def curve(plan: CodecPlan) -> str:
    """Return the curve as HTML: an SVG that stretches, with labels that keep their size."""
    info = plan.info
    end = max(info.duration, float(info.times[-1]), 1e-3)
    low, high = _decades(info.bits)
    return (
        '<div class="bits"><div class="plot">'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="bits per frame over {seconds(end)} seconds">'
        f"{_bands(plan, end)}{_grid(low, high)}{_area(plan, end, low, high)}"
        f"{_keyframes(plan, end, low, high)}{_leads(plan, end)}{_samples(plan, end)}</svg>"
        f"{_band_labels(plan, end)}{_cost_labels(low, high)}</div>{_time_labels(end)}</div>"
    )


def canvases(count: int) -> str:
    """Return a count of canvases in words.

    >>> canvases(1), canvases(1200)
    ('1 canvas', '1,200 canvases')
    """
    return f"{count:,} canvas{'' if count == 1 else 'es'}"


def _decades(bits: np.ndarray) -> tuple[int, int]:
    """Return the powers of ten that enclose all costs."""
    positive = bits[bits > 0]
    if len(positive) == 0:
        return 0, 1
    low = math.floor(math.log10(float(positive.min())))
    return low, max(low + 1, math.ceil(math.log10(float(positive.max()))))


def _height(bits: float, low: int, high: int) -> float:
    share = (math.log10(max(bits, 10.0**low)) - low) / (high - low)
    return HEIGHT * (1 - share)


def _area(plan: CodecPlan, end: float, low: int, high: int) -> str:
    times, bits = plan.info.times, plan.info.bits
    column = np.minimum((times / end * MOST_POINTS).astype(int), MOST_POINTS - 1)
    tops = np.zeros(MOST_POINTS)
    np.maximum.at(tops, column, bits)
    used = np.flatnonzero(np.bincount(column, minlength=MOST_POINTS))
    step = WIDTH / MOST_POINTS
    points = [f"{(k + 0.5) * step:.1f},{_height(tops[k], low, high):.1f}" for k in used]
    first, last = points[0].split(",")[0], points[-1].split(",")[0]
    line = " ".join(points)
    return (
        f'<polygon class="fill" points="{first},{HEIGHT} {line} {last},{HEIGHT}"/>'
        f'<polyline class="line" points="{line}"/>'
    )


def _keyframes(plan: CodecPlan, end: float, low: int, high: int) -> str:
    info = plan.info
    places = np.searchsorted(info.times, info.keyframe_times - 1e-6)
    keys = [int(place) for place in places if place < info.frames]
    thinned = keys[:: max(1, len(keys) // 200)]
    marks = []
    for place in thinned:
        x, y = info.times[place] / end * WIDTH, _height(float(info.bits[place]), low, high)
        marks.append(f"M{x:.1f} {y:.1f}h0")  # a line without length, drawn as a round dot
    return f'<path class="key" d="{"".join(marks)}"/>'


def _samples(plan: CodecPlan, end: float) -> str:
    times = plan.info.times[list(plan.sampled)][:: max(1, len(plan.sampled) // MOST_POINTS)]
    marks = "".join(f"M{time / end * WIDTH:.1f} {HEIGHT}v-7" for time in times)
    return f'<path class="tick" d="{marks}"/>'


def _spans(plan: CodecPlan, end: float) -> list[tuple[float, float]]:
    """Return (left, right) of every group as shares of the width."""
    times = plan.info.times
    starts = [float(times[stretch.first]) for stretch in plan.stretches]
    stops = [*starts[1:], end][: len(starts)]
    return [(start / end, stop / end) for start, stop in zip(starts, stops, strict=True)]


def _bands(plan: CodecPlan, end: float) -> str:
    drawn = []
    for number, (left, right) in enumerate(_spans(plan, end)):
        stretch = plan.stretches[number]
        first, last = (float(plan.info.times[frame]) for frame in (stretch.first, stretch.last))
        words = (
            f"group {number + 1}: {seconds(first)} to {seconds(last)} s, "
            f"frames {stretch.first} to {stretch.last}, {canvases(len(stretch.canvases))}"
        )
        drawn.append(
            f'<rect class="band{" odd" if number % 2 else ""}" x="{left * WIDTH:.1f}" y="0" '
            f'width="{(right - left) * WIDTH:.1f}" height="{HEIGHT}">'
            f"<title>{escaped(words)}</title></rect>"
        )
    return "".join(drawn)


def _leads(plan: CodecPlan, end: float) -> str:
    """Return a line at the whole frame of each group."""
    marks = []
    for stretch in plan.stretches:
        frame = int(plan.visual.blocks[stretch.canvases.start, 0, 0, 0])
        marks.append(f"M{float(plan.info.times[frame]) / end * WIDTH:.1f} 0v{HEIGHT}")
    return f'<path class="lead" d="{"".join(marks)}"/>'


def _grid(low: int, high: int) -> str:
    lines = "".join(
        f"M0 {_height(10.0**power, low, high):.1f}h{WIDTH}" for power in range(low + 1, high)
    )
    return f'<path class="grid" d="{lines}"/>'


def _band_labels(plan: CodecPlan, end: float) -> str:
    spans = _spans(plan, end)
    every = max(1, math.ceil(len(spans) / MOST_NAMES))
    labels = "".join(
        f'<span style="left:{(left + right) / 2:.2%}">{number + 1}</span>'
        for number, (left, right) in enumerate(spans)
        if number % every == 0
    )
    return f'<div class="bandnames" aria-hidden="true">{labels}</div>'


def _cost_labels(low: int, high: int) -> str:
    names = {0: "1 bit", 1: "10 bits", 2: "100 bits"}
    labels = []
    for power in range(low, high + 1):
        name = names.get(power)
        if name is None:
            name = f"{10 ** (power - 3)} kbit" if power < 6 else f"{10 ** (power - 6):,} Mbit"
        top = _height(10.0**power, low, high) / HEIGHT
        labels.append(f'<span style="top:{top:.1%}">{name}</span>')
    return f'<div class="costs" aria-hidden="true">{"".join(labels)}</div>'


def _time_labels(end: float) -> str:
    step = next((step for step in STEPS if end / step <= 10), end / 10)
    marks = np.arange(0, end + step / 100, step)
    labels = "".join(
        f'<span style="left:{mark / end:.2%}">{mark:g}{" s" if mark == 0 else ""}</span>'
        for mark in marks
    )
    return f'<div class="seconds" aria-hidden="true">{labels}</div>'
