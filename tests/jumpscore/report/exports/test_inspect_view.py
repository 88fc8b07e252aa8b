"""The real inspect_ai reads and shows logs that this package writes."""

from __future__ import annotations

import functools
import http.server
import json
import os
import subprocess
import threading

import pytest

from jumpscore.records import SampleScore
from jumpscore.report.exports.formats import INSPECT, export
from jumpscore.report.exports.inspect_log import inspect_log
from jumpscore.runs import read_run
from tests.jumpscore.report.runs import HOSTILE, made_up_run, oracle_run

PYTHON = os.environ.get("JUMPSCORE_INSPECT_PYTHON")
pytestmark = [
    pytest.mark.inspect,
    pytest.mark.skipif(PYTHON is None, reason="needs inspect_ai: make test-inspect"),
]
READ = """
import json, sys
from inspect_ai.log import read_eval_log, read_eval_log_sample, read_eval_log_sample_summaries
log = read_eval_log(sys.argv[1])
header = read_eval_log(sys.argv[1], header_only=True)
assert header.results == log.results and header.eval == log.eval
summaries = read_eval_log_sample_summaries(sys.argv[1])
for summary in summaries:
    read_eval_log_sample(sys.argv[1], id=summary.id, epoch=1)
print(json.dumps({
    "status": log.status, "model": log.eval.model, "task": log.eval.task,
    "metrics": {s.name: {n: m.value for n, m in s.metrics.items()} for s in log.results.scores},
    "answers": {s.id: s.output.completion for s in log.samples},
    "errors": [s.id for s in log.samples if s.error],
    "values": {s.id: {n: v.value for n, v in (s.scores or {}).items()} for s in log.samples},
    "summaries": [s.id for s in summaries],
}))
"""


def read_log(file) -> dict:
    done = subprocess.run([PYTHON, "-c", READ, str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def run(tiny_set, tmp_path_factory):
    return read_run(oracle_run(tiny_set, tmp_path_factory.mktemp("runs")).folder)


def test_read_eval_log_returns_metrics_answers_and_scores(run, tmp_path):
    export([run], tmp_path / "a.eval", INSPECT)
    log = read_log(tmp_path / "a.eval")
    assert (log["status"], log["model"], log["task"]) == ("success", "oracle", "jumpscore")
    assert list(log["metrics"]) == list(run.result.headline)
    f1 = run.result.metrics["f1"]
    assert log["metrics"]["f1"] == {
        "mean": f1.mean, "stderr": f1.stderr, "ci_low": f1.ci_low, "ci_high": f1.ci_high,
    }  # fmt: skip
    assert log["answers"] == {name: response.text for name, response in run.responses.items()}
    assert log["summaries"] == [score.id for score in run.scores]
    assert {name: values["f1"] for name, values in log["values"].items()} == {
        score.id: score.values["f1"] for score in run.scores
    }


def test_read_eval_log_reads_hostile_ids_answers_and_errors(tmp_path):
    names = [*HOSTILE, "../../etc/passwd", "a/b", "視頻", "x" * 300]
    scores = [SampleScore(name, "ok", {"f1": 0.5}) for name in names]
    scores.append(SampleScore("failed", "error", message=HOSTILE[0]))
    run = made_up_run(tmp_path, scores, {name: name for name in names})
    (tmp_path / "a.eval").write_bytes(inspect_log(run))
    log = read_log(tmp_path / "a.eval")
    assert log["errors"] == ["failed"]
    sound = {name.encode("utf-8", "replace").decode() for name in names}
    missing = sound - set(log["answers"].values())
    assert not missing


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.mark.browser
def test_inspect_view_shows_the_log(run, tmp_path, browser):
    export([run], tmp_path / "logs" / "a.eval", INSPECT)
    command = [PYTHON, "-m", "inspect_ai", "view", "bundle"]
    command += ["--log-dir", str(tmp_path / "logs"), "--output-dir", str(tmp_path / "site")]
    subprocess.run(command, check=True, capture_output=True)
    handler = functools.partial(_Quiet, directory=str(tmp_path / "site"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        log = f"http://127.0.0.1:{server.server_port}/#/logs/a.eval"
        page = browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(log)
        page.get_by_text("3 Samples", exact=True).wait_for()
        assert page.get_by_text("map_reference").count()
        page.goto(f"{log}/samples/sample/clip0/1/")
        page.get_by_text(run.responses["clip0"].text).first.wait_for()
        assert not errors
        page.close()
        server.shutdown()
