"""The order of a board: its entries ranked, and the numbers that others published."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jumpscore.boards.board import OpenBoard
from jumpscore.boards.entries import Entry
from jumpscore.errors import DataError
from jumpscore.records import Metric
from jumpscore.scoring import Ratio
from jumpscore.scoring.ranking import Better, RankedModel, Ranking, rank
from jumpscore.studies.reproduction.published import paper_values

PAPER = "arXiv 2605.25979, table {table}"


@dataclass(frozen=True, slots=True)
class Row:
    """One ranked entry."""

    entry: Entry
    ranked: RankedModel


@dataclass(frozen=True, slots=True)
class Published:
    """A number that others published: value in percent."""

    model: str
    value: float
    source: str


@dataclass(frozen=True)
class Standings:
    """Everything on the first page of a site.

    Attributes:
        title: Title of the board.
        metrics: The headline; the first metric ranks.
        better: Which of its values are better.
        rows: Entries, best first.
        ranking: Definition and stability of the ranking.
        published: Numbers that others published, largest first; empty on boards of other data.
    """

    title: str
    metrics: tuple[Metric, ...]
    better: Better
    rows: tuple[Row, ...]
    ranking: Ranking
    published: tuple[Published, ...]

    @property
    def stability(self) -> str:
        """How stable the order is, in words; empty for one entry."""
        stability = self.ranking.stability
        if stability.spearman is None:
            return ""
        return (
            f"Rank correlation between two random halves of the samples: {stability.spearman:.2f}, "
            f"mean of {stability.splits} splits."
        )


def standings_of(opened: OpenBoard, entries: Sequence[Entry]) -> Standings:
    """Rank the entries of a board by the first metric of its task's headline.

    Raises:
        DataError: Neither high nor low values of that metric are better.
    """
    result = entries[0].result
    by_name = {metric.name: metric for metric in result.described}
    metrics = tuple(by_name[name] for name in result.headline)
    better = metrics[0].better
    if better not in ("higher", "lower"):
        raise DataError(f"task {result.task}: {metrics[0].name} cannot rank models")
    by_slug = {entry.submission.slug: entry for entry in entries}
    models = {
        slug: Ratio(np.array(entry.numerator), np.array(entry.denominator), entry.is_mean)
        for slug, entry in by_slug.items()
    }
    ranking = rank(models, clusters=entries[0].clusters, better=better)
    return Standings(
        title=opened.board.title,
        metrics=metrics,
        better=better,
        rows=tuple(Row(by_slug[row.name], row) for row in ranking.rows),
        ranking=ranking,
        published=_published() if opened.board.published else (),
    )


def _published() -> tuple[Published, ...]:
    values = [value for value in paper_values() if value.benchmark == "JumpScore"]
    return tuple(
        Published(value.model, value.value, PAPER.format(table=value.table))
        for value in sorted(values, key=lambda value: (-value.value, value.model))
    )


def natural(text: str) -> list[tuple[bool, float, str]]:
    """Return a sort key in which numbers count as numbers.

    >>> sorted(["16 frames", "8 frames", "canvases"], key=natural)
    ['8 frames', '16 frames', 'canvases']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", text)
    return [
        (False, float(part), "") if part[0].isdigit() else (True, 0.0, part.lower())
        for part in parts
    ]
