"""``jumpscore leaderboard check``, and the table of a checked submission."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from jumpscore.boards.board import check_alone
from jumpscore.boards.scored import Checked
from jumpscore.cli.console import output, print_json, rendering
from jumpscore.cli.options import DataRoot, Json
from jumpscore.data.catalogue import locate
from jumpscore.report.tables import counts_line, interval, value_of
from jumpscore.report.text import plural

Submission = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a submission.")]


@dataclass(frozen=True, slots=True)
class TruthOptions:
    """Where the ground truth of a board is."""

    data: Annotated[
        str | None,
        typer.Option(
            help="Data set: a folder or a name; default: the one on this machine with the stated "
            "checksum."
        ),
    ] = None
    data_root: DataRoot = None

    def folder(self) -> Path | None:
        """Return the folder of the data set, if one was chosen."""
        if self.data is None:
            return None
        with rendering() as how:
            return locate(self.data, self.data_root, how)


def check_folder(
    folder: Submission, truth: TruthOptions = TruthOptions(), as_json: Json = False
) -> None:
    """Check a submission and print its scores."""
    present_checked(folder, check_alone(folder, truth.folder()), as_json=as_json)


def present_checked(folder: Path, checked: Checked, *, as_json: bool) -> None:
    """Print what was checked and the headline."""
    submission, result = checked.submission, checked.result
    if as_json:
        metrics = {name: asdict(result.metrics[name]) for name in result.headline}
        stated = submission.model_dump(mode="json")
        print_json({"folder": str(folder), "submission": stated, "metrics": metrics,
                    "counts": dict(result.counts)})  # fmt: skip
        return
    table = Table(
        title=f"{submission.model} ({', '.join(submission.settings.values())}): "
        f"{result.task} on {result.data}",
        title_justify="left",
    )
    table.add_column("metric", style="bold")
    for name in ("mean", "95% interval", "n"):
        table.add_column(name, justify="right")
    by_name = {metric.name: metric for metric in result.described}
    for name in result.headline:
        estimate, metric = result.metrics[name], by_name[name]
        table.add_row(
            name, value_of(estimate.mean, metric), interval(estimate, metric), str(estimate.n)
        )
    output().print(table)
    output().print(counts_line(result))
    answers = plural(len(checked.responses), "answer")
    output().print(f"{folder}: valid, {answers} scored from the raw text", soft_wrap=True)
