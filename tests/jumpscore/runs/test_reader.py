"""Runs whose files were edited, cut or lost, and answers that break lines and encoders."""

from __future__ import annotations

import json
import shutil

import pytest

import jumpscore
from jumpscore.errors import DataError, JumpScoreError, UsageError
from jumpscore.harness import score_run
from jumpscore.records import Response
from jumpscore.runs import read_run
from jumpscore.runs.writer import RunStore
from jumpscore.studies import compare_runs
from model_wrappers.base import ModelWrapper


class Constant(ModelWrapper):
    name = "constant"

    def __init__(self, text: str = "[1.0]") -> None:
        super().__init__()
        self.text = text

    def identity(self):
        return {**self.stated(), "text": self.text}

    def generate(self, requests):
        return [Response(request.question.id, self.text) for request in requests]


@pytest.fixture
def ask(tiny_set, tmp_path):
    def ask(text: str = "[1.0]", name: str = "mine"):
        return jumpscore.evaluate(
            Constant(text),
            "jumpscore",
            task_options={"data": str(tiny_set)},
            run={"folder": tmp_path / "runs", "name": name},
        )

    return ask


@pytest.mark.parametrize("odd", ["\u2028", "\u0085", "\ud800", "\x00", "\r", "é", "😀", "\ufeff"])
def test_read_run_of_any_text(ask, odd):
    run = ask(f"[1.0, {odd}]")
    again = read_run(run.folder)
    assert again.responses["clip0"].text == f"[1.0, {odd}]"
    assert again.scores == run.scores
    assert score_run(run.folder).result == run.result


def test_open_refuses_answers_without_record(ask):
    run = ask()
    (run.folder / "run.json").unlink()
    with pytest.raises(UsageError, match=r"contains answers but no run\.json"):
        ask("[2.0]")


def test_read_run_refuses_cut_scores(ask):
    run, other = ask(), ask(name="other")
    file = run.folder / "scores.jsonl"
    file.write_text(file.read_text().splitlines(keepends=True)[0])
    with pytest.raises(DataError, match=r"does not match result\.json; 'jumpscore score"):
        read_run(run.folder)
    assert score_run(run.folder).result == run.result
    assert compare_runs(read_run(run.folder), other)["f1"].n == 3


def test_open_names_invalid_line(ask):
    run = ask()
    file = run.folder / "responses.jsonl"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(["garbage", *lines[1:]]) + "\n")
    with pytest.raises(DataError, match=r"line 1: is not a valid response .*delete the line"):
        ask()
    file.write_text("\n".join(lines[1:]) + "\n")
    assert ask().result == run.result


def test_score_run_refuses_a_locked_run(ask):
    run = ask()
    with RunStore(run.folder) as store:
        store.lock()
        with pytest.raises(UsageError, match="another process is writing"):
            score_run(run.folder)


FILES = ("run.json", "responses.jsonl", "scores.jsonl", "result.json", "timing.json")
DAMAGE = {
    "gone": None,
    "empty": "",
    "garbage": "garbage\n",
    "nested": "[" * 100_000 + "\n",
    "list": "[]\n",
    "object": "{}\n",
    "wrong types": json.dumps(
        {"id": "clip0", "text": 5, "metrics": 5, "identity": [], "config": [], "extras": {}}
    )
    + "\n",
    "folder": "/",
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", DAMAGE)
def test_read_run_of_damaged_file(ask, file, damage):
    run = ask()
    path = run.folder / file
    path.unlink()
    content = DAMAGE[damage]
    if content == "/":
        path.mkdir()
    elif content is not None:
        path.write_text(content)
    messages = []
    for work in (lambda: read_run(run.folder), lambda: score_run(run.folder), ask):
        try:
            work()
        except JumpScoreError as error:
            messages.append(str(error))
    assert all(str(run.folder) in message for message in messages)
    if file in ("scores.jsonl", "result.json", "timing.json") and damage != "folder":
        assert read_run(run.folder).result == run.result


def test_run_folder_of_hostile_data_set_name(tiny_set, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_set, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["name"] = "../../../escaped [/x] " + "long" * 100
    (copy / "manifest.json").write_text(json.dumps(manifest))
    run = jumpscore.evaluate(
        Constant(), "jumpscore", task_options={"data": str(copy)}, run={"folder": tmp_path / "runs"}
    )
    assert run.folder.parent == tmp_path / "runs"
    assert read_run(run.folder).result == run.result
