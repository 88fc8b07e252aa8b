"""``jumpscore report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jumpscore.cli.ablate import present_ablation
from jumpscore.cli.compare import read_either
from jumpscore.cli.console import output
from jumpscore.cli.run import write_page
from jumpscore.errors import UsageError
from jumpscore.harness import read_repeats
from jumpscore.report.text import plural
from jumpscore.runs import holds_repeats, read_run
from jumpscore.runs.tables import SUFFIXES, write_samples
from jumpscore.studies.ablation import ABLATION, read_ablation

PAGE = ".html"


def report_folder(
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of a finished run or of an ablation.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="File to write; default: report.html in the folder. A .csv or .parquet file gets "
            "one row per sample."
        ),
    ] = None,
) -> None:
    """Write the page of a stored run, of each of its repeats, or of an ablation."""
    if (folder / ABLATION).is_file():
        if out is not None:
            raise UsageError(f"{folder} is an ablation, whose page is in it; leave out --out")
        present_ablation(read_ablation(folder), folder)
        return
    if out is not None and out.suffix.lower() in SUFFIXES:
        table = read_either(folder).samples()
        write_samples(table, out)
        rows = plural(len(table), "row")
        output().print(f"{out}: {rows}, one per sample", soft_wrap=True)
        return
    if out is not None and out.suffix.lower() != PAGE:
        raise UsageError(
            f"--out {out}: unsupported suffix {out.suffix!r}; use {', '.join((PAGE, *SUFFIXES))}"
        )
    if not holds_repeats(folder):
        write_page(read_run(folder), out)
        return
    if out is not None:
        raise UsageError(
            f"{folder} contains repeats, which have a page each; leave out --out, or name a .csv "
            "or .parquet file"
        )
    for run in read_repeats(folder).runs:
        write_page(run)
