"""``jumpscore hub results``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jumpscore.cli.console import output
from jumpscore.jsonio import write_text
from jumpscore.report.exports.hub import eval_results
from jumpscore.runs import read_run


def write_results(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    dataset: Annotated[str, typer.Option(help="Data set on the hub: owner/name.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write; default: .eval_results/TASK.yaml.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Address of the logs of the run.")] = None,
) -> None:
    """Write the results of a run for the repository of its model."""
    stored = read_run(run)
    file = out or Path(".eval_results", f"{stored.result.task}.yaml")
    text = eval_results(stored, dataset, source=source)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, text)
    output().print(f"{file}: add it to the repository of the model", soft_wrap=True)
