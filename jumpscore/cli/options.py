"""Options that several commands share, and exit codes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

EXIT_FAILED_SAMPLES = 1
EXIT_WRONG_USE = 2
EXIT_INTERRUPTED = 130

Overrides = Annotated[
    list[str] | None, typer.Argument(help="key=value, such as model=motion or run.limit=3")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
AllMetrics = Annotated[
    bool, typer.Option("--all", help="Print every metric, not only those of the headline.")
]
Report = Annotated[bool, typer.Option(help="Write report.html.")]
Backend = Annotated[str, typer.Option(help="Block-score backend: pyav or bitcost.")]
DataRoot = Annotated[
    Path | None,
    typer.Option(help="Folder of the published data sets; default: $JUMPSCORE_DATA or the cache."),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; default: one per core.")]


@dataclass(frozen=True, slots=True)
class DataSetOptions:
    """Which task reads a data set, and where published ones are."""

    task: Annotated[
        str | None, typer.Option(help="Task that reads the data set; default: that of its name.")
    ] = None
    data_root: DataRoot = None
