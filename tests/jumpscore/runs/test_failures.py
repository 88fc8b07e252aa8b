"""Disks that fill up, folders that go away, caches that cannot be written, errors by kind."""

from __future__ import annotations

import logging
import resource
import shutil
import signal

import numpy as np
import pytest

from jumpscore.errors import DataError, UsageError
from jumpscore.records import Response, SampleScore, Usage
from jumpscore.runs import read_run
from jumpscore.runs.failures import LOG, FailureLog, first_errors
from tests.jumpscore.harness.stub import Stub


@pytest.fixture
def limit_files():
    """Let no file grow beyond a size: what a full disk looks like, for any user."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_append_on_full_disk_keeps_earlier_answers(start, limit_files):
    class Long(Stub):
        def generate(self, requests):
            long = " " * (9_000 if requests[0].question.id == "clip1" else 0)
            return [Response(r.question.id, self.answer + long) for r in requests]

    limit_files(4096)
    with pytest.raises(UsageError, match=r"answers cannot be stored .*earlier ones are intact"):
        start(Long(), name="mine")
    limit_files(resource.RLIM_INFINITY)
    again = Stub()
    run = start(again, name="mine")
    assert again.asked == ["clip1", "clip2"]
    assert run.result == start(Stub(), name="whole").result


def test_write_scores_on_full_disk_keeps_answers(start, limit_files, monkeypatch):
    limit_files(1500)
    with pytest.raises(UsageError, match=r"(scores\.jsonl|run\.json).*: cannot be written"):
        start(Stub(), name="mine")
    limit_files(resource.RLIM_INFINITY)
    assert start(Stub(), name="mine").result.unscored == 0


@pytest.mark.parametrize("how", ["deleted", "moved", "made again"])
def test_append_to_missing_folder_stops_the_run(start, tmp_path, how):
    class Unlucky(Stub):
        def generate(self, requests):
            if len(self.asked) == 1:
                folder = tmp_path / "runs" / "mine"
                if how == "moved":
                    folder.rename(tmp_path / "elsewhere")
                else:
                    shutil.rmtree(folder)
                if how == "made again":
                    folder.mkdir()
                    (folder / "responses.jsonl").touch()
            return super().generate(requests)

    model = Unlucky()
    with pytest.raises(UsageError, match="was deleted or moved during the run"):
        start(model, name="mine")
    assert model.asked == ["clip0", "clip1"]
    if how == "moved":
        (tmp_path / "elsewhere").rename(tmp_path / "runs" / "mine")
        again = Stub()
        start(again, name="mine")
        assert again.asked == ["clip1", "clip2"]


class Sees(Stub):
    inputs = ("codec",)

    def __init__(self, before=lambda: None, after=lambda: None):
        super().__init__(batch_size=3)
        self.open, self.after = before, after

    def generate(self, requests):
        self.after()
        self.asked += [request.question.id for request in requests]
        for request in requests:
            assert isinstance(request.visual.pixels, np.ndarray)
        return [
            Response(
                r.question.id,
                self.answer,
                usage=Usage(visual=r.visual.visual_tokens, visual_source="measured"),
            )
            for r in requests
        ]


@pytest.mark.parametrize("fault", ["in the way", "full"])
def test_evaluate_with_unwritable_cache_warns_once(
    start, tmp_path, monkeypatch, caplog, limit_files, fault
):
    cache = tmp_path / "cache"
    monkeypatch.setenv("JUMPSCORE_CACHE", str(cache))
    model = Sees()
    if fault == "in the way":
        cache.write_text("a file in the way, as good as a read-only disk")
    else:  # only while inputs are prepared
        model = Sees(lambda: limit_files(300), lambda: limit_files(resource.RLIM_INFINITY))
    options = {"count": 2}
    with caplog.at_level(logging.WARNING):
        run = start(model, input=options)
    assert run.result.unscored == 0
    warnings = [r.getMessage() for r in caplog.records if "cache" in r.getMessage()]
    assert len(warnings) == 1
    assert "cannot be written" in warnings[0]
    assert "continuing without the cache" in warnings[0]
    monkeypatch.setenv("JUMPSCORE_CACHE", str(tmp_path / "good"))
    assert start(Sees(), input=options, name="cached").scores == run.scores


def test_failure_log_stores_tracebacks(start):
    class Breaks(Stub):
        def prepare(self, question, visual):
            if question.id == "clip0":
                raise DataError("clip0: has no answer")
            return super().prepare(question, visual)

        def generate(self, requests):
            return [self.deep(request) for request in requests]

        def deep(self, request):
            raise KeyError(f"tensor\x1b[31m of {request.question.id}")

    run = start(Breaks())
    log = (run.folder / LOG).read_text()
    assert log.count("Traceback (most recent call last)") == 2
    assert "in deep" in log
    assert "sample 'clip1'" in log
    assert "\x1b" not in log
    assert "DataError" not in log
    assert read_run(run.folder) == run
    kinds = first_errors(run.scores)
    assert [(kind.id, kind.count) for kind in kinds] == [("clip1", 2), ("clip0", 1)]
    assert kinds[1].message == "clip0: has no answer"


def test_failure_log_stores_a_few_of_each_kind(tmp_path):
    log = FailureLog(tmp_path)
    for number in range(50):
        try:
            raise ValueError(f"number {number}")
        except ValueError as problem:
            log.add(f"clip{number}", problem)
    text = (tmp_path / LOG).read_text()
    assert text.count("ValueError: number") == 3
    assert "further errors of this kind are left out" in text
    FailureLog(tmp_path / "gone").add("clip", ValueError("nowhere to write"))


@pytest.mark.parametrize(
    ("messages", "counts"),
    [
        ([f"/a/b/{i}.mp4: the file is cut off" for i in range(5)], [5]),
        ([f"RuntimeError: out of memory ({i} MiB)" for i in range(5)], [5]),
        ([f"no answer for id 'x{i}'; add one" for i in range(5)], [5]),
        (["KeyError: 'a'", "ValueError: b", "KeyError: 'c'"], [2, 1]),
        ([None, "", "x"], [2, 1]),
        (["'" * 50_000 + "/" * 50_000] * 3, [3]),
    ],
    ids=["paths", "numbers", "quoted", "types", "none", "hostile"],
)
def test_first_errors_counts_kinds(messages, counts):
    scores = [SampleScore(f"s{i}", "error", message=m) for i, m in enumerate(messages)]
    assert [kind.count for kind in first_errors([*scores, SampleScore("good", "ok")])] == counts
