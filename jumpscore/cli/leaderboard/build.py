"""``jumpscore leaderboard build``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from jumpscore.boards.site import INDEX, build_site
from jumpscore.boards.standings import Row
from jumpscore.cli.console import output, print_json, progress
from jumpscore.cli.leaderboard.add import Board
from jumpscore.cli.leaderboard.check import TruthOptions
from jumpscore.cli.options import Json, Workers
from jumpscore.report.text import plural


def build_board(
    board: Board,
    out: Annotated[Path, typer.Option(help="Folder of the site.")],
    truth: TruthOptions = TruthOptions(),
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Write the site of a board."""
    data = truth.folder()
    with progress("scoring", "submissions") as advance:
        standings = build_site(board, out, data=data, workers=workers, on_progress=advance)
    if as_json:
        print_json([_facts(row) for row in standings.rows])
        return
    groups = plural(standings.rows[-1].ranked.group, "tie group")
    count = plural(len(standings.rows), "submission")
    output().print(f"{out / INDEX}: {count} in {groups}", soft_wrap=True)


def _facts(row: Row) -> dict[str, Any]:
    submission, ranked = row.entry.submission, row.ranked
    return {
        "name": submission.slug,
        "submission": submission.model_dump(mode="json"),
        "rank": ranked.rank,
        "group": ranked.group,
        "verdict": ranked.verdict,
        "estimate": asdict(ranked.estimate),
    }
