"""``jumpscore leaderboard add``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jumpscore.boards.board import add_submission
from jumpscore.cli.leaderboard.check import Submission, TruthOptions, present_checked
from jumpscore.cli.options import Json

Board = Annotated[Path, typer.Option(help="Folder of the board.")]


def add_folder(
    folder: Submission,
    board: Board,
    truth: TruthOptions = TruthOptions(),
    as_json: Json = False,
) -> None:
    """Check a submission and copy it to a board."""
    place, checked = add_submission(folder, board, truth.folder())
    present_checked(place, checked, as_json=as_json)
