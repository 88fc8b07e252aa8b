"""Results of one or several runs of one task on one data set, as the rows of one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jumpscore.errors import UsageError
from jumpscore.harness.blind_baseline import blind_baseline
from jumpscore.records import Estimate, Metric
from jumpscore.report.exports.documents import Table
from jumpscore.report.tables import interval, value_of
from jumpscore.report.text import DASH, plural, suffix
from jumpscore.runs import StoredRun

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Row:
    """A run: its name in the table and its result.

    Attributes:
        name: Model name, with the folder's name if several runs have the same model.
        estimates: One per metric of the table.
    """

    name: str
    estimates: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """Runs side by side.

    Attributes:
        title: What the table contains.
        metrics: Headline metrics of the task.
        baselines: Blind baseline of each metric, if the task has one and all runs agree on it.
        rows: One per run, in the order of the command.
        notes: Caveats of the runs, as sentences.
    """

    title: str
    metrics: tuple[Metric, ...]
    baselines: tuple[Estimate | None, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def results_of(runs: Sequence[StoredRun]) -> Results:
    """Return the headline of every run.

    Raises:
        UsageError: The runs are not of one task, one version of it and one data set.
    """
    _check_comparable(runs)
    first = runs[0].result
    by_name = {metric.name: metric for metric in first.described}
    metrics = tuple(by_name[name] for name in first.headline)
    rows = tuple(
        Row(name, tuple(run.result.metrics[metric.name] for metric in metrics))
        for name, run in zip(row_names(runs), runs, strict=True)
    )
    return Results(
        title=f"{first.task} on {first.data}, {plural(first.total, 'sample')}",
        metrics=metrics,
        baselines=tuple(_common_baseline(runs, metric.name) for metric in metrics),
        rows=rows,
        notes=_notes(runs),
    )


def row_names(runs: Sequence[StoredRun]) -> list[str]:
    """Return a name for each run: its model, with its folder if another run has the same model."""
    counts = Counter(run.result.model for run in runs)
    return [
        run.result.model
        if counts[run.result.model] == 1
        else f"{run.result.model} ({run.folder.name})"
        for run in runs
    ]


def results_table(runs: Sequence[StoredRun]) -> Table:
    """Return the headline of every run as text."""
    results = results_of(runs)
    header = ("model", *(f"{m.name} {suffix(m.unit)}".rstrip() for m in results.metrics))
    rows = tuple((row.name, *map(_cell, row.estimates, results.metrics)) for row in results.rows)
    baselines = tuple(
        DASH if estimate is None else value_of(estimate.mean, metric)
        for estimate, metric in zip(results.baselines, results.metrics, strict=True)
    )
    if any(results.baselines):
        rows += (("blind baseline", *baselines),)
    notes = ("Brackets: 95% confidence interval.", *results.notes)
    return Table(results.title, header, rows, notes)


def results_frame(runs: Sequence[StoredRun]) -> DataFrame:
    """Return one row per run and metric, with every metric and full precision."""
    import pandas as pd

    _check_comparable(runs)
    frames = []
    for name, run in zip(row_names(runs), runs, strict=True):
        frame = run.result.to_pandas().reset_index()
        for place, (column, value) in enumerate(
            [("run", name), ("task", run.result.task), ("data", run.result.data)]
        ):
            frame.insert(place, column, value)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _cell(estimate: Estimate, metric: Metric) -> str:
    return f"{value_of(estimate.mean, metric)} {interval(estimate, metric)}".rstrip()


def _check_comparable(runs: Sequence[StoredRun]) -> None:
    first = runs[0]
    for run in runs[1:]:
        for what, one, other in (
            ("task", first.result.task, run.result.task),
            ("task version", first.result.task_version, run.result.task_version),
            ("data set", first.record.identity.data, run.record.identity.data),
            ("headline", first.result.headline, run.result.headline),
        ):
            if one != other:
                raise UsageError(
                    f"{run.folder}: its {what} differs from that of {first.folder} ({other!s:.80} "
                    f"and {one!s:.80}); one table needs runs of one task on one data set"
                )


def _common_baseline(runs: Sequence[StoredRun], metric: str) -> Estimate | None:
    """Return the blind baseline of a metric if it is defined and the same for all runs."""
    first = blind_baseline(runs[0].result, metric)
    if first is None or first.mean is None:
        return None
    return first if all(blind_baseline(run.result, metric) == first for run in runs) else None


def _notes(runs: Sequence[StoredRun]) -> tuple[str, ...]:
    """Return caveats: once if they apply to all runs, otherwise with the runs' names."""
    names = row_names(runs)
    by_caveat: dict[str, list[str]] = {}
    for name, run in zip(names, runs, strict=True):
        for caveat in run.result.caveats:
            by_caveat.setdefault(caveat, []).append(name)
    notes = []
    for caveat, affected in by_caveat.items():
        text = caveat[:1].upper() + caveat[1:]
        notes.append(
            f"{text}." if len(affected) == len(runs) else f"{', '.join(affected)}: {caveat}."
        )
    totals = {run.result.total for run in runs}
    if len(totals) > 1:
        sizes = ", ".join(f"{n} {r.result.total:,}" for n, r in zip(names, runs, strict=True))
        notes.append(f"Numbers of samples differ: {sizes}.")
    return tuple(notes)
