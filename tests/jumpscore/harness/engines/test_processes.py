"""Questions are prepared in processes if the wrapper declares it, with the same answers."""

from __future__ import annotations

import os

import pytest

from jumpscore.harness import RunInterrupted, evaluate
from jumpscore.harness.config import InputConfig, RunSettings
from jumpscore.harness.engines import processes
from jumpscore.harness.engines.blueprint import Blueprint, Received
from jumpscore.harness.engines.local import LocalEngine
from jumpscore.harness.engines.processes import Processes, Unusable, Worker
from jumpscore.harness.engines.steps import Prepared
from jumpscore.harness.input import InputPlan
from jumpscore.records import Question
from jumpscore.runs.failures import FailureLog
from tests.jumpscore.harness.engines.process_models import Elsewhere, Interrupted, Locked

HERE = str(os.getpid())


class Sink:
    def append(self, responses) -> None:
        pass


@pytest.fixture(autouse=True)
def from_the_beginning(monkeypatch):
    """Processes prepare all questions but the first ones, which are measured in threads."""
    monkeypatch.setattr(processes, "PAYS_FROM", 0.0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)


@pytest.fixture
def notes(tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


def questions(*prompts: str) -> list[Question]:
    """Questions that are named after their prompts, after one that is measured in a thread."""
    named = [Question(prompt, (), prompt) for prompt in prompts]
    return [Question("first", (), "first"), *named]


def engine(model, **parts) -> LocalEngine:
    plan = InputPlan.resolve(model, InputConfig())
    return LocalEngine(model, plan, RunSettings(workers=2, ahead=2), **parts)


def blueprint(model) -> Blueprint:
    return Blueprint.of(model, InputPlan.resolve(model, InputConfig()), Received())


def lines(notes, name: str) -> list[str]:
    return (notes / name).read_text().splitlines()


def test_processes_prepare_after_the_first_questions(notes):
    _, answers = engine(Elsewhere(notes)).ask(questions("a", "b", "c", "d"), Sink())
    assert answers["first"].text == HERE
    others = {answers[name].text for name in "cd"}
    assert HERE not in others
    assert all(not _is_alive(int(text)) for text in others)


def test_processes_failures_equal_those_of_threads(notes, tmp_path, monkeypatch):
    asked = questions("a", "b", "fail", "crash", "c")
    results, logs = [], []
    for name, used in (("here", False), ("elsewhere", True)):
        monkeypatch.setattr(Elsewhere, "prepares_in_processes", used)
        log = FailureLog(tmp_path / name)
        log.file.parent.mkdir()
        some = asked if used else [q for q in asked if q.id != "crash"]
        _, answers = engine(Elsewhere(notes), failures=log).ask(some, Sink())
        results.append({name: answer.error for name, answer in answers.items()})
        logs.append(log.file.read_text().split("Traceback")[1])
    here, elsewhere = results
    assert elsewhere.pop("crash") == "preparing it ended its process 3 times"
    assert len(lines(notes, "crash")) == 3
    assert elsewhere == here
    assert here["fail"] == "RuntimeError: cannot be prepared"
    assert logs[0] == logs[1]


def test_processes_result_is_the_same_file(tiny_set, tmp_path, monkeypatch):
    used = []
    prepare = Worker.prepare

    def noted(self, question):
        used.append(question.id)
        return prepare(self, question)

    monkeypatch.setattr(Worker, "prepare", noted)
    monkeypatch.setattr(Processes, "pay", lambda self: self._is_usable)
    contents = []
    for workers in (1, 2):
        run = evaluate(
            "motion",
            "jumpscore",
            task_options={"data": str(tiny_set)},
            run={"folder": tmp_path, "name": str(workers), "workers": workers},
        )
        contents.append((run.folder / "result.json").read_bytes())
    assert contents[0] == contents[1]
    assert sorted(used) == ["clip0", "clip1", "clip2"]


@pytest.mark.parametrize(
    ("model", "prompts", "reason"),
    [(Locked, "abc", "it cannot be pickled"), (Elsewhere, ("a", "b", "lock"), "cannot be sent")],
)
def test_processes_wrapper_that_does_not_pickle_uses_threads(notes, caplog, model, prompts, reason):
    _, answers = engine(model(notes)).ask(questions(*prompts, "d", "e"), Sink())
    assert [name for name, answer in answers.items() if answer.error] == []
    assert answers["e"].text == HERE
    [note] = [r.message for r in caplog.records if "prepared in threads" in r.message]
    assert reason in note


def test_processes_interrupt_ends_a_process_that_works(notes):
    with pytest.raises(RunInterrupted, match="1 of 3"):
        engine(Interrupted(notes)).ask(questions("second", "hang"), Sink())
    [process] = lines(notes, "hang")
    assert process != HERE
    assert not _is_alive(int(process))


def test_processes_end_with_the_connection(notes):
    worker = Worker.start(Processes(blueprint(Elsewhere(notes)), 1)._pickled())
    assert worker.prepare(Question("a", (), "a")).request is not None
    worker.connection.close()
    assert worker.process.wait() == 0


def test_processes_that_cannot_make_the_model():
    with pytest.raises(Unusable, match="UnpicklingError"):
        Worker.start(b"no pickle")


def test_processes_pay_for_long_runs(notes, monkeypatch):
    """10 questions of 2 s: 20 s when the first is measured, below 15 s when 7 are left."""
    monkeypatch.setattr(processes, "PAYS_FROM", 15.0)
    runs = [Processes(blueprint(Elsewhere(notes)), number) for number in (11, 8)]
    prepared = Prepared(Question("a", (), "a"), None, seconds=2.0)
    for run in runs:
        assert not run.pay()
        run.measured(prepared)
    assert [run.pay() for run in runs] == [True, False]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
