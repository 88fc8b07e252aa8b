"""``jumpscore data annotate``."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from jumpscore.builder.project import Project
from jumpscore.cli.console import notes, output
from jumpscore.errors import UsageError


def annotate_project(
    project: Annotated[Path, typer.Argument(help="Folder of the project.")],
    annotator: Annotated[str, typer.Option(help="Your name: letters, digits, '.', '_' or '-'.")],
    adjudicate: Annotated[
        bool, typer.Option("--adjudicate", help="Decide where annotators disagree.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port; 0 for any; by default the project's own."),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the browser.")] = True,
) -> None:
    """Annotate the videos of a project on a local page until Ctrl-C.

    Raises:
        UsageError: The project is in use, or a package is missing.
    """
    try:
        from jumpscore.builder.annotate.server import serve
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the annotation page needs {error.name}, which is not installed; "
            "pip install 'jumpscore[builder]'"
        ) from error

    def ready(address: str) -> None:
        output().print(address, soft_wrap=True)
        notes().print("only this machine can open it; Ctrl-C stops the server", style="dim")
        if open_page:
            webbrowser.open(address)

    serve(Project.open(project), annotator, adjudicate=adjudicate, port=port, ready=ready)
    notes().print("stopped; everything is saved", style="dim")
