"""Logs for other tools, read back by our own readers and by lmms-eval."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import jumpscore
from jumpscore.data.predictions import read_predictions
from jumpscore.records import Response, SampleScore
from jumpscore.report.exports.formats import INSPECT, LMMS, export
from jumpscore.report.exports.inspect_log import inspect_log
from jumpscore.report.exports.samples import json_text, logged_samples
from jumpscore.runs import read_run
from tests.jumpscore.report.runs import HOSTILE, made_up_run, oracle_run


@pytest.fixture(scope="module")
def run(tiny_set, tmp_path_factory):
    return read_run(oracle_run(tiny_set, tmp_path_factory.mktemp("runs")).folder)


@pytest.mark.parametrize(("name", "content"), [("a.eval", INSPECT), ("a", LMMS)])
def test_exported_answers_score_the_same(run, tiny_set, tmp_path, name, content):
    export([run], tmp_path / name, content)
    file = tmp_path / name
    if content == LMMS:
        [file] = file.glob("*_samples_jumpscore.jsonl")
    again = jumpscore.evaluate(
        "replay",
        "jumpscore",
        model_options={"answers": str(file)},
        task_options={"data": str(tiny_set)},
        run={"folder": tmp_path / "runs"},
    )
    assert again.result.metrics == run.result.metrics


def test_samples_have_prompt_truth_and_media(run):
    first = logged_samples(run)[0]
    assert first.prompt.startswith("List the start timestamps")
    assert json.loads(first.target) == [0.5, 1.0, 1.5]
    assert first.media == (f"{0:032x}.mp4",)
    assert first.problem is None


def test_samples_are_logged_without_their_data_set(tmp_path):
    scores = [SampleScore("a", "error", message="no video"), SampleScore("b", "ok", {"f1": 1.0})]
    run = made_up_run(tmp_path, scores, {"b": "[1.0]"})
    samples = logged_samples(run)
    assert [sample.problem for sample in samples] == ["no video", None]
    assert [sample.prompt for sample in samples] == ["", ""]


def test_lmms_results_are_read_by_lmms_eval(run, tmp_path):
    loader = pytest.importorskip("lmms_eval.baselines.loader")
    export([run], tmp_path / "out", LMMS)
    [file] = (tmp_path / "out").glob("*_samples_jumpscore.jsonl")
    scores, results = loader.load_baseline(str(file), "jumpscore")
    assert set(scores) == {0, 1, 2}
    expected = run.result.metrics["f1"]
    metrics = results["results"]["jumpscore"]
    assert metrics["f1,none"] == expected.mean
    assert metrics["f1_stderr,none"] == expected.stderr
    assert results["n-samples"]["jumpscore"] == {"original": 3, "effective": 3}


def test_inspect_log_is_read_back_with_hostile_ids_and_answers(tmp_path):
    names = [*HOSTILE, "../../etc/passwd", "/abs", "a/b", "視頻", "x" * 300]
    texts = {name: f"{name} at 1.5 s" for name in names}
    run = made_up_run(tmp_path, [SampleScore(name, "ok", {"f1": 0.5}) for name in names], texts)
    file = tmp_path / "a.eval"
    file.write_bytes(inspect_log(run))
    answers = read_predictions(file)
    assert len(answers) == len(names)
    sound = {text.encode("utf-8", "replace").decode() for text in texts.values()}
    assert {answer.text for answer in answers.values()} == sound
    assert {"a/b", "視頻"} <= set(answers)
    assert not any(".." in name or name.startswith("/") for name in answers)


def test_inspect_log_marks_failed_and_cut_off_answers(tmp_path):
    scores = [SampleScore("a", "error", message="no video"), SampleScore("b", "partial")]
    run = made_up_run(tmp_path, scores)
    cut = Response("b", "[1.0, 2.", finish_reason="length")
    failed = Response("a", error="no video")
    run = replace(run, responses={"a": failed, "b": cut})
    file = tmp_path / "a.eval"
    file.write_bytes(inspect_log(run))
    answers = read_predictions(file)
    assert answers["b"].finish_reason == "length"
    assert "a" not in answers


def test_json_text_has_no_lone_surrogates():
    assert json.loads(json_text({"a\ud800": ["b\udfff", 1.5]})) == {"a?": ["b?", 1.5]}
