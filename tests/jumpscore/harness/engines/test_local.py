"""Questions are prepared ahead, answered in batches, stored as they come."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from jumpscore.errors import VideoError
from jumpscore.harness import RunInterrupted
from jumpscore.records import Response
from jumpscore.runs import read_run
from jumpscore.video.timeline import JOINED, SHIFTED
from model_wrappers.base import Request
from tests.jumpscore.harness.stub import Stub

VIDEOS = Path(__file__).parents[3] / "data" / "videos"


@pytest.mark.parametrize(
    "facts",
    [{"finish_reason": "eos"}, {"confidences": (np.float32(1),)}, {"text": None}, {"usage": 5}],
)
def test_ask_invalid_response_is_an_error(start, facts):
    class Odd(Stub):
        def generate(self, requests):
            return [Response(**{"id": r.question.id, "text": "[1.0]", **facts}) for r in requests]

    run = start(Odd())
    assert run.result.counts["error"] == 3
    assert "returned an invalid response" in str(run.responses["clip0"].error)
    assert read_run(run.folder) == run


def test_ask_failed_batch_is_split(start):
    run = start(Stub(fail=["clip1"], batch_size=3))
    assert run.result.counts == {**dict.fromkeys(run.result.counts, 0), "ok": 2, "error": 1}
    assert run.responses["clip1"].error == "RuntimeError: out of memory"
    assert run.result.unscored == 1
    assert "1 of 3 samples are unscored" in run.result.caveats
    # Unscored is not zero: the mean is over the two others.
    assert run.result.metrics["f1@0.1"].n == 2


def test_ask_interrupted_keeps_answers(start):
    class Interrupted(Stub):
        def generate(self, requests):
            if len(self.asked) == 2:
                raise KeyboardInterrupt
            return super().generate(requests)

    with pytest.raises(RunInterrupted, match="2 of 3 samples"):
        start(Interrupted())
    again = Stub()
    run = start(again)
    assert again.asked == ["clip2"]
    assert run.result.total == 3


def test_ask_prepares_ahead(start):
    order: list[str] = []
    generating, last_prepared = threading.Event(), threading.Event()

    class Slow(Stub):
        def prepare(self, question, visual):
            order.append(f"prepare {question.id}")
            if question.id == "clip1":
                # Only a pool that runs ahead gets here while clip0 is generated, or before.
                generating.wait(5)
            if question.id == "clip2":
                last_prepared.set()
            return Request(question)

        def generate(self, requests):
            order.append(f"generate {requests[0].question.id}")
            generating.set()
            if waits:
                assert last_prepared.wait(60)
            return super().generate(requests)

    waits = False
    start(Slow(), ahead=1)
    assert set(order[:2]) == {"prepare clip0", "generate clip0"}
    order.clear()
    last_prepared.clear()
    waits = True
    start(Slow(), name="ahead", ahead=3, workers=3)
    assert order.index("prepare clip2") < order.index("generate clip1")


def test_ask_failed_preparation_is_an_error(start):
    class Fails(Stub):
        def prepare(self, question, visual):
            if question.id == "clip0":
                raise VideoError("a.mp4: is empty")
            return super().prepare(question, visual)

    run = start(Fails())
    assert run.responses["clip0"].error == "a.mp4: is empty"
    assert run.result.counts["error"] == 1


def test_ask_missing_and_unknown_ids(start):
    class Forgetful(Stub):
        def generate(self, requests):
            return [Response("somebody else", "[1.0]")]

    run = start(Forgetful())
    assert run.result.counts["error"] == 3
    expected = "stub returned no response for this id, but one for 'somebody else'"
    assert run.responses["clip0"].error == expected
    assert "somebody else" not in run.responses


def test_ask_no_response(start):
    class Silent(Stub):
        def generate(self, requests):
            return [Response(r.question.id, "[1.0]") for r in requests if r.question.id != "clip1"]

    run = start(Silent(batch_size=3))
    assert run.result.counts["error"] == 1
    assert run.responses["clip1"].error == "stub returned no response for this id"


def test_ask_responses_out_of_order(start):
    class Shuffled(Stub):
        def generate(self, requests):
            return [Response(r.question.id, r.question.id[-1]) for r in reversed(requests)]

    run = start(Shuffled(batch_size=3))
    assert [(name, r.text) for name, r in sorted(run.responses.items())] == [
        (f"clip{n}", str(n)) for n in range(3)
    ]


@pytest.mark.parametrize(("second", "errors"), [("[1.0]", 0), ("[2.0]", 3)])
def test_ask_two_responses_for_an_id(start, second, errors):
    """Neither is certain to be the answer, unless they are equal."""

    class Twice(Stub):
        def generate(self, requests):
            names = [request.question.id for request in requests]
            return [Response(name, text) for text in ("[1.0]", second) for name in names]

    run = start(Twice(batch_size=2))
    assert run.result.unscored == errors
    if errors:
        expected = "stub returned several different responses for this id"
        assert {response.error for response in run.responses.values()} == {expected}
        lines = (run.folder / "responses.jsonl").read_text().splitlines()
        assert len(lines) == 3


def test_ask_reports_progress(start):
    calls = []
    start(Stub(), on_progress=lambda done, total: calls.append((done, total)))
    assert calls == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_ask_stores_concurrent_answers_at_once(start):
    """While a question is prepared, the answers before it are stored."""
    stored = {
        0: threading.Event(),
        1: threading.Event(),
        2: threading.Event(),
        3: threading.Event(),
    }

    class Slow(Stub):
        concurrency = 32

        def prepare(self, question, visual):
            place = int(question.id.removeprefix("clip"))
            assert place == 0 or stored[place].wait(60), "the answer before waits for this question"
            return super().prepare(question, visual)

        def generate(self, requests):
            time.sleep(0.05)  # the next question is being prepared by then
            return super().generate(requests)

    run = start(Slow(), on_progress=lambda done, total: stored[done].set(), workers=1)
    assert run.result.unscored == 0
    assert all(event.is_set() for event in stored.values())


@pytest.mark.parametrize("concurrency", [1, 2])
def test_ask_last_partial_batch(start, concurrency):
    class Slow(Stub):
        batch_size = 2

        def prepare(self, question, visual):
            time.sleep(0.05)
            return super().prepare(question, visual)

    model = Slow()
    model.concurrency = concurrency
    run = start(model, workers=1)
    assert run.result.unscored == 0
    assert sorted(model.asked) == ["clip0", "clip1", "clip2"]


@pytest.mark.parametrize("kind", ["frames", "none"])
def test_ask_counts_repairs_of_videos(start, tiny_set, tmp_path, kind):
    """Whoever reads the video: the harness for the model, or the model itself."""
    data = tmp_path / "set"
    shutil.copytree(tiny_set, data)
    joined = VIDEOS / "joined.ts"  # 4.8 s, the set's clips have 4.0 s
    shutil.copy(joined, data / "videos" / f"{0:032x}.mp4")
    stub = Stub()
    stub.inputs = ("frames",)
    model = stub if kind == "frames" else "content_free"
    run = start(model, data=data, input={"kind": kind})
    assert run.responses["clip0"].notes == {JOINED: 1, SHIFTED: 1}
    assert run.responses["clip1"].notes == {}
    assert (run.result.notes[JOINED], run.result.notes[SHIFTED]) == (1, 1)
    assert read_run(run.folder) == run
