from __future__ import annotations

import json
import os
import zipfile
from dataclasses import replace

import pytest

from jumpscore.boards import submission as module
from jumpscore.boards.board import check_alone
from jumpscore.boards.submission import lookalike, read_files
from jumpscore.errors import DataError
from tests.jumpscore.boards.submissions import answers, truths, write
from tests.support import assert_linear, repeated

BIDI, ZERO_WIDTH, CYRILLIC_A = "\u202e", "\u200b", "\u0430"


def problem(folder) -> str:
    with pytest.raises(DataError) as error:
        check_alone(folder)
    return str(error.value)


def test_read_files_valid(tmp_path):
    files = read_files(write(tmp_path / "a"))
    submission = files.submission()
    assert submission.slug == "aurora-vl-frames-16-frames-v2"
    assert submission.settings == {"input": "frames", "budget": "16 frames", "protocol": "v2"}
    assert submission.contact == "Zoë Doe <zoe@example.org>"
    needed = dict.fromkeys(truths(), True)
    assert list(files.responses(needed)) == list(truths())


@pytest.mark.parametrize("name", ["run.py", "answers.zip", ".git", "responses.jsonl.gz", "..."])
def test_read_files_refuses_other_files(tmp_path, name):
    folder = write(tmp_path / "a")
    (folder / name).write_text("print('harmless')")
    assert "no other file" in problem(folder)


def test_read_files_refuses_folders(tmp_path):
    folder = write(tmp_path / "a")
    (folder / "more").mkdir()
    assert "no other file" in problem(folder)


def test_read_files_names_missing_file(tmp_path):
    folder = write(tmp_path / "a")
    (folder / "responses.jsonl").unlink()
    assert "lacks responses.jsonl" in problem(folder)
    assert "cannot be read" in problem(tmp_path / "b")


def test_read_files_refuses_links(tmp_path):
    folder = write(tmp_path / "a")
    target = tmp_path / "outside.jsonl"
    (folder / "responses.jsonl").rename(target)
    (folder / "responses.jsonl").symlink_to(target)
    assert "is a link" in problem(folder)


def test_read_files_refuses_special_files(tmp_path):
    folder = write(tmp_path / "a")
    (folder / "responses.jsonl").unlink()
    os.mkfifo(folder / "responses.jsonl")
    assert "not a regular file" in problem(folder)
    (folder / "responses.jsonl").unlink()
    (folder / "responses.jsonl").mkdir()
    assert "responses.jsonl" in problem(folder)


def test_read_files_limits_size(tmp_path, monkeypatch):
    folder = write(tmp_path / "a")
    monkeypatch.setitem(module.LIMITS, "responses.jsonl", 100)
    assert "larger than the limit of 100 bytes" in problem(folder)


def test_read_files_refuses_a_sparse_giant(tmp_path):
    folder = write(tmp_path / "a")
    with (folder / "submission.yaml").open("ab") as file:
        file.truncate(1 << 40)
    assert "larger than the limit" in problem(folder)


def test_read_files_refuses_an_archive_in_disguise(tmp_path):
    folder = write(tmp_path / "a")
    with zipfile.ZipFile(folder / "responses.jsonl", "w") as archive:
        archive.writestr("../../escape", "x")
    assert "is not UTF-8" in problem(folder) or "line 1" in problem(folder)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"model": ""}, "'model' is missing"),
        ({"modell": "x"}, "did you mean 'model'"),
        ({"score": "99.9"}, "unknown key 'score'"),
        ({"model": "<script>alert(1)</script>"}, "use ASCII"),
        ({"model": f"Aurora{BIDI}LV"}, "use ASCII"),
        ({"model": f"Aurora{ZERO_WIDTH}"}, "use ASCII"),
        ({"model": f"{CYRILLIC_A}urora"}, "use ASCII"),
        ({"model": "../../etc/passwd"}, "use ASCII"),
        ({"model": "a|b"}, "use ASCII"),
        ({"model": "=cmd"}, "use ASCII"),
        ({"model": "a\nb"}, "use ASCII"),
        ({"model": "a\n"}, "use ASCII"),
        ({"model": "[x](http"}, "use ASCII"),
        ({"model": "see https://example.org"}, "address"),
        ({"model": "a" * 81}, "at most 80"),
        ({"budget": "`16`"}, "use ASCII"),
        ({"recipe": "*tuned*"}, "use ASCII"),
        ({"protocol": "v 2<"}, "use ASCII"),
        ({"input": "audio"}, "input"),
        ({"contact": f"a{BIDI}b"}, "invisible"),
        ({"contact": "a\x1b[31m"}, "invisible"),
        ({"licence": "MIT\nevil"}, "one line"),
        ({"hardware": "x" * 201}, "at most 200"),
        ({"checksum": "abc"}, "checksum"),
        ({"checksum": "0" * 64}, "no data set with checksum"),
        ({"task": "spatial"}, "no data set with checksum"),
        ({"task": "lmms"}, "cannot have a leaderboard"),
        ({"task": "../jumpscore"}, "use ASCII"),
        ({"protocol": "v1"}, "reveals the true count"),
    ],
)
def test_submission_refuses(tmp_path, facts, message):
    assert message in problem(write(tmp_path / "a", **facts))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:-1], "lacks 1 of 12 ids"),
        (lambda lines: [*lines, lines[0]], "occurs twice"),
        (lambda lines: [*lines, {"id": "nobody", "text": ""}], "not in the data set"),
        (lambda lines: [*lines, {"id": "a\u202eb", "text": ""}], "not in the data set"),
        (lambda lines: [{**lines[0], "score": 1.0}, *lines[1:]], "line 1: score"),
        (lambda lines: [{"id": lines[0]["id"], "text": None}, *lines[1:]], "line 1: text"),
        (lambda lines: [{"id": 7, "text": ""}, *lines[1:]], "line 1: id"),
        (lambda lines: [{**lines[0], "finish_reason": "error"}, *lines[1:]], "finish_reason"),
        (lambda lines: ["text", *lines], "line 1"),
    ],
)
def test_responses_refuse(tmp_path, change, message):
    assert message in problem(write(tmp_path / "a", change(answers())))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": "a", "text": "\xff"}\n', "is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"id": "a", "id": "b", "text": ""}\n', "occurs 2 times"),
        (b'{"id": 1' + b"0" * 10_000 + b"}\n", "line 1"),
        (b"not json\n", "line 1"),
        (b"", "lacks 12 of 12 ids"),
    ],
)
def test_responses_refuse_bytes(tmp_path, content, message):
    folder = write(tmp_path / "a")
    (folder / "responses.jsonl").write_bytes(content)
    assert message in problem(folder)


def test_responses_limit_text(tmp_path, monkeypatch):
    lines = answers()
    lines[3]["text"] = "x" * (module.LONGEST_TEXT + 1)
    assert "line 4: text" in problem(write(tmp_path / "a", lines))


def test_responses_accept_what_models_write(tmp_path):
    lines = answers()
    lines[0]["text"] = "<script>alert(1)</script> \u202e | ` \ud800"
    lines[1] |= {"finish_reason": "length", "usage": {"visual": 8, "visual_source": "measured"}}
    checked = check_alone(write(tmp_path / "a", lines))
    assert checked.responses[lines[0]["id"]].text == lines[0]["text"]
    assert checked.responses[lines[1]["id"]].usage.visual == 8


@pytest.mark.parametrize(
    ("one", "other"),
    [("Model-1", "Model-l"), ("Intern", "lntern"), ("VL 2.0", "VL 2.O"), ("a b", "A--B")],
)
def test_lookalike_names(tmp_path, one, other):
    slugs = [
        read_files(write(tmp_path / str(i), model=name)).submission().slug
        for i, name in enumerate((one, other))
    ]
    assert lookalike(slugs[0]) == lookalike(slugs[1])


@pytest.mark.parametrize("piece", ['[{"', "\\", "\n", "["])
def test_responses_linear_time(tmp_path, piece):
    files = read_files(write(tmp_path / "a"))

    def read(text: str) -> None:
        line = json.dumps({"id": "x", "text": text}) + text
        with pytest.raises(DataError):
            replace(files, answers=line.encode()).responses({"y": True})

    assert_linear(read, repeated(piece), length=256_000)
