"""Steps that hang are reported, and nothing that hangs keeps the program from ending."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from jumpscore.harness import RunInterrupted
from jumpscore.harness.engines import threads as engine_threads
from jumpscore.harness.engines import watch
from jumpscore.harness.engines.threads import Threads, are_running
from jumpscore.harness.engines.watch import Watch
from tests.jumpscore.harness.stub import Stub


def test_overdue_reports_a_step_again_when_its_time_has_doubled():
    measured = Watch()
    with measured.step("answered", ["a", "b"]):
        now = time.monotonic()
        assert measured.overdue(now + 299) == []
        assert measured.overdue(now + 301) == ["a, b: not answered after 301 s"]
        assert measured.overdue(now + 601) == []
        assert measured.overdue(now + 603) == ["a, b: not answered after 603 s"]
    assert measured.overdue(now + 10**6) == []


def test_overdue_only_if_slower_than_steps_before(monkeypatch):
    """A model that needs ten minutes for each batch is not reported every time."""
    clock = [0.0]
    monkeypatch.setattr(watch.time, "monotonic", lambda: clock[0])
    measured = Watch()
    with measured.step("answered", ["a"]):
        clock[0] = 600.0
    with measured.step("answered", ["b"]), measured.step("prepared", ["c"]):
        assert measured.overdue(600.0 + 301) == ["c: not prepared after 301 s"]
        assert measured.overdue(600.0 + 1801) == [
            "b: not answered after 1801 s",
            "c: not prepared after 1801 s",
        ]


@pytest.mark.parametrize("concurrency", [1, 2])
def test_ask_names_samples_of_a_model_that_hangs(start, monkeypatch, caplog, concurrency):
    monkeypatch.setattr(watch, "QUIET", 0.05)
    reported = threading.Event()
    monkeypatch.setattr(watch.logger, "warning", lambda *words: reported.set() or log(*words))
    log = logging.getLogger("tests.watch").warning

    class Hangs(Stub):
        def generate(self, requests):
            assert reported.wait(60), "nothing was reported"
            return super().generate(requests)

    model = Hangs(batch_size=3)
    model.concurrency = concurrency
    assert start(model).result.unscored == 0
    assert "clip0, clip1, clip2: not answered after 0 s (if it hangs: Ctrl-C" in caplog.text


def test_ask_interrupted_while_a_question_is_prepared(start, monkeypatch):
    """The thread that prepares it is not joined at exit, as those of an executor are."""
    monkeypatch.setattr(engine_threads, "PATIENCE", 0.05)
    released, preparing = threading.Event(), threading.Event()

    class Hangs(Stub):
        def prepare(self, question, visual):
            if question.id == "clip1":
                preparing.set()
                released.wait(60)
            return super().prepare(question, visual)

        def generate(self, requests):
            assert preparing.wait(60)
            raise KeyboardInterrupt

    try:
        with pytest.raises(RunInterrupted, match="0 of 3 samples"):
            start(Hangs())
        stuck = [thread for thread in threading.enumerate() if thread.name == "jumpscore prepare"]
        assert stuck
        assert all(thread.daemon for thread in stuck)
    finally:
        released.set()


def test_threads_end_and_start_nothing_after_close():
    released, done = threading.Event(), []
    threads = Threads(2)
    running = [threads.submit(lambda: released.wait(60)) for _ in range(2)]
    rest = [threads.submit(lambda: done.append(1)) for _ in range(3)]
    threads.close(patience=0.01)
    assert are_running()
    released.set()
    assert [future.result(60) for future in running] == [True, True]
    deadline = time.monotonic() + 60
    while are_running():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not done
    assert not any(future.done() for future in rest)
