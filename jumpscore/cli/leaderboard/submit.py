"""``jumpscore leaderboard submit``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from jumpscore.boards.board import check_alone
from jumpscore.boards.from_run import write_submission
from jumpscore.cli.leaderboard.check import TruthOptions, present_checked
from jumpscore.cli.options import Json
from jumpscore.runs import read_run


@dataclass(frozen=True, slots=True)
class Stated:
    """Keys of ``submission.yaml`` that a run does not record, or states otherwise."""

    contact: Annotated[str, typer.Option(help="Person or team that answers questions; published.")]
    licence: Annotated[str, typer.Option(help="Licence of the answers, such as CC-BY-4.0.")]
    model: Annotated[str | None, typer.Option(help="Display name of the model.")] = None
    wrapper: Annotated[str | None, typer.Option(help="What ran the model.")] = None
    input: Annotated[
        str | None, typer.Option(help="Kind of input: frames, codec, video or none.")
    ] = None
    budget: Annotated[str | None, typer.Option(help="Amount of input, such as '32 frames'.")] = None
    recipe: Annotated[str | None, typer.Option(help="Codec recipe.")] = None
    hardware: Annotated[str | None, typer.Option(help="Hardware that the model ran on.")] = None


def write_run(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    out: Annotated[Path, typer.Option(help="Folder of the submission; must not exist.")],
    stated: Stated,
    truth: TruthOptions = TruthOptions(),
    as_json: Json = False,
) -> None:
    """Write a submission from a run, and check it."""
    write_submission(read_run(run), out, asdict(stated))
    present_checked(out, check_alone(out, truth.folder()), as_json=as_json)
