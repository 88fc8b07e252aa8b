"""Every row of the table of answers is read as the table says, and the page shows the table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evaluators.temporal import parse_span
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


READERS: dict[str, Callable[[str], Any]] = {"times": times, "count": count, "span": span}
"""Parser -> a function from a text to what the table's ``right`` holds."""


@pytest.mark.parametrize(
    ("parser", "row"), rows(), ids=lambda value: value if isinstance(value, str) else value["kind"]
)
def test_table_row_is_read_right(parser: str, row: dict[str, Any]):
    assert READERS[parser](row["text"]) == row["right"]


def test_page_is_what_the_table_gives():
    path = Path(__file__).parents[1] / "docs" / "answers.md"
    assert path.read_text(encoding="utf-8") == page()
