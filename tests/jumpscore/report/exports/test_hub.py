from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml
from huggingface_hub import HfApi, parse_eval_result_entries
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.errors import DataError, UsageError
from jumpscore.report.exports.hub import (
    HubNote,
    eval_results,
    eval_yaml,
    parse_note,
    read_board,
    task_id,
)
from jumpscore.runs import read_run
from tests.jumpscore.report.runs import HOSTILE, made_up_run
from tests.support import assert_linear

FLOATS = st.floats(-1e12, 1e12)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
NOTE = HubNote(89.7, 96.0, 1.6, 12, "jumpscore", "2", "v2", "27e7")


@pytest.fixture(scope="module")
def run(tiny_set, tmp_path_factory):
    import jumpscore

    folder = tmp_path_factory.mktemp("runs")
    options = {"data": str(tiny_set)}
    return read_run(
        jumpscore.evaluate(
            "content_free", "jumpscore", task_options=options, run={"folder": folder}
        ).folder
    )


def author(name: str) -> dict:
    return {"type": "org", "name": name, "fullname": name, "avatarUrl": "https://x.invalid/a.png"}


def entry(rank: int, model: str, value: object, **more: object) -> dict:
    facts = {"filename": ".eval_results/a.yaml", "verified": False, "author": author("org")}
    return facts | {"rank": rank, "modelId": model, "value": value} | more


@contextmanager
def hub(content: object, status: int = 200):
    """A server whose every answer is ``content``; yields its address and the requested paths."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", paths
        finally:
            server.shutdown()


@pytest.fixture
def board(monkeypatch):
    """Read a board with the real client from a server on this machine."""

    def read(content: object, status: int = 200, **more: object):
        with hub(content, status) as (address, paths):
            monkeypatch.setattr("huggingface_hub.HfApi", lambda: HfApi(endpoint=address))
            rows = read_board("owner/name", **more)
        [path] = paths
        assert path.startswith("/api/datasets/owner/name/leaderboard")
        return rows

    return read


@given(FLOATS, FLOATS, st.floats(0, 1e12), st.integers(0, 10**9 - 1), *[NAMES] * 4)
def test_note_is_read_back(one, other, stderr, n, task, version, protocol, data):
    names = [name[:3] for name in (task, version, protocol, data)]
    note = HubNote(min(one, other), max(one, other), stderr, n, *names)
    assert parse_note(str(note)) == note
    assert parse_note(f"{note} | free text; n 3\n| more") == note


@given(st.text() | st.none() | st.integers())
def test_note_of_any_other_form_is_none(text):
    assert parse_note(text) is None


@pytest.mark.parametrize(
    "text",
    [
        str(NOTE).replace("89.7", "99.7"),  # the ends are exchanged
        str(NOTE).replace("1.6", "-1.6"),
        str(NOTE).replace("96.0", "1e999"),
        str(NOTE).replace("n 12", "n 9999999999999999"),
        str(NOTE).replace("12", "１２"),
        f" {NOTE}",
        f"{NOTE}; more",
        f"{NOTE} | {'x' * 2_000}",
        *HOSTILE,
    ],
)
def test_note_refuses_impossible_values(text):
    assert parse_note(text) is None


def test_note_is_read_in_linear_time():
    assert_linear(parse_note, lambda length: "95% interval " + "1" * length)


def test_eval_results_are_read_by_the_hubs_client(run):
    entries = parse_eval_result_entries(
        yaml.safe_load(eval_results(run, "owner/name", source="https://example.org/logs"))
    )
    assert [one.task_id for one in entries] == [
        "jumpscore_map_reference", "jumpscore_f1", "jumpscore_f1_at_0.1", "jumpscore_count_mae",
    ]  # fmt: skip
    f1 = run.result.metrics["f1"]
    assert entries[1].dataset_id == "owner/name"
    assert entries[1].value == pytest.approx(100 * f1.mean, abs=1e-6)
    assert entries[3].value == pytest.approx(run.result.metrics["count_mae"].mean, abs=1e-6)
    note = parse_note(entries[1].notes)
    assert note.low == pytest.approx(100 * f1.ci_low, abs=1e-6)
    assert (note.n, note.task, note.protocol) == (3, "jumpscore", "v2")
    assert note.data == run.record.identity.data.checksum
    assert entries[1].notes.endswith(" | the data are synthetic")
    assert entries[1].source_url == "https://example.org/logs"


def test_eval_yaml_lists_the_tasks_of_the_results(run):
    content = yaml.safe_load(eval_yaml(run, "My <name>: 1"))
    assert content["name"] == "My <name>: 1"
    assert content["evaluation_framework"] == "jumpscore"
    names = [task_id("jumpscore", metric) for metric in run.result.headline]
    assert [task["id"] for task in content["tasks"]] == names
    assert {(task["config"], task["split"]) for task in content["tasks"]} == {("default", "test")}


def test_eval_results_refuse_incomplete_runs_and_oracles(run, tmp_path):
    incomplete = replace(run, result=replace(run.result, unscored=1))
    with pytest.raises(UsageError, match="1 sample without a score"):
        eval_results(incomplete, "owner/name")
    identity = run.record.identity.model_copy(update={"expose_truth": True})
    cheating = replace(run, record=run.record.model_copy(update={"identity": identity}))
    with pytest.raises(UsageError, match="received the ground truth"):
        eval_results(cheating, "owner/name")
    with pytest.raises(UsageError, match="write owner/name"):
        eval_results(made_up_run(tmp_path, []), "../name")


def test_board_is_read_with_its_intervals(board):
    rows = board(
        [
            entry(2, "org/b", 59.7, notes=f"{NOTE} | the data are synthetic", verified=True),
            entry(1, "org/a", 93.0, notes="with tools", somethingNew=[1]),
        ]
    )
    assert [(row.rank, row.model, row.value, row.verified) for row in rows] == [
        (1, "org/a", 93.0, False),
        (2, "org/b", 59.7, True),
    ]
    assert [row.note for row in rows] == [None, NOTE]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"<html>", 200),
        ({"error": "x"}, 200),
        ([{"rank": 1}], 200),
        ([entry(1, "a/b", "much")], 200),
        ([entry(1, "a/b", None)], 200),
        ([entry(1, "a/b", "nan")], 200),
        ({"error": "Dataset has no leaderboard"}, 404),
        (b"", 500),
    ],
)
def test_board_reports_what_is_not_a_board(board, content, status):
    with pytest.raises(DataError, match="owner/name: its board on the hub cannot be read"):
        board(content, status)


def test_board_reports_a_hub_that_cannot_be_reached(monkeypatch):
    monkeypatch.setattr("huggingface_hub.HfApi", lambda: HfApi(endpoint="http://127.0.0.1:9"))
    with pytest.raises(DataError, match="check the name and the network"):
        read_board("owner/name")


def test_board_shows_hostile_names_as_text(board):
    [row] = board([entry(1, HOSTILE[2][:-1] + "x" * 300, 1.0, notes=HOSTILE[0])])
    assert len(row.model) == 200
    assert row.note is None
