"""Models by name: edited code, edited files, and names that cannot be identified."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest

from model_wrappers import MODELS
from model_wrappers.base import ModelWrapper
from tests.jumpscore.runs.test_identity import Learner

MINE = """
from jumpscore.records import Response
from model_wrappers.base import ModelOptions, ModelWrapper
import {helper}

class MineOptions(ModelOptions):
    file: str = ""

class Mine(ModelWrapper):
    name = "mine"
    Options = MineOptions
    def generate(self, requests):
        text = open(self.options.file).read() if self.options.file else {helper}.ANSWER
        return [Response(r.question.id, text) for r in requests]
"""
RUN = """
import json, sys, jumpscore
from model_wrappers import MODELS
MODELS.add("mine", sys.argv[1])
options = json.loads(sys.argv[4])
run = jumpscore.evaluate("mine", "jumpscore", model_options=options,
                         task_options={"data": sys.argv[2]}, run={"folder": sys.argv[3]})
print(json.dumps([run.asked, run.responses["clip0"].text, run.folder.name]))
"""


@pytest.fixture(params=["module", "package"])
def by_name(request, tiny_set, tmp_path):
    """Write a wrapper with a module that it imports, and run it by name in a process of its own."""
    folder = tmp_path / "code"
    if request.param == "package":
        folder, target, helper = folder / "my_package", "my_package.mine:Mine", "my_package.words"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("")
    else:
        target, helper = "mine:Mine", "my_words"
        folder.mkdir()
    words = folder / f"{helper.rpartition('.')[2]}.py"
    words.write_text("ANSWER = '[0.5]'\n")
    mine = folder / "mine.py"
    mine.write_text(textwrap.dedent(MINE.format(helper=helper)))

    def run(**options):
        done = subprocess.run(
            [sys.executable, "-c", RUN, target, str(tiny_set), str(tmp_path / "runs"),
             json.dumps(options)],
            env=os.environ | {"PYTHONPATH": str(tmp_path / "code"), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    run.mine, run.words = mine, words
    return run


def test_model_identity_of_edited_code(by_name):
    assert by_name() == [3, "[0.5]", "jumpscore-mine-tiny"]
    assert by_name() == [0, "[0.5]", "jumpscore-mine-tiny"]
    by_name.words.write_text("ANSWER = '[1.5]'\n")
    assert by_name() == [3, "[1.5]", "jumpscore-mine-tiny-2"]
    by_name.mine.write_text(by_name.mine.read_text() + "# edited\n")
    assert by_name() == [3, "[1.5]", "jumpscore-mine-tiny-3"]


@pytest.mark.parametrize("by_name", ["module"], indirect=True)
def test_model_identity_of_edited_file(by_name, tmp_path):
    file = tmp_path / "weights.txt"
    file.write_text("[0.7]")
    options = {"file": str(file)}
    assert by_name(**options)[:2] == [3, "[0.7]"]
    assert by_name(**options)[:2] == [0, "[0.7]"]
    file.write_text("[0.8]")
    assert by_name(**options) == [3, "[0.8]", "jumpscore-mine-tiny-2"]


class Unsure(Learner):
    """By name, but its identity is None."""

    name = "unsure"

    def __init__(self, options=None) -> None:
        super().__init__()

    def identity(self):
        return None


def test_model_identity_of_wrapper_returning_none(start, monkeypatch):
    monkeypatch.setitem(MODELS._added, "unsure", f"{__name__}:Unsure")
    assert [start("unsure").asked for _ in range(2)] == [3, 3]


def test_model_identity_of_every_bundled_model():
    undecided = [
        name for name in MODELS.names() if MODELS.get(name).identity is ModelWrapper.identity
    ]
    assert undecided == []
