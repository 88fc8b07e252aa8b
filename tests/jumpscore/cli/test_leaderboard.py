"""``jumpscore leaderboard`` as a user calls it."""

from __future__ import annotations

import json

import pytest

from tests.jumpscore.boards.submissions import answers, write

pytestmark = pytest.mark.slow
STATED = ("--contact", "Ada", "--licence", "CC0-1.0")


def test_leaderboard_from_a_run_to_a_site(jumpscore, tiny_set, tmp_path):
    words = ("model=content_free", f"task.data={tiny_set}", "run.name=blind", "--no-report")
    jumpscore("run", *words)
    submitted = jumpscore(
        "leaderboard", "submit", "runs/blind", "--out", "mine", *STATED, "--data", tiny_set
    )
    assert "3 answers scored from the raw text" in submitted.stdout
    data = ("--board", "board", "--data", tiny_set)
    added = json.loads(jumpscore("leaderboard", "add", "mine", *data, "--json").stdout)
    assert added["folder"] == "board/submissions/content-free-none-v2"
    assert added["metrics"]["f1"]["n"] == 3
    again = jumpscore("leaderboard", "add", "mine", *data, expect=2)
    assert "a submission of this name" in again.stderr
    built = jumpscore("leaderboard", "build", *data, "--out", "site")
    assert "site/index.html: 1 submission in 1 tie group" in built.stdout
    assert (tmp_path / "site" / "LEADERBOARD.md").exists()


def test_leaderboard_bundled_data_needs_no_videos(jumpscore, tmp_path):
    write(tmp_path / "mine")
    checked = json.loads(jumpscore("leaderboard", "check", "mine", "--json").stdout)
    assert checked["counts"]["ok"] == 12
    assert not (tmp_path / "cache").exists()
    jumpscore("leaderboard", "add", "mine", "--board", "board")
    ranked = json.loads(
        jumpscore("leaderboard", "build", "--board", "board", "--out", "site", "--json").stdout
    )
    assert [(row["rank"], row["group"], row["verdict"]) for row in ranked] == [(1, 1, "best")]
    assert ranked[0]["estimate"]["mean"] == checked["metrics"]["map_reference"]["mean"]


def test_leaderboard_check_names_the_problem(jumpscore, tmp_path):
    write(tmp_path / "mine", answers()[1:])
    done = jumpscore("leaderboard", "check", "mine", expect=2)
    assert "lacks 1 of 12 ids" in done.stderr
