"""Pictures of a sample with true and answered shapes drawn over them, and spans as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from jumpscore.records import Drawing, Media, OverlayView, Shape, SpanView
from jumpscore.report.text import escaped, seconds, shortened
from jumpscore.report.thumbnails import (
    Thumbnail,
    encoded,
    moment_strip,
    picture_size,
    reason,
)

HEIGHT = 240
"""Height of a picture in pixels."""
MOST_DRAWINGS = 8
"""Drawings of a sample on a page; of more, these are spread evenly."""
LARGEST_SIDE = 20_000
"""Longest side of a picture in pixels; larger ones are not decoded."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture with its shapes, ready for the page.

    Attributes:
        picture: The picture as JPEG; ``None`` if it cannot be shown.
        size: (width, height) of the picture in pixels.
        shapes: Shapes to draw over it.
        caption: Text below the picture.
        problem: Why the picture is missing.
    """

    picture: Thumbnail | None
    size: tuple[int, int]
    shapes: tuple[Shape, ...]
    caption: str
    problem: str | None = None


def drawn_sample(view: OverlayView, media: Sequence[Media], *, budget: int) -> tuple[Drawn, ...]:
    """Return the drawings of a sample. Never raises: a report outlives its data set.

    Args:
        view: View of the sample's score.
        media: Media of its question.
        budget: Bytes that all its pictures may take together.
    """
    drawings = view.drawings
    if len(drawings) > MOST_DRAWINGS:
        step = (len(drawings) - 1) / (MOST_DRAWINGS - 1)
        drawings = tuple(drawings[round(i * step)] for i in range(MOST_DRAWINGS))
    return tuple(_drawn(one, media, budget // max(1, len(drawings))) for one in drawings)


def _drawn(one: Drawing, media: Sequence[Media], budget: int) -> Drawn:
    shapes = tuple(shape for shape in one.shapes if np.isfinite(shape.points).all())
    caption = one.caption
    picture: Thumbnail | None = None
    size, problem = (4 * HEIGHT // 3, HEIGHT), None
    if not 0 <= one.media < len(media):
        problem = "the sample has no such picture"
    elif media[one.media].kind == "image":
        picture, size, problem = _still(media[one.media].path, budget)
    else:
        moment = one.time or 0.0
        strip = moment_strip(media[one.media].path, [moment], budget=budget, height=HEIGHT)
        problem = strip.problem
        if strip.pictures:
            picture, size = strip.pictures[0], (round(HEIGHT * strip.aspect), HEIGHT)
            caption = f"{seconds(picture.time)} s {caption}".strip()
    return Drawn(picture, size, shapes, caption, None if picture else problem)


def _still(path: Path, budget: int) -> tuple[Thumbnail | None, tuple[int, int], str | None]:
    """Return a small copy of an image file, its size, and a problem if it cannot be read."""
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


def drawings_html(drawn: Sequence[Drawn]) -> str:
    """Return the drawings of a sample, next to each other."""
    return f'<div class="drawings">{"".join(map(_figure, drawn))}</div>' if drawn else ""


def _figure(one: Drawn) -> str:
    width, height = one.size
    if one.picture is not None:
        below = f'<img src="{one.picture.address}" alt="" loading="lazy" decoding="async">'
    else:
        below = f'<p class="aside">No picture: {shortened(one.problem, 160)}</p>'
    # Truth first, so that answers lie above it.
    shapes = sorted(one.shapes, key=lambda shape: shape.side == "answer")
    drawn = "".join(_shape(shape, width, height) for shape in shapes)
    caption = f"<figcaption>{shortened(one.caption, 120)}</figcaption>" if one.caption else ""
    return (
        f'<figure style="--wide:{width}px">'
        f'<div class="plate" style="aspect-ratio:{width}/{height}">{below}'
        f'<svg viewBox="0 0 {width} {height}" aria-hidden="true">{drawn}</svg></div>'
        f"{caption}</figure>"
    )


def _shape(shape: Shape, width: int, height: int) -> str:
    points = [(x * width, y * height) for x, y in shape.points]
    listed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in points)
    lines = {
        "area": f'<polygon points="{listed}"/>',
        "path": f'<polyline points="{listed}"/>{dots}',
        "points": dots,
    }
    return f'<g class="{escaped(shape.side)}">{lines[shape.form]}</g>'


def span_lanes(view: SpanView, duration: float | None) -> str:
    """Return the true and the answered span as bars on the axis of a video.

    Args:
        view: View of a score; a span with a time outside any video is left out.
        duration: Length of the video in seconds; by default the end of the later span.
    """
    spans = (("truth", view.truth), ("answer", view.answered))
    known = [(side, span) for side, span in spans if span and all(0 <= at < 1e9 for at in span)]
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
