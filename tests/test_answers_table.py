"""Every row of the table of answers is read as expected, and the page shows the table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evaluators.spatial import parse_box, parse_choice, parse_number, parse_points, parse_word
from evaluators.temporal import parse_span
from evaluators.traces import parse_trace
from evaluators.tracking import parse_tracks
from jumpscore.scoring import parse_count, parse_times
from tests.answers_table import page, rows


def times(text: str) -> list[float] | None:
    parsed = parse_times(text)
    return list(parsed.times) if parsed.status in ("ok", "empty") else None


def count(text: str) -> int | None:
    return parse_count(text).count


def span(text: str) -> list[float] | None:
    parsed = parse_span(text)
    return None if parsed.span is None else list(parsed.span)


def points(text: str) -> list[list[float]] | None:
    return [list(point) for point in parse_points(text, convention="pixel").points] or None


def box(text: str) -> list[float] | None:
    parsed = parse_box(text, convention="pixel")
    return None if parsed.box is None else list(parsed.box)


def number(text: str) -> float | None:
    return parse_number(text).value


def choice(text: str) -> str | None:
    return parse_choice(text, {"A": "chair", "B": "table"}).letter


def word(text: str) -> str | None:
    return parse_word(text, {"A": "yes", "B": "no"}).letter


def trace(text: str) -> list[list[float]] | None:
    return [list(point) for point in parse_trace(text).waypoints] or None


def tracks(text: str) -> dict[str, dict[str, list[float]]] | None:
    parsed = parse_tracks(text, width=1000, height=1000, fps=6)
    frames = {
        str(frame): {name: list(point) for name, point in points.items()}
        for frame, points in parsed.frames.items()
    }
    return frames or None


READERS: dict[str, Callable[[str], Any]] = {
    "times": times, "count": count, "span": span, "points": points, "box": box,
    "number": number, "choice": choice, "word": word, "trace": trace, "tracks": tracks,
}  # fmt: skip
"""Parser -> function from a text to the value in column ``right``."""


@pytest.mark.parametrize(
    ("parser", "row"), rows(), ids=lambda value: value if isinstance(value, str) else value["kind"]
)
def test_parsers_read_table_row(parser: str, row: dict[str, Any]):
    assert READERS[parser](row["text"]) == row["right"]


def test_page_equals_docs():
    path = Path(__file__).parents[1] / "docs" / "answers.md"
    assert path.read_text(encoding="utf-8") == page()
