"""The real process and protocol, with a stand-in for lmms-eval in it."""

from __future__ import annotations

import math
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.lmms import provider
from evaluators.lmms.child import Refused, _plain, _restored
from evaluators.lmms.pictures import PictureFolder
from evaluators.lmms.provider import MOST_STARTS, TaskError
from evaluators.lmms.task import LmmsOptions, LmmsTask
from jumpscore.errors import DataError, UsageError
from jumpscore.harness import evaluate, score_run
from jumpscore.records import Response
from model_wrappers.base import ModelWrapper

STAND_IN = Path(__file__).with_name("stand_in")


@pytest.fixture
def stand_in(monkeypatch):
    """An environment whose lmms-eval is the stand-in, and tasks that end with the test."""
    inherited = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{STAND_IN}{os.pathsep}{inherited}")
    monkeypatch.setattr(provider, "GRACE_SECONDS", 60.0)  # exit codes are looked at
    tasks = []

    def make(benchmark: str = "stand_in", **options: object) -> LmmsTask:
        tasks.append(LmmsTask(LmmsOptions(benchmark=benchmark, **options)))
        return tasks[-1]

    yield make
    for task in tasks:
        task.close()


def test_load_without_lmms_eval():
    """It is installed here without its dependencies."""
    with pytest.raises(
        UsageError, match=r"cannot import lmms-eval.*pip install 'jumpscore\[lmms\]"
    ):
        LmmsTask(LmmsOptions(benchmark="videomme")).load()


def test_load_with_an_invalid_interpreter(tmp_path):
    with pytest.raises(UsageError, match="nothing-there: cannot be started"):
        LmmsTask(LmmsOptions(benchmark="a", python=str(tmp_path / "nothing-there"))).load()
    with pytest.raises(UsageError, match="ended"):
        LmmsTask(LmmsOptions(benchmark="a", python="/bin/false")).load()
    with pytest.raises(UsageError, match="no such folder"):
        LmmsTask(LmmsOptions(benchmark="a", include_path=str(tmp_path / "no")))


@pytest.mark.parametrize("left_behind", ["", "sleep 60 &"])
def test_load_reports_the_last_output_of_the_process(tmp_path, monkeypatch, left_behind):
    """They may still be in the pipe when its end is known, and a child may keep the pipe open."""
    read = provider._read_noise

    def late(*arguments):
        time.sleep(0.3)
        read(*arguments)

    monkeypatch.setattr(provider, "_read_noise", late)
    interpreter = tmp_path / "python"
    interpreter.write_text(f"#!/bin/sh\n{left_behind}\necho last words >&2\nexit 3\n")
    interpreter.chmod(0o755)
    begun = time.monotonic()
    with pytest.raises(UsageError, match=r"ended \(exit code 3\).*last output: last words"):
        LmmsTask(LmmsOptions(benchmark="a", python=str(interpreter))).load()
    assert time.monotonic() - begun < 45, "the end of a child's child was waited for"


def test_load_does_not_wait_for_a_process_without_pipes(tmp_path, monkeypatch):
    monkeypatch.setattr(provider, "GRACE_SECONDS", 0.2)
    interpreter = tmp_path / "python"
    interpreter.write_text("#!/bin/sh\nexec sleep 60 <&- >&- 2>&-\n")
    interpreter.chmod(0o755)
    with pytest.raises(UsageError, match="closed its pipes at 'open'; last output: nothing"):
        LmmsTask(LmmsOptions(benchmark="a", python=str(interpreter))).load()


@pytest.mark.parametrize(("tags", "value"), [("lmms_eval", 1), ("none", 0)])
def test_score_removes_reasoning_tags(stand_in, tags, value):
    task = stand_in(reasoning_tags=tags)
    sample = task.load()[0]
    answer = Response(sample.question.id, f"<think>no</think>{sample.truth.target}")
    assert task.score(sample.truth, answer).values["exact"] == value


def test_evaluate_survives_any_failure_of_the_task(stand_in, tmp_path, monkeypatch):
    call = provider.Provider._call

    def impatient(self, process, do, arguments, seconds):
        sleeps = do == "score" and arguments["number"] == 4
        return call(self, process, do, arguments, 2.0 if sleeps else seconds)

    monkeypatch.setattr(provider.Provider, "_call", impatient)
    task = stand_in()
    run = evaluate("oracle", task, run={"folder": tmp_path, "expose_truth": True})
    errors = {score.id: score.message for score in run.scores if score.status == "error"}
    assert errors["1"] == "lmms-eval cannot score this answer: ValueError: no such answer"
    assert errors["2"] == "there is no video"
    assert "ended (exit code 9) at 'score'" in errors["3"]
    assert "last words" in errors["3"]
    assert "gave no answer within 2 s at 'score'" in errors["4"]
    assert "of type set cannot be stored as JSON" in errors["6"]
    metrics = run.result.metrics
    assert metrics["exact"].mean == 1
    assert metrics["map"].mean is None  # a mapping
    assert metrics["map.overall"].mean == 50
    assert metrics["map.sample"].mean == 0.5
    assert [metric.name for metric in run.result.described] == list(metrics)
    assert run.result.task_version == "2, lmms-eval 0.7.3, task 2.0"
    assert run.scores[0].cluster == "v"
    assert task.provider._starts == 3


class Greedy(ModelWrapper):
    """Gives equal answers to equal requests, and counts them."""

    name = "greedy"
    deterministic = True
    asked = 0

    def identity(self):
        return {"model": self.name}

    def generate(self, requests):
        self.asked += len(requests)
        return [Response(request.question.id, "fine") for request in requests]


def test_runs_share_answers_about_questions_made_on_demand(stand_in, tmp_path, monkeypatch):
    monkeypatch.setenv("JUMPSCORE_CACHE", str(tmp_path / "cache"))
    task, first, second = stand_in(), Greedy(), Greedy()
    settings = {"folder": tmp_path, "ids": ["0", "5"], "reuse": True}
    one = evaluate(first, task, run=settings | {"name": "one"})
    two = evaluate(second, task, run=settings | {"name": "two"})
    assert (first.asked, second.asked) == (2, 0)
    assert [one.timing["from_cache"], two.timing["from_cache"]] == [0, 2]
    assert one.result.metrics == two.result.metrics


def test_score_run_starts_its_own_process(stand_in, tmp_path):
    settings = {"folder": tmp_path, "ids": ["0", "5"]}
    answers = tmp_path / "answers.json"
    answers.write_text('{"0": "fine", "5": "wrong", "9": "unknown"}')
    run = evaluate(
        "replay",
        "lmms",
        model_options={"answers": str(answers)},
        task_options={"benchmark": "stand_in"},
        run=settings,
    )
    assert run.result.metrics["exact"].mean == 0.5
    assert score_run(run.folder).result == run.result


def test_complete_builds_questions_on_demand(stand_in):
    task = stand_in()
    sample = task.load()[0]
    assert sample.question.prompt == ""
    assert task.missing() == [Path("/none/there.mp4")]
    assert task.complete(sample.question).prompt == "Be brief.\n\nfine"
    assert sample.truth.answer("unit") == "fine"
    with pytest.raises(TaskError, match="there is no video"):
        task.complete(task.load()[2].question)


def test_picture_folder_is_shared_by_threads(monkeypatch):
    """Two folders would leave pictures behind."""
    make = tempfile.mkdtemp

    def slowly(**options: str) -> str:
        time.sleep(0.02)  # long enough for every thread to have asked
        return make(**options)

    monkeypatch.setattr("evaluators.lmms.pictures.tempfile.mkdtemp", slowly)
    pictures = PictureFolder()
    with ThreadPoolExecutor(8) as pool:
        folders = set(pool.map(lambda _: pictures.path(), range(8)))
    [folder] = folders
    assert folder.is_dir()
    pictures.remove()
    assert not folder.exists()


def test_close_ends_a_process_that_starts_on_demand(stand_in):
    task = stand_in()
    assert task.provider._process is None
    assert task.data().name == "stand_in"
    process = task.provider._process._process
    assert process.poll() is None
    task.close()
    assert process.poll() == 0
    assert len(task.load()) == 7  # starts again


def test_task_ends_its_process_when_collected(stand_in):
    task = LmmsTask(LmmsOptions(benchmark="stand_in"))
    task.load()
    process = task.provider._process._process
    del task
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    assert process.poll() == 0


def test_ask_limits_restarts(stand_in):
    task = stand_in()
    for _ in range(MOST_STARTS):
        score = task.score(task.load()[3].truth, Response("3", "a"))
        assert "exit code 9" in score.message
    with pytest.raises(TaskError, match=f"died {MOST_STARTS} times"):
        task.provider.ask("documents")


def test_load_of_an_unsupported_name(stand_in):
    with pytest.raises(UsageError, match="has no such task; did you mean 'stand_in'"):
        stand_in("stand-in").load()
    with pytest.raises(UsageError, match="the paper's DocVQA is 'docvqa_val'"):
        stand_in("DocVQA").load()
    for name in ("grouped", "tagged"):
        with pytest.raises(UsageError, match=f"{name} is a group: one, other"):
            stand_in(name).load()
    with pytest.raises(UsageError, match="prompts=loud: 'stand_in' has none"):
        stand_in(prompts="loud").load()
    with pytest.raises(
        DataError, match=r"stand/in: ConnectionError: nobody.*data fetch gone --task lmms"
    ):
        stand_in("gone").load()


@pytest.mark.parametrize(
    ("text", "finish", "status"),
    [("fine", "stop", "ok"), (" \n", "stop", "unparseable"), ("fi", "length", "partial")],
)
def test_score_status(stand_in, text, finish, status):
    task = stand_in()
    score = task.score(task.load()[0].truth, Response("0", text, finish_reason=finish))
    assert score.status == status


keys = st.text() | st.integers() | st.floats(allow_nan=False) | st.booleans()
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner),
)


@given(values)
def test_plain_and_restored_are_inverse(value):
    import json

    assert _restored(json.loads(json.dumps(_plain(value)))) == value


def test_plain_refuses_other_types():
    import numpy as np

    assert _plain({"a": np.float64(0.1), "b": np.arange(2), "c": (1,)}) == {
        "a": 0.1, "b": [0, 1], "c": [1]
    }  # fmt: skip
    assert type(_plain(np.float64(0.5))) is float
    assert math.isnan(_plain(math.nan))
    with pytest.raises(Refused, match="a result of type object cannot be stored as JSON"):
        _plain({"a": [object()]})


def test_child_imports_nothing_of_this_package(tmp_path):
    import subprocess

    child = Path(sys.modules["evaluators.lmms.child"].__file__)
    environment = {"PYTHONPATH": str(STAND_IN)}
    request = b'{"id": 7, "do": "documents"}\n'
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"exec(compile(open({str(child)!r}).read(), {str(child)!r}, "
         f"'exec'), {{'__name__': '__main__', '__file__': {str(child)!r}}})"],
        input=request, capture_output=True, env=environment, cwd=tmp_path, check=True,
    )  # fmt: skip
    assert b'{"id": 7, "error": {"kind": "usage", "message": "open comes first"}}' in done.stdout


def test_aggregate_is_pure(stand_in):
    """What one aggregation consists of, and what fails in it, does not appear in the next."""
    task = stand_in()
    samples = [task.load()[number] for number in (0, 5)]
    scores = [task.score(s.truth, Response(s.question.id, "fine")) for s in samples]
    broken = [replace(scores[0], details={"results": {"none": {"map": [{"per": {}}]}}})]
    before = (task.version, task.metrics, task.headline, task.caveats())
    first = task.aggregate(scores)
    assert [metric.name for metric in first.metrics if metric.name not in first.estimates] == []
    assert "map.overall" in first.estimates
    failed = task.aggregate(broken)
    assert "map.overall" not in failed.estimates
    assert any("could not aggregate map" in caveat for caveat in failed.caveats)
    assert task.aggregate(scores) == first
    assert task.aggregate(broken) == failed
    assert (task.version, task.metrics, task.headline, task.caveats()) == before
