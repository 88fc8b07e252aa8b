"""The log of a run as an SVG plot: answer loss, token accuracy, held-out F1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

WIDTH, HEIGHT, LEFT, GAP = 760, 110, 60, 30
CURVES = (
    ("answer", "loss of the answers", "#1f5fa8"),
    ("right", "share of the answers' tokens that are right", "#2a8a4a"),
    ("event", "loss of the tower's events", "#a8641f"),
    ("f1_frames", "held-out F1 at 0.1 s, frames", "#8a2a6b"),
    ("f1_codec", "held-out F1 at 0.1 s, canvases", "#5a4fb0"),
)


def write_plot(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write one panel per curve, with all stages in sequence.

    Args:
        rows: Lines of the log, in order.
        path: SVG file to write.
    """
    panels, y = [], 10
    for name, title, colour in CURVES:
        # A stage without this value leaves a gap in the curve.
        stages: dict[str, list[tuple[int, float]]] = {}
        for place, row in enumerate(rows):
            if name in row:
                stages.setdefault(row["stage"], []).append((place, float(row[name])))
        if stages:
            panels.append(_panel(list(stages.values()), len(rows), title, colour, y))
            y += HEIGHT + GAP
    body = "".join(panels) + _stages(rows, y)
    size = f'width="{LEFT + WIDTH + 20}" height="{y + 10}"'
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">'
        f'<rect {size} fill="#fff"/>{body}</svg>\n',
        encoding="utf-8",
    )


def _panel(
    lines: Sequence[Sequence[tuple[int, float]]], total: int, title: str, colour: str, top: int
) -> str:
    most = max(1e-9, max(value for points in lines for _, value in points))
    bottom = top + HEIGHT
    drawn = []
    for points in lines:
        places = " ".join(
            f"{LEFT + WIDTH * place / max(1, total - 1):.1f},"
            f"{top + 14 + (HEIGHT - 14) * (1 - value / most):.1f}"
            for place, value in points
        )
        drawn.append(
            f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        )
    return (
        f'<text x="{LEFT}" y="{top + 8}">{title}: last {lines[-1][-1][1]:.3f}</text>'
        f'<text x="{LEFT - 6}" y="{top + 20}" text-anchor="end">{most:.2g}</text>'
        f'<text x="{LEFT - 6}" y="{bottom}" text-anchor="end">0</text>'
        f'<path d="M{LEFT} {top + 14}V{bottom}H{LEFT + WIDTH}" fill="none" stroke="#999"/>'
        f"{''.join(drawn)}"
    )


def _stages(rows: Sequence[Mapping[str, Any]], y: int) -> str:
    """Return the name and steps of every stage at its start, with a line through all panels."""
    steps = {row["stage"]: row["step"] for row in rows}
    parts = []
    for place, row in enumerate(rows):
        if place == 0 or rows[place - 1]["stage"] != row["stage"]:
            x = LEFT + WIDTH * place / max(1, len(rows) - 1)
            name = f"{row['stage']}: {steps[row['stage']]:,} steps"
            parts.append(
                f'<text x="{x:.1f}" y="{y}">{name}</text>'
                f'<path d="M{x:.1f} 10V{y - 10}" stroke="#ccc" stroke-dasharray="3 3"/>'
            )
    return "".join(parts)
