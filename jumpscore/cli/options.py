"""What several commands share: options by one name, and what exit codes mean."""

from __future__ import annotations

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
Backend = Annotated[str, typer.Option(help="Of block scores: pyav or bitcost.")]
DataRoot = Annotated[
    Path | None,
    typer.Option(help="Where published data sets lie; by default $JUMPSCORE_DATA or the cache."),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; by default one per core.")]
