"""``jumpscore compare``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from jumpscore.cli.console import notes, output, print_json, print_note
from jumpscore.cli.options import Json
from jumpscore.errors import UsageError
from jumpscore.harness import RepeatedRun, read_repeats
from jumpscore.harness.repeating import AnyRun
from jumpscore.runs import holds_repeats, read_run
from jumpscore.studies.compare import (
    chosen_metric,
    compare_runs,
    compared_metrics,
    rank_runs,
    unshared,
)


def compare_folders(
    a: Annotated[Path, typer.Argument(help="Folder of a run.")],
    b: Annotated[Path, typer.Argument(help="Folder of another run on the same data.")],
    others: Annotated[
        list[Path] | None, typer.Argument(help="Further runs; then all are ranked.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="Metric of a ranking; default: the first of the headline.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(help="Write a page with every video and all answers on one time axis."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the paired comparison of two runs, or the ranking of more than two."""
    if others:
        print_ranking([read_either(folder) for folder in (a, b, *others)], metric, html, as_json)
        return
    if metric is not None:
        raise UsageError("--metric chooses the metric of a ranking; two runs print every metric")
    one, other = read_either(a), read_either(b)
    comparisons = compare_runs(one, other)
    if html is not None:
        write_page_of((one, other), html)
    from jumpscore.report.tables import banner, comparison_table
    from jumpscore.report.text import plural

    for run, only in zip((one, other), unshared(one, other), strict=True):
        if only:
            print_note(f"left out: {plural(only, 'sample')} that only {run.folder} has scored")
    if as_json:
        print_json({name: asdict(comparison) for name, comparison in comparisons.items()})
        return
    output().print(comparison_table(one, other, comparisons, compared_metrics(one)))
    for run in (one, other):
        if isinstance(run, RepeatedRun):
            note = f"note: {run.folder} enters with the mean over its {len(run.runs)} repeats"
            output().print(note, soft_wrap=True)
        if run.result.unscored:
            output().print(banner(run.result))


def print_ranking(
    runs: Sequence[AnyRun], name: str | None, html: Path | None, as_json: bool
) -> None:
    """Print the ranking of runs on one metric."""
    metric = chosen_metric(runs[0], name)
    ranking = rank_runs(runs, metric)
    if html is not None:
        write_page_of(runs, html)
    if as_json:
        print_json({"metric": metric.name} | asdict(ranking))
        return
    from jumpscore.report.ranking import ranking_table

    names = {str(run.folder): run.folder.name for run in runs}
    output().print(ranking_table(ranking, metric, names))


def read_either(folder: Path) -> AnyRun:
    """Return the run or the repeats in a folder."""
    return read_repeats(folder) if holds_repeats(folder) else read_run(folder)


def write_page_of(runs: Sequence[AnyRun], path: Path) -> None:
    """Write the page of runs next to each other and print its path."""
    from jumpscore.report.comparison_page import write_comparison_page

    notes().print(f"page: {write_comparison_page(runs, path)}", style="dim", soft_wrap=True)
