"""Runs that answer from earlier runs (``run.reuse``)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import jumpscore
from jumpscore.cli.plan import show_plan
from jumpscore.errors import UsageError
from jumpscore.harness import RunConfig
from jumpscore.harness.engines import cached
from jumpscore.harness.engines.cached import CachedEngine, Keys
from jumpscore.harness.factory import task_of_config
from jumpscore.questions import Media, Question, Turn
from jumpscore.records import Response
from jumpscore.runs.response_cache import ResponseCache
from tests.jumpscore.harness.stub import Stub


class Greedy(Stub):
    """Takes frames, and gives equal answers to equal requests."""

    deterministic = True
    inputs = ("frames", "codec", "none")


class Forgotten(Greedy):
    def identity(self):
        return None


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("JUMPSCORE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def run(tiny_set, tmp_path):
    def run(model, name, input=None, **settings):
        settings = {"reuse": True, "folder": str(tmp_path / "runs"), "name": name} | settings
        return jumpscore.evaluate(
            model,
            "jumpscore",
            task_options={"data": str(tiny_set)},
            input=input or {"kind": "frames", "count": 2},
            run=settings,
        )

    return run


def test_second_run_asks_nothing_and_reports_no_speed(run):
    first, second = Greedy(), Greedy()
    one, two = run(first, "one"), run(second, "two")
    assert first.asked
    assert not second.asked
    assert one.result.metrics == two.result.metrics
    assert all(answer.cached and answer.seconds is None for answer in two.responses.values())
    assert not any(answer.cached for answer in one.responses.values())
    assert two.timing["from_cache"] == len(first.asked)
    assert (two.timing["samples"], two.timing["samples_per_second"]) == (0, 0.0)
    assert two.timing["wall_seconds"] == 0.0


def test_second_run_does_not_open_the_model(run):
    class Closed(Greedy):
        def open(self):
            raise AssertionError("opened")

        def identity(self):
            return {"model": "stub", "tag": ""}

    class Same(Greedy):
        def identity(self):
            return {"model": "stub", "tag": ""}

    Same.__module__ = Closed.__module__
    run(Same(), "one")
    assert run(Closed(), "two").timing["samples"] == 0


def test_only_missing_answers_are_asked(run):
    first, second = Greedy(), Greedy()
    run(first, "one", limit=1)
    both = run(second, "two")
    assert len(second.asked) == len(both.responses) - 1
    assert set(first.asked).isdisjoint(second.asked)


def test_failures_are_asked_again(run):
    failing = Greedy()
    failing.fail = set(run(Greedy(), "ids", reuse=False).responses)
    run(failing, "one")
    second = Greedy()
    run(second, "two")
    assert set(second.asked) == failing.fail


@pytest.mark.parametrize("model", [Stub, Forgotten])
def test_models_without_stated_answers_are_asked_again(run, caplog, model):
    run(model(), "one", input={"kind": "none"})
    second = model()
    run(second, "two", input={"kind": "none"})
    assert second.asked
    assert "run.reuse has no effect" in caplog.text


def test_without_reuse_nothing_is_stored(run, tmp_path):
    run(Greedy(), "one", reuse=False)
    assert not (tmp_path / "cache" / "responses").exists()


def test_arms_share_nothing(run):
    for kind in ("frames", "codec"):
        model = Greedy(answer="[0.5]" if kind == "frames" else "[0.7]")
        answers = run(model, kind, input={"kind": kind, "count": 2}).responses
        assert model.asked
        assert not any(answer.cached for answer in answers.values())


def test_other_model_is_asked(run):
    run(Greedy(), "one")
    other = Greedy(tag="other weights")
    run(other, "two")
    assert other.asked


def test_windows_are_shared(run):
    windows = {"kind": "frames", "count": 2, "window": 1.0}
    first, second = Greedy(answer="[0.25]"), Greedy(answer="[0.25]")
    one, two = run(first, "one", input=windows), run(second, "two", input=windows)
    assert len(first.asked) > len(one.responses)
    assert not second.asked
    assert {a.text for a in one.responses.values()} == {a.text for a in two.responses.values()}
    assert all(answer.cached for answer in two.responses.values())
    assert (two.timing["samples"], two.timing["wall_seconds"]) == (0, 0.0)


def test_repeats_cannot_reuse(run):
    with pytest.raises(UsageError, match="reuse cannot be combined with repeats"):
        run(Greedy(), "one", repeats=2)


SHARED = {
    "model": {"model": "m", "digest": "0"}, "input": {"count": 2, "kind": "frames"},
    "grids": ["14x14"], "canvases": {"backend": "pyav"}, "video_code": "0", "versions": {"av": "1"},
    "environment": {"torch": "2"}, "machine": ["x86_64", "Linux"],
}  # fmt: skip


def test_key_changes_with_every_ingredient(tmp_path):
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_text(name)
    video = Media(tmp_path / "a.mp4")
    question = Question("id", (video,), "when?")
    questions = [
        question,
        replace(question, prompt="When?"),
        replace(question, media=()),
        replace(question, media=(video, video)),
        replace(question, media=(Media(tmp_path / "b.mp4"),)),
        replace(question, media=(replace(video, span=(0.0, 1.0)),)),
        replace(question, media=(replace(video, kind="image"),)),
        replace(question, history=(Turn("user", "when?"),)),
        replace(question, history=(Turn("assistant", "when?"),)),
    ]
    keys = [Keys(SHARED).key(one) for one in questions]
    keys += [Keys({**SHARED, part: "other"}).key(question) for part in SHARED]
    assert len(set(keys)) == len(questions) + len(SHARED)
    # The name of a sample and the folder of its video do not affect an answer.
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    copy = Path(moved / "c.mp4")
    copy.write_text("a.mp4")
    assert Keys(SHARED).key(Question("other", (Media(copy),), "when?")) == keys[0]


def test_media_are_read_once_while_they_do_not_change(tmp_path, monkeypatch):
    video = tmp_path / "a.mp4"
    video.write_text("first")
    read = []
    monkeypatch.setattr(cached, "content_hash", lambda path: read.append(path) or path.read_text())
    windows = [
        Question(str(start), (Media(video, span=(start, start + 1.0)),), "when?")
        for start in range(3)
    ]
    keys = [Keys(SHARED).key(one) for one in windows]
    assert (len(set(keys)), len(read)) == (3, 1)
    video.write_text("another")
    assert Keys(SHARED).key(windows[0]) != keys[0]


def test_plan_counts_what_earlier_runs_answered(run, tiny_set, capsys):
    config = RunConfig(
        model={"name": "motion"},
        task={"name": "jumpscore", "data": str(tiny_set)},
        run={"reuse": True},
    )
    task = task_of_config(config)
    samples = len(task.load())
    counts = []
    for limit in (1, None):
        show_plan(config, task, as_json=True)
        counts.append(json.loads(capsys.readouterr().out)["answered_in_earlier_runs"])
        run("motion", f"limit-{limit}", input={"kind": "video"}, limit=limit)
    show_plan(config, task, as_json=True)
    counts.append(json.loads(capsys.readouterr().out)["answered_in_earlier_runs"])
    assert counts == [f"{number} of {samples}" for number in (0, 1, samples)]


def test_questions_made_just_in_time_are_completed_and_released(tmp_path):
    (tmp_path / "a.png").write_bytes(b"picture")
    released = []

    def complete(question):
        if question.id == "broken":
            raise OSError("no such document")
        return replace(question, prompt="what?", media=(Media(tmp_path / "a.png", "image"),))

    stored = ResponseCache(tmp_path / "cache")
    keys = Keys(SHARED)
    stored.put(keys.key(complete(Question("0", (), ""))), Response("0", "a rope"))
    engine = CachedEngine(Unused(), stored, keys, lambda: None, complete, released.append)
    sink = Collected()
    cost, answers = engine.ask([Question("7", (), "")], sink)
    assert (cost.samples, cost.from_cache) == (0, 1)
    assert [one.text for one in sink.responses] == [answers["7"].text] == ["a rope"]
    assert engine.look_up(Question("broken", (), "")) is None
    assert released == ["7", "broken"]


class Unused:
    """An engine that must not be asked."""

    def ask(self, questions, sink, *, on_progress=None):
        raise AssertionError(questions)


class Collected:
    """A sink in memory."""

    def __init__(self):
        self.responses = []

    def append(self, responses):
        self.responses += responses
