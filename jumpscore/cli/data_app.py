"""``jumpscore data``: the commands and their options; what they do lives in ``data``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jumpscore.cli.options import EXIT_FAILED_SAMPLES, DataRoot, Json, Workers

TaskOfSet = Annotated[
    str | None, typer.Option("--task", help="Task that asks about a folder; by default jumpscore.")
]
data_app = typer.Typer(help="Make, inspect and fetch data sets.", no_args_is_help=True)


@data_app.command()
def synthesize(
    out: Annotated[Path, typer.Option(help="Folder for the data set.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="key=value of the profile, such as clips=100")
    ] = None,
    profile: Annotated[str, typer.Option(help="What to render: mini or full.")] = "mini",
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal sets.")] = 0,
    workers: Workers = None,
) -> None:
    """Render jump-rope videos with known event times."""
    from jumpscore.cli.data import synthesize_set

    synthesize_set(out, profile, overrides or [], seed=seed, workers=workers)


@data_app.command(name="list")
def list_(data_root: DataRoot = None, json: Json = False) -> None:
    """List the data sets that have a name, and which of them are here."""
    from jumpscore.cli.data import list_sets

    list_sets(root=data_root, as_json=json)


@data_app.command()
def info(
    data: Annotated[str, typer.Argument(help="A folder or a name (mini, published).")],
    check: Annotated[bool, typer.Option(help="Hold every file against its row.")] = False,
    task: TaskOfSet = None,
    data_root: DataRoot = None,
    json: Json = False,
) -> None:
    """Describe a data set; with --check, find what is wrong with it."""
    from jumpscore.cli.data import describe_set

    if describe_set(data, task=task, root=data_root, check=check, as_json=json):
        raise typer.Exit(EXIT_FAILED_SAMPLES)


@data_app.command()
def ids(
    data: Annotated[str, typer.Argument(help="A folder or a name of 'jumpscore data list'.")],
    task: TaskOfSet = None,
    data_root: DataRoot = None,
    json: Json = False,
) -> None:
    """List the ids of a data set: an answers file names its samples by them."""
    from jumpscore.cli.data_ids import list_ids

    list_ids(data, task=task, root=data_root, as_json=json)


@data_app.command()
def template(
    data: Annotated[str, typer.Argument(help="A folder or a name of 'jumpscore data list'.")],
    out: Annotated[Path, typer.Option(help="The file to write, such as answers.jsonl.")],
    task: TaskOfSet = None,
    data_root: DataRoot = None,
) -> None:
    """Write an answers file with the ids of a data set and no answers yet."""
    from jumpscore.cli.data_ids import write_template

    write_template(data, out, task=task, root=data_root)


@data_app.command()
def fetch(
    name: Annotated[
        str, typer.Argument(help="A set of 'jumpscore data list', or a benchmark of lmms-eval.")
    ] = "published",
    data_root: DataRoot = None,
    revision: Annotated[
        str | None,
        typer.Option(
            help="Commit of the data set; by default that of an earlier fetch (fetch.json), else "
            "the one that its table names, where it names one, else the newest."
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(help="Folder with the published files: no network needed."),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="lmms: any task of lmms-eval, also where a set here has its name."),
    ] = None,
    python: Annotated[
        str | None, typer.Option(help="Interpreter that has lmms-eval; by default this one.")
    ] = None,
    include_path: Annotated[
        Path | None, typer.Option(help="Folder of external tasks of lmms-eval.")
    ] = None,
) -> None:
    """Download a data set (needs a network; resumes; verifies); the rest is offline."""
    from jumpscore.cli.fetching import fetch_named

    lacking = fetch_named(
        name,
        task=task,
        root=data_root,
        revision=revision,
        source=source,
        python=python,
        include_path=include_path,
    )
    if lacking:
        raise typer.Exit(EXIT_FAILED_SAMPLES)


@data_app.command()
def lmms(
    data: Annotated[str, typer.Argument(help="Name of 'jumpscore data list', or a folder.")],
    out: Annotated[Path, typer.Option(help="Folder for lmms-eval's --include_path.")],
    task: Annotated[
        str | None, typer.Option(help="Task of the set; by default the one of its name.")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Options of the task, such as convention=pixel.")
    ] = None,
    data_root: DataRoot = None,
) -> None:
    """Offer a data set to lmms-eval as an external task."""
    from jumpscore.cli.data import offer_set

    offer_set(data, overrides or [], task=task, out=out, root=data_root)
