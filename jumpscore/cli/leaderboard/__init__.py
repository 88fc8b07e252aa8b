"""``jumpscore leaderboard``: a table of its commands."""

from __future__ import annotations

from jumpscore.cli.commands import group

app = group(
    {
        "submit": (
            "jumpscore.cli.leaderboard.submit:write_run",
            "Write a submission from a finished run.",
        ),
        "check": (
            "jumpscore.cli.leaderboard.check:check_folder",
            "Check a submission and score its raw answers.",
        ),
        "add": (
            "jumpscore.cli.leaderboard.add:add_folder",
            "Add a submission to a board; the first one creates the board.",
        ),
        "build": (
            "jumpscore.cli.leaderboard.build:build_board",
            "Score and rank every submission of a board, and write its site.",
        ),
    },
    help="Submit answers, check submissions, and publish a leaderboard.",
)
