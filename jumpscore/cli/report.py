"""``jumpscore report``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from jumpscore.cli.ablate import present_ablation
from jumpscore.cli.compare import read_either
from jumpscore.cli.console import output
from jumpscore.cli.run import write_page
from jumpscore.errors import UsageError
from jumpscore.harness import read_repeats
from jumpscore.report.exports.formats import CONTENTS, INSPECT, RESULTS, export
from jumpscore.report.text import plural
from jumpscore.runs import holds_repeats, read_run
from jumpscore.runs.tables import SUFFIXES, write_samples
from jumpscore.studies.ablation import ABLATION, read_ablation

PAGE, SAMPLES = "page", "samples"
BY_SUFFIX = {
    ".html": PAGE,
    **dict.fromkeys(SUFFIXES, SAMPLES),
    **dict.fromkeys((".md", ".tex", ".svg", ".pdf"), RESULTS),
    ".eval": INSPECT,
}
"""What a file contains if ``--content`` is not set."""


def report_folder(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...", help="Folders of finished runs, of repeats or of an ablation."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="File to write; default: report.html in the folder. Its suffix is the format: "
            "html, csv, parquet, md, tex, svg, pdf or eval (a log of inspect_ai)."
        ),
    ] = None,
    content: Annotated[
        str | None,
        typer.Option(
            help=f"What the file contains: {PAGE}, {SAMPLES}, {', '.join(CONTENTS)}; default: "
            "samples in csv and parquet, results in md, tex, svg and pdf."
        ),
    ] = None,
) -> None:
    """Write the page of a run, or export runs as tables, figures or logs of other tools."""
    chosen = content or _content_of(out)
    if chosen == PAGE:
        _write_pages(folders, out)
        return
    if out is None:
        raise UsageError(f"--content {chosen} needs a file; add --out FILE")
    if chosen == SAMPLES:
        _write_samples(folders, out)
        return
    export([read_run(folder) for folder in folders], out, chosen)
    output().print(f"{out}: {chosen} of {plural(len(folders), 'run')}", soft_wrap=True)


def _content_of(out: Path | None) -> str:
    if out is None:
        return PAGE
    suffix = out.suffix.lower()
    if suffix not in BY_SUFFIX:
        raise UsageError(
            f"--out {out}: unsupported suffix {out.suffix!r}; use {', '.join(BY_SUFFIX)}, or set "
            "--content"
        )
    return BY_SUFFIX[suffix]


def _write_samples(folders: Sequence[Path], out: Path) -> None:
    if len(folders) > 1:
        raise UsageError(
            f"samples of {len(folders)} runs do not fit into one table; export one run, or the "
            "results of all with --content results"
        )
    table = read_either(folders[0]).samples()
    write_samples(table, out)
    output().print(f"{out}: {plural(len(table), 'row')}, one per sample", soft_wrap=True)


def _write_pages(folders: Sequence[Path], out: Path | None) -> None:
    if out is not None and out.suffix.lower() != ".html":
        raise UsageError(f"--out {out}: unsupported suffix {out.suffix!r} for a page; use .html")
    if out is not None and len(folders) > 1:
        raise UsageError(f"{len(folders)} runs have a page each; leave out --out")
    for folder in folders:
        _write_page(folder, out)


def _write_page(folder: Path, out: Path | None) -> None:
    if (folder / ABLATION).is_file():
        if out is not None:
            raise UsageError(f"{folder} is an ablation, whose page is in it; leave out --out")
        present_ablation(read_ablation(folder), folder)
    elif not holds_repeats(folder):
        write_page(read_run(folder), out)
    elif out is not None:
        raise UsageError(
            f"{folder} contains repeats, which have a page each; leave out --out, or name a .csv "
            "or .parquet file"
        )
    else:
        for run in read_repeats(folder).runs:
            write_page(run)
