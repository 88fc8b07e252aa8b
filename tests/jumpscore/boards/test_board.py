from __future__ import annotations

import shutil

import pytest

from jumpscore.boards.board import BOARD, SUBMISSIONS, add_submission, check_alone, open_board
from jumpscore.boards.from_run import write_submission
from jumpscore.boards.submission import read_files
from jumpscore.data.layout import Manifest, Row, rows_checksum, write_set
from jumpscore.errors import DataError, UsageError
from jumpscore.harness import evaluate
from tests.jumpscore.boards.submissions import answers, checksum, write


@pytest.fixture
def board(tmp_path):
    add_submission(write(tmp_path / "first"), tmp_path / "board")
    return tmp_path / "board"


def test_add_submission_creates_a_board(board):
    opened = open_board(board)
    assert opened.board.checksum == checksum()
    assert opened.board.version == opened.task.version
    assert not opened.board.published
    [folder] = opened.submissions()
    assert sorted(path.name for path in folder.iterdir()) == ["responses.jsonl", "submission.yaml"]
    assert check_alone(folder).result.metrics["f1"].n == 12


def test_add_submission_accepts_other_settings_of_a_model(board, tmp_path):
    place, _ = add_submission(write(tmp_path / "second", budget="32 frames"), board)
    assert place.name == "aurora-vl-frames-32-frames-v2"


@pytest.mark.parametrize("model", ["Aurora-VL", "aurora vl", "Aur0ra-VL"])
def test_add_submission_refuses_the_same_name(board, tmp_path, model):
    with pytest.raises(UsageError, match="a submission of this name"):
        add_submission(write(tmp_path / "second", model=model), board)


def test_add_submission_refuses_other_data(board, tmp_path):
    with pytest.raises(DataError, match="never mixes data sets"):
        add_submission(write(tmp_path / "second", checksum=checksum("small")), board)
    assert len(open_board(board).submissions()) == 1


def test_add_submission_refuses_another_task(board, tmp_path):
    with pytest.raises(DataError, match="is about the task jumpscore_count"):
        add_submission(write(tmp_path / "second", task="jumpscore_count"), board)


def test_add_submission_leaves_no_board_behind(tmp_path):
    with pytest.raises(DataError):
        add_submission(write(tmp_path / "bad", answers()[:3]), tmp_path / "board")
    assert not (tmp_path / "board").exists()


def test_open_board_refuses_another_version(board):
    file = board / BOARD
    version = open_board(board).task.version
    file.write_text(file.read_text().replace(f"version: '{version}'", "version: '0'"))
    with pytest.raises(UsageError, match=f"write 'version: \"{version}\"'"):
        open_board(board)


def test_open_board_refuses_published_numbers_of_rendered_data(board):
    with (board / BOARD).open("a") as file:
        file.write("published: true\n")
    with pytest.raises(UsageError, match="published numbers"):
        open_board(board)


@pytest.mark.parametrize("text", ["title: [x]\n", "title: x\n", "a: &x b\nc: *x\n", "\xff"])
def test_open_board_names_the_problem(tmp_path, text):
    (tmp_path / BOARD).write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match=BOARD):
        open_board(tmp_path)


def test_submissions_refuse_links_and_lookalikes(board, tmp_path):
    [folder] = open_board(board).submissions()
    shutil.copytree(folder, board / SUBMISSIONS / folder.name.replace("o", "0"))
    with pytest.raises(DataError, match="looks like"):
        open_board(board).submissions()
    shutil.rmtree(board / SUBMISSIONS / folder.name.replace("o", "0"))
    (board / SUBMISSIONS / "link").symlink_to(tmp_path / "first")
    with pytest.raises(DataError, match="is not a folder"):
        open_board(board).submissions()


STATED = {"contact": "me", "licence": "CC0-1.0"}


def test_write_submission_of_a_run(tiny_set, tmp_path):
    run = evaluate(
        "content_free",
        "jumpscore",
        task_options={"data": str(tiny_set)},
        run={"folder": tmp_path / "runs"},
    )
    submission = write_submission(run, tmp_path / "out", STATED)
    assert submission.wrapper == "content_free"
    place, checked = add_submission(tmp_path / "out", tmp_path / "board", tiny_set)
    assert checked.scores == run.scores
    assert checked.result.metrics == run.result.metrics
    assert read_files(place).submission() == submission
    with pytest.raises(UsageError, match="exists"):
        write_submission(run, tmp_path / "out", STATED)


def test_write_submission_refuses_caveats(tiny_set, tmp_path):
    run = evaluate(
        "oracle",
        "jumpscore",
        task_options={"data": str(tiny_set)},
        run={"folder": tmp_path / "runs", "expose_truth": True, "limit": 2},
    )
    with pytest.raises(UsageError, match=r"shown the truth; .*only a part"):
        write_submission(run, tmp_path / "out", STATED)


def test_write_submission_names_what_is_missing(tiny_set, tmp_path):
    run = evaluate(
        "content_free",
        "jumpscore",
        task_options={"data": str(tiny_set)},
        run={"folder": tmp_path / "runs"},
    )
    with pytest.raises(UsageError, match="--licence"):
        write_submission(run, tmp_path / "out", {"contact": "me"})


def test_unscorable_samples_are_left_out(tmp_path):
    rows = [
        Row("good", "videos/a.mp4", "?", "[1.0, 2.0]"),
        Row("bad", "videos/b.mp4", "?", "not times"),
        Row("fine", "videos/c.mp4", "?", "[0.5]"),
    ]
    write_set(tmp_path / "set", rows, Manifest("own"))
    lines = [{"id": "good", "text": "[1.0, 2.0]"}, {"id": "fine", "text": "[]"}]
    folder = write(tmp_path / "a", lines, checksum=rows_checksum(rows), data="own")
    _, checked = add_submission(folder, tmp_path / "board", tmp_path / "set")
    assert checked.result.metrics["f1"].n == 2
    assert checked.result.unscored == 1
