"""Pictures of a sample with what is true and what was answered drawn over them.

Shapes come from ``scores.jsonl``, which anybody may have edited: what is no shape is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from jumpscore.records import Media
from jumpscore.report.text import escaped, seconds, shortened
from jumpscore.report.thumbnails import (
    Thumbnail,
    encoded,
    moment_strip,
    picture_size,
    reason,
)

HEIGHT = 240
"""Of a picture in pixels."""
MOST_DRAWINGS = 8
"""Drawings of a sample that a page carries, spread evenly over those there are."""
LARGEST_SIDE = 20_000
"""Pixels; a picture with a longer side is not decoded."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture with its shapes, ready for the page.

    Attributes:
        picture: As JPEG; ``None`` where it cannot be shown.
        size: (width, height) of the picture in pixels.
        shapes: As in ``evaluators.drawings``.
        caption: Below the picture.
        problem: Why there is no picture.
    """

    picture: Thumbnail | None
    size: tuple[int, int]
    shapes: tuple[Mapping[str, Any], ...]
    caption: str
    problem: str | None = None


def drawn_sample(
    details: Mapping[str, Any], media: Sequence[Media], *, budget: int
) -> tuple[Drawn, ...]:
    """Return the drawings of a sample. Never raises: a report outlives its data set.

    Args:
        details: Of its score.
        media: Of its question.
        budget: Bytes that all its pictures may take together.
    """
    found = details.get("drawings")
    wanted = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    if len(wanted) > MOST_DRAWINGS:
        step = (len(wanted) - 1) / (MOST_DRAWINGS - 1)
        wanted = [wanted[round(i * step)] for i in range(MOST_DRAWINGS)]
    return tuple(_drawn(one, media, budget // max(1, len(wanted))) for one in wanted)


def _drawn(one: Mapping[str, Any], media: Sequence[Media], budget: int) -> Drawn:
    place, time = one.get("media"), one.get("time")
    listed = one.get("shapes")
    shapes = tuple(s for s in listed if _is_shape(s)) if isinstance(listed, list) else ()
    caption = str(one.get("caption") or "")
    picture: Thumbnail | None = None
    size, problem = (4 * HEIGHT // 3, HEIGHT), None
    if not isinstance(place, int) or not 0 <= place < len(media):
        problem = "the sample has no such picture"
    elif media[place].kind == "image":
        picture, size, problem = _still(media[place].path, budget)
    else:
        moment = float(time) if isinstance(time, (int, float)) else 0.0
        strip = moment_strip(media[place].path, [moment], budget=budget, height=HEIGHT)
        problem = strip.problem
        if strip.pictures:
            picture, size = strip.pictures[0], (round(HEIGHT * strip.aspect), HEIGHT)
            caption = f"{seconds(picture.time)} s {caption}".strip()
    return Drawn(picture, size, shapes, caption, None if picture else problem)


def _still(path: Path, budget: int) -> tuple[Thumbnail | None, tuple[int, int], str | None]:
    """Return an image file in small, its size, and why there is none."""
    nothing = (4 * HEIGHT // 3, HEIGHT)
    try:
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if pixels is None or max(pixels.shape[:2]) > LARGEST_SIDE:
            return None, nothing, f"{path.name} cannot be read as a picture"
        size = picture_size(pixels.shape[1], pixels.shape[0], tall=HEIGHT)
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)[..., ::-1].astype(np.uint8)
        [picture] = encoded([(0.0, small)], budget)
    except Exception as error:  # decoders fail in too many ways to name
        return None, nothing, reason(error, path)
    return picture, size, None


def _is_shape(shape: object) -> bool:
    if not isinstance(shape, dict) or shape.get("of") not in ("truth", "answer"):
        return False
    points = shape.get("xy")
    return (
        shape.get("form") in ("points", "path", "area")
        and isinstance(points, list)
        and all(isinstance(p, list) and len(p) == 2 and all(map(_is_number, p)) for p in points)
    )


def _is_number(value: object) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value)  # type: ignore[arg-type]


def drawings_html(drawn: Sequence[Drawn]) -> str:
    """Return the drawings of a sample, side by side."""
    return f'<div class="drawings">{"".join(map(_figure, drawn))}</div>' if drawn else ""


def _figure(one: Drawn) -> str:
    width, height = one.size
    if one.picture is not None:
        below = f'<img src="{one.picture.address}" alt="" loading="lazy" decoding="async">'
    else:
        below = f'<p class="aside">No picture: {shortened(one.problem, 160)}</p>'
    # Truth first: what was answered lies above it.
    shapes = sorted(one.shapes, key=lambda shape: shape["of"] == "answer")
    drawn = "".join(_shape(shape, width, height) for shape in shapes)
    caption = f"<figcaption>{shortened(one.caption, 120)}</figcaption>" if one.caption else ""
    return (
        f'<figure style="--wide:{width}px">'
        f'<div class="plate" style="aspect-ratio:{width}/{height}">{below}'
        f'<svg viewBox="0 0 {width} {height}" aria-hidden="true">{drawn}</svg></div>'
        f"{caption}</figure>"
    )


def _shape(shape: Mapping[str, Any], width: int, height: int) -> str:
    points = [(x * width, y * height) for x, y in shape["xy"]]
    listed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in points)
    lines = {
        "area": f'<polygon points="{listed}"/>',
        "path": f'<polyline points="{listed}"/>{dots}',
        "points": dots,
    }
    return f'<g class="{escaped(shape["of"])}">{lines[shape["form"]]}</g>'


def span_lanes(details: Mapping[str, Any], duration: float | None) -> str:
    """Return the true and the answered span as bars on the axis of a video, where there are any.

    Args:
        details: Of a score, with ``true_span`` and ``answered_span`` in seconds.
        duration: Of the video in seconds; by default the end of the later span.
    """
    spans = [(side, _span(details.get(name))) for side, name in SPANS]
    known = [(side, span) for side, span in spans if span is not None]
    if not known:
        return ""
    end = max(duration or 0.0, *(max(span) for _, span in known), 1e-3)
    bars = "".join(
        f'<i class="{side}" style="left:{100 * min(span) / end:.2f}%;'
        f'width:{max(0.3, 100 * abs(span[1] - span[0]) / end):.2f}%"></i>'
        for side, span in known
    )
    words = ", ".join(f"{side} {seconds(span[0])} to {seconds(span[1])} s" for side, span in known)
    return f'<div class="spans">{bars}</div><p class="aside">{words}</p>'


SPANS = (("truth", "true_span"), ("answer", "answered_span"))


def _span(span: object) -> tuple[float, float] | None:
    if not isinstance(span, list) or len(span) != 2:
        return None
    if not all(_is_number(value) and 0 <= value < 1e9 for value in span):
        return None
    return float(span[0]), float(span[1])
