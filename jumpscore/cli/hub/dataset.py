"""``jumpscore hub dataset``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jumpscore.cli.console import output
from jumpscore.jsonio import write_text
from jumpscore.report.exports.hub import eval_yaml
from jumpscore.runs import read_run


def write_dataset(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of a finished run on the data set.")
    ],
    name: Annotated[
        str | None, typer.Option(help="Name of the benchmark; default: that of the data set.")
    ] = None,
    split: Annotated[str, typer.Option(help="Split of the data set on the hub.")] = "test",
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("eval.yaml"),
) -> None:
    """Write the file that registers a data set as a benchmark, with one task per metric."""
    stored = read_run(run)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text(out, eval_yaml(stored, name or stored.result.data, split=split))
    output().print(f"{out}: add it to the repository of the data set", soft_wrap=True)
