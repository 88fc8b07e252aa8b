"""A table of the paper, next to what was measured here, with a verdict per cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jumpscore.records import Estimate
from jumpscore.studies.reproduction.matching import Candidate, RunSummary, candidates
from jumpscore.studies.reproduction.published import Table
from jumpscore.studies.reproduction.recipes import (
    PUBLISHED_CODEC_RECIPE,
    Cell,
    codec_recipe_of,
    has_data,
)

Verdict = Literal[
    "reproduced",
    "differs",
    "incomplete",
    "nearest task",
    "other data",
    "not run",
    "no data",
    "not runnable",
]
VERDICTS: dict[Verdict, str] = {
    "reproduced": "the published value is in the 95% interval, or equal after rounding",
    "differs": "it is not",
    "incomplete": "samples without a score are left; rerun the command",
    "nearest task": "measured with the nearest task of lmms-eval, not with the paper's",
    "other data": "measured on a bundled data set or checkpoint to try the command: the published "
    "value is of another set",
    "not run": "no finished run agrees with the recipe",
    "no data": "the data set is not on this machine: 'jumpscore data fetch NAME'",
    "not runnable": "one command cannot run it, see the note",
}
"""Verdict -> meaning."""
ROUNDING = 0.05
"""Half a unit of the last published decimal."""
COMPARED = ("reproduced", "differs", "incomplete", "nearest task")
MOST_NEAR = 3
"""Near misses that a row lists."""


@dataclass(frozen=True, slots=True)
class Row:
    """A published value and what was measured here, in percent.

    Attributes:
        cell: The published value and its recipe.
        verdict: See ``VERDICTS``.
        measured: Measured value; ``None`` if no run has one.
        low: Lower end of the 95% interval; ``None`` without an interval.
        high: Upper end.
        run: Folder of the run; ``None`` without a measured value.
        codec_recipe: Recipe of the run's canvases, from its record; ``None`` for other inputs.
        notes: Notes for readers about the row.
        near: Runs that differ from the recipe.
    """

    cell: Cell
    verdict: Verdict
    measured: float | None = None
    low: float | None = None
    high: float | None = None
    run: Path | None = None
    codec_recipe: str | None = None
    notes: tuple[str, ...] = ()
    near: tuple[Candidate, ...] = ()

    @property
    def difference(self) -> float | None:
        """Measured minus published, if both are of one data set."""
        if self.measured is None or self.verdict not in COMPARED:
            return None
        return self.measured - self.cell.published.value

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        value, recipe = self.cell.published, self.cell.recipe
        return {
            "table": value.table,
            "benchmark": value.benchmark,
            "metric": value.metric,
            "model": value.model,
            "published": value.value,
            "published_by_command": recipe.score,
            "measured": self.measured,
            "difference": self.difference,
            "ci_low": self.low,
            "ci_high": self.high,
            "verdict": self.verdict,
            "run": None if self.run is None else str(self.run),
            "settings": recipe.source,
            "codec_recipe": self.codec_recipe,
            "published_codec_recipe": recipe.codec_recipe,
            "command": list(recipe.words),
            "notes": list(self.notes),
            "near_misses": [
                {"run": str(c.run.folder), "differences": list(c.differences)} for c in self.near
            ],
        }


@dataclass(frozen=True, slots=True)
class Reproduction:
    """One table of the paper with what was measured."""

    table: Table
    rows: tuple[Row, ...]


def reproduce(
    table: Table, selected: Sequence[Cell], runs: Sequence[RunSummary], root: Path | None = None
) -> Reproduction:
    """Return a table with a verdict for every cell.

    Args:
        table: The table.
        selected: Its cells.
        runs: Stored runs.
        root: The data root, if one was chosen.
    """
    return Reproduction(table, tuple(_row(cell, runs, root) for cell in selected))


def _row(cell: Cell, runs: Sequence[RunSummary], root: Path | None) -> Row:
    recipe = cell.recipe
    ranked = candidates(recipe, runs)
    agreeing = [c for c in ranked if not c.differences]
    near = tuple(c for c in ranked if c.differences)[:MOST_NEAR]
    notes = [note for note in (recipe.route.obstacle, recipe.route.note) if note]
    finished = next((c for c in agreeing if c.run.result is not None), None)
    if finished is not None:
        return _measured(cell, finished, [*notes, *finished.notes], near)
    if agreeing:
        notes.append(f"{agreeing[0].run.folder} is not finished; rerun the command to resume")
    tried = next((c for c in near if c.other_data and c.run.result is not None), None)
    if tried is not None:
        notes += [*tried.differences, *tried.notes]
        return _other_data(cell, tried, notes, near)
    verdict: Verdict = "no data" if has_data(recipe.route, root) is False else "not run"
    if recipe.route.obstacle:
        verdict = "not runnable"
    return Row(cell, verdict, notes=tuple(notes), near=near)


def _measured(
    cell: Cell, candidate: Candidate, notes: list[str], near: tuple[Candidate, ...]
) -> Row:
    """Return the row of a run that agrees with the recipe."""
    run, route = candidate.run, cell.recipe.route
    assert run.result is not None
    value, low, high = in_percent(run.result.metrics[route.metric], percent=route.percent)
    used = _codec_recipe(run, notes)
    notes += [caveat for caveat in run.result.caveats if caveat not in notes]
    verdict = _verdict(cell.published.value, value, low, high)
    if run.result.unscored:
        verdict = "incomplete"
        notes.append(f"{run.result.unscored} of {run.result.total} samples have no score")
    elif route.nearest:
        verdict = "nearest task"
    elif low is None:
        notes.append("no interval: the metric is not a mean over samples")
    return Row(cell, verdict, value, low, high, run.folder, used, tuple(notes), near)


def _verdict(published: float, value: float | None, low: float | None, high: float | None) -> Any:
    """Return ``reproduced`` or ``differs``.

    >>> _verdict(74.9, 74.0, 71.0, 77.0), _verdict(74.9, 74.94, None, None)
    ('reproduced', 'reproduced')
    >>> _verdict(74.9, 60.0, 57.0, 63.0), _verdict(74.9, None, None, None)
    ('differs', 'not run')
    """
    if value is None:
        return "not run"
    inside = low is not None and high is not None and low <= published <= high
    return "reproduced" if inside or abs(value - published) <= ROUNDING + 1e-9 else "differs"


def _other_data(
    cell: Cell, candidate: Candidate, notes: list[str], near: tuple[Candidate, ...]
) -> Row:
    """Return the row of a run on a bundled data set, with its own main metric."""
    run, route = candidate.run, cell.recipe.route
    result = run.result
    assert result is not None
    name = route.metric if route.metric in result.metrics else result.headline[0]
    unit = next((m.unit for m in result.described if m.name == name), "percent")
    value, low, high = in_percent(result.metrics[name], percent=unit != "percent")
    if name != route.metric:
        notes.append(f"metric {name}")
    used = _codec_recipe(run, notes)
    return Row(cell, "other data", value, low, high, run.folder, used, tuple(notes), near)


def _codec_recipe(run: RunSummary, notes: list[str]) -> str | None:
    """Return the recipe of a run's canvases, and note that the published ones had another."""
    used = codec_recipe_of(run.record)
    if used is not None:
        notes.append(f"canvases: recipe {used!r}; the published ones: {PUBLISHED_CODEC_RECIPE!r}")
    return used


def in_percent(
    estimate: Estimate, *, percent: bool
) -> tuple[float | None, float | None, float | None]:
    """Return a value and the ends of its interval in percent.

    >>> in_percent(Estimate(0.5, 0.1, 0.25, 0.75, 9), percent=False)
    (50.0, 25.0, 75.0)
    """
    scale = 1.0 if percent else 100.0
    value, low, high = (
        None if number is None else scale * number
        for number in (estimate.mean, estimate.ci_low, estimate.ci_high)
    )
    return value, low, high
