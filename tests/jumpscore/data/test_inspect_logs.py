"""Logs that the real inspect_ai wrote, in both of its formats (tests/data/README.md)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from jumpscore.data.inspect_logs import sample_record
from jumpscore.data.layout import read_rows
from jumpscore.data.predictions import read_predictions
from jumpscore.errors import DataError

ROOT = Path(__file__).parents[3]
LOGS = [ROOT / "tests" / "data" / name for name in ("inspect_log.eval", "inspect_log.json")]
FAILED = "3daa8b20a41051fb8200"


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.suffix)
def test_read_predictions_real_log(log):
    truth = {row.id: row.answer for row in read_rows(ROOT / "annotations" / "mini")[:5]}
    predictions = read_predictions(log)
    assert predictions.keys() == truth.keys() - {FAILED}
    plain, reasoned, cut, _, wordy = truth
    for name in (plain, reasoned, cut):
        assert json.loads(predictions[name].text) == json.loads(truth[name])
    assert json.loads(truth[wordy])[0] == 1.25
    assert predictions[wordy].text.startswith("The jumps start at: [1.25, ")
    reasons = {name: prediction.finish_reason for name, prediction in predictions.items()}
    assert reasons == {plain: "stop", reasoned: "stop", cut: "length", wordy: "stop"}
    [failed] = predictions.unreadable
    assert (failed.id, failed.reason) == (FAILED, "the request failed: server gone")


@pytest.mark.parametrize("at", [100, 1000, 5000, 17000])
def test_archived_samples_rejects_damaged_archive(tmp_path, at):
    content = bytearray(LOGS[0].read_bytes())
    content[at : at + 50] = bytes(50)
    path = tmp_path / "log.eval"
    path.write_bytes(content)
    # The damage is detected, or it is in an unused part of the log.
    try:
        predictions = read_predictions(path)
    except DataError as error:
        assert "damaged" in str(error)  # noqa: PT017
    else:
        assert predictions == read_predictions(LOGS[0])


def test_archived_samples_rejects_huge_member(tmp_path, monkeypatch):
    path = shutil.copy(LOGS[0], tmp_path / "log.eval")
    monkeypatch.setattr("jumpscore.data.inspect_logs.LARGEST_SAMPLE", 1000)
    with pytest.raises(DataError, match=r"samples/.* bytes, more than 1,000"):
        read_predictions(path)


def test_logged_samples_rejects_log_without_samples(tmp_path):
    path = tmp_path / "log.json"
    log = json.loads(LOGS[1].read_text())
    path.write_text(json.dumps(log | {"samples": []}))
    with pytest.raises(DataError, match="log without samples; run inspect with --log-samples"):
        read_predictions(path)


def test_read_predictions_counts_further_epochs(tmp_path):
    path = tmp_path / "log.json"
    log = json.loads(LOGS[1].read_text())
    again = [sample | {"epoch": 2} for sample in log["samples"]]
    path.write_text(json.dumps(log | {"samples": log["samples"] + again}))
    predictions = read_predictions(path)
    assert predictions == read_predictions(LOGS[1])
    assert predictions.notes["answers of further epochs, not scored"] == 4


def choice(content, **facts):
    return {"choices": [{"message": {"content": content}, "stop_reason": "stop", **facts}]}


@pytest.mark.parametrize(
    ("sample", "record"),
    [
        ({"output": choice("x")}, {"text": "x", "finish_reason": "stop"}),
        (
            {"output": choice("attachment://k"), "attachments": {"k": "whole"}},
            {"text": "whole", "finish_reason": "stop"},
        ),
        (
            {"output": choice("x", stop_reason="model_length")},
            {"text": "x", "finish_reason": "length"},
        ),
        ({"output": {"choices": []}}, {"failed": "the log contains no answer to this sample"}),
        ({}, {"failed": "the log contains no answer to this sample"}),
        ({"output": choice(None)}, {"failed": "the answer is NoneType, not text"}),
        (
            {"output": choice("x"), "error": {"message": "out of memory"}},
            {"failed": "the request failed: out of memory"},
        ),
    ],
)
def test_sample_record_of_samples(sample, record):
    assert sample_record({"id": 1, "epoch": 1, **sample}) == {"id": 1, **record}
