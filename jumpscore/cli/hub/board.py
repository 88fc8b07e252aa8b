"""``jumpscore hub board``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from jumpscore.cli.console import output, print_json
from jumpscore.cli.options import Json
from jumpscore.errors import visible
from jumpscore.report.exports.hub import BoardRow, read_board


def print_board(
    dataset: Annotated[str, typer.Argument(help="Data set on the hub: owner/name.")],
    base_models: Annotated[
        bool, typer.Option("--base-models", help="Leave out models derived from another one.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the board of a data set on the hub."""
    rows = read_board(dataset, everything=not base_models)
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{dataset} on the hub", title_justify="left")
    for column in ("rank", "model", "value", "95% interval", "n", "verified"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for row in rows:
        table.add_row(*map(Text, _cells(row)))
    output().print(table)


def _cells(row: BoardRow) -> list[str]:
    note = row.note
    interval = "" if note is None else f"[{note.low:.4g}, {note.high:.4g}]"
    n = "" if note is None else str(note.n)
    verified = "yes" if row.verified else "no"
    return [str(row.rank), visible(row.model), f"{row.value:.4g}", interval, n, verified]
