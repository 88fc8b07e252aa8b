"""Models that die, hang or answer nonsense: the result after all is that of a good model."""

from __future__ import annotations

import hashlib
import json
import shutil
from functools import partial
from pathlib import Path

import pytest

import jumpscore
from tests.faults.interruptions import MARKS
from tests.faults.scenarios import contents
from tests.model_wrappers.openai_compatible.server import MockServer

pytestmark = MARKS


def test_run_model_that_dies(commands, tiny_set, tmp_path):
    """The process ends with the model at every question; each answer is stored once."""
    tried, folder = tmp_path / "tried", tmp_path / "runs"
    tried.mkdir()
    words = ("run", "model=fragile", f"task.data={tiny_set}", "run.name=one", "input=frames",
             "input.count=2", "--no-report")  # fmt: skip
    run = partial(commands.run, words, folder, env={"TRIED": str(tried)})
    for number in range(3):
        died = run()
        assert died.status == 7, died.err
        stored = (folder / "one" / "responses.jsonl").read_text().splitlines()
        assert len(stored) == number
    assert run().status == 0
    ended = contents(folder)
    shutil.rmtree(folder)
    assert run().status == 0
    assert contents(folder) == ended


FAULTS = ("cut_off", ("raw", b"{"), ("raw", b"[]"), "of_another", ("status", 503),
          ("raw", b'{"choices": []} {"choices": []}'))  # fmt: skip
"""What the server does instead of answering, one after another."""


def run_with(server: MockServer, data: Path, folder: Path) -> dict[str, bytes]:
    """Ask a server until every sample is scored; return the files of the result."""
    for _ in range(8):
        run = jumpscore.evaluate(
            "openai", "jumpscore",
            model_options={"served_model": "mock", "base_url": server.url, "concurrency": 3},
            task_options={"data": str(data)},
            input={"kind": "frames", "count": 2},
            run={"folder": str(folder), "name": "one"},
        )  # fmt: skip
        if run.result.unscored == 0:
            return {
                name: (run.folder / name).read_bytes() for name in ("result.json", "scores.jsonl")
            }
    raise AssertionError(run.result.caveats)


def answer(body: dict[str, object]) -> str:
    """Answer with a time that depends on the question and its pictures."""
    digest = hashlib.sha256(json.dumps(body["messages"]).encode()).digest()
    return json.dumps([digest[0] / 64])


def test_evaluate_server_that_misbehaves(tiny_set, tmp_path, monkeypatch):
    """It sends half an answer, nonsense, another request's answer, two answers or an error."""
    pytest.importorskip("openai")
    monkeypatch.setattr("model_wrappers.openai_compatible.calls.FIRST_PAUSE", 0.001)
    with MockServer(answer) as server:
        expected = run_with(server, tiny_set, tmp_path / "good")
        server.faults = [*FAULTS * 2]
        assert run_with(server, tiny_set, tmp_path / "bad") == expected
        assert not server.faults
        # It answers in another order than it was asked.
        server.faults = [("slow", 0.3), ("slow", 0.1)]
        assert run_with(server, tiny_set, tmp_path / "late") == expected


def test_evaluate_server_that_dies(tiny_set, tmp_path, monkeypatch):
    """A server is gone after its first answer, and another one takes its place."""
    pytest.importorskip("openai")
    monkeypatch.setattr("model_wrappers.openai_compatible.calls.FIRST_PAUSE", 0.001)
    with MockServer(answer) as server:
        expected = run_with(server, tiny_set, tmp_path / "good")

        def once(body: dict[str, object]) -> str:
            server.faults += [("status", 500)] * 100
            return answer(body)

        server.answer = once
        options = {"served_model": "mock", "base_url": server.url, "concurrency": 1}
        run = jumpscore.evaluate(
            "openai", "jumpscore", model_options=options, task_options={"data": str(tiny_set)},
            input={"kind": "frames", "count": 2},
            run={"folder": str(tmp_path / "bad"), "name": "one"},
        )  # fmt: skip
        assert (run.result.unscored, run.result.total) == (2, 3)
        assert "2 of 3 samples are unscored" in run.result.caveats
        server.answer, server.faults = answer, []
        assert run_with(server, tiny_set, tmp_path / "bad") == expected
